"""What robots are told when a heartbeat stops and when it is back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from adapter.core.delivery import Notice
from adapter.core.fitting import paragraphs
from adapter.core.text import escape, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from adapter.core.heartbeats import Heartbeat
    from adapter.core.mentions import Wanted
    from adapter.core.reader import Reader
    from adapter.core.switches import Look, Switch

MOST: Final = 20
"""Values that one message names; the rest it counts."""

VALUE_BYTES: Final = 80
"""Bytes that are shown of a value."""


def notices(robot: str, heartbeat: Heartbeat, look: Look, reader: Reader) -> Iterator[Notice]:
    """Yield what a robot is told of a look: what is lost, and in another message what is back."""
    words, told = reader.words, _Told(robot, heartbeat, reader)
    if look.lost:
        what = f"🔴 {words.heartbeat_lost}"
        lost = told.notice(what, look.lost, told.lost, words.heartbeat_advice)
        yield msgspec.structs.replace(lost, mentions=told.mentions(look.lost))
    if look.back:
        yield told.notice(f"✅ {words.heartbeat_back}", look.back, told.back)


class _Told:
    def __init__(self, robot: str, heartbeat: Heartbeat, reader: Reader) -> None:
        self._robot = robot
        self._heartbeat = heartbeat
        self._reader = reader

    def notice(
        self,
        what: str,
        switches: Sequence[Switch],
        how: Callable[[Switch], str],
        advice: str = "",
    ) -> Notice:
        """Return a message with a line for each switch."""
        words, shown = self._reader.words, switches[:MOST]
        heading = f"{what} · {escape(self._heartbeat.name)}"
        places = words.and_comma.join(filter(None, map(self._place, shown)))
        more = words.others.format(len(switches) - MOST) if len(switches) > MOST else ""
        text = paragraphs(
            f"### {heading}", *(self._line(each, how) for each in shown), more, advice
        )
        return Notice(
            robot=self._robot,
            title=one_line(" · ".join(filter(None, (heading, places)))),
            text=text,
            language=words.language,
        )

    def mentions(self, switches: Iterable[Switch]) -> tuple[Wanted, ...]:
        """Return whom these ring, each target once."""
        if not self._heartbeat.mention:
            return ()
        return tuple(dict.fromkeys(self._heartbeat.wanted(each.value) for each in switches))

    def lost(self, switch: Switch) -> str:
        """Return since when a switch is silent."""
        reader, words = self._reader, self._reader.words
        if switch.seen_at is None:
            return words.no_beat.format(reader.time(switch.since_at))
        ago = words.span(reader.now - switch.seen_at)
        return words.last_beat.format(reader.time(switch.seen_at), ago)

    def back(self, switch: Switch) -> str:
        """Return from when to when a switch was silent."""
        return str(self._reader.when(switch.lost_since, switch.seen_at, over=True))

    def _line(self, switch: Switch, how: Callable[[Switch], str]) -> str:
        place = self._place(switch)
        return f"**{place}**{self._reader.words.colon}{how(switch)}" if place else how(switch)

    def _place(self, switch: Switch) -> str:
        """Return value and source, unless they are the same."""
        told = dict.fromkeys(filter(None, (switch.value, switch.source)))
        return " · ".join(escape(self._reader.text(each)) for each in told)
