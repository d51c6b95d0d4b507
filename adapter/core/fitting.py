"""Fitting: the parts of a message put together so that it is no larger than DingTalk takes.

Every alert gets its line before any is told in full: how many comes before how much. Parts are
never cut; values are, before they are escaped, so no link and no escape breaks in two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from adapter.core.text import json_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from adapter.core.alert_view import AlertView
    from adapter.core.words import Words

FULL_ALERTS: Final = 10
"""How many alerts a message tells in full; a group of more is read as a list."""

FULL_OF_MANY: Final = 3
"""How many of a larger group are told in full, so that a reader sees what it is about."""

_JOINT: Final = "\n\n"  # DingTalk swallows a single line break
_JOINT_SIZE: Final = json_size(_JOINT)


class Parts(Protocol):
    """Make the parts of one message as markdown; an empty part is left out."""

    @property
    def alerts(self) -> Sequence[AlertView]:
        """Return the alerts in the order in which they are told."""
        ...

    def group(self) -> str:
        """Return what is told of the group as a whole."""
        ...

    def alert(self, alert: AlertView) -> str:
        """Return one alert in full."""
        ...

    def line(self, alert: AlertView) -> str:
        """Return one alert in one line."""
        ...

    def footer(self) -> str:
        """Return what ends the message."""
        ...


@dataclass(frozen=True, slots=True)
class Rest:
    """Tell of the alerts that a message does not: `truncated` were left out by their sender."""

    words: Words
    truncated: int
    link: str

    def more(self, count: int) -> str:
        """Return the line that stands for `count` alerts that have no room."""
        told = self.words.more.format(count)
        return f"{told}{self.words.colon}{self.link}" if self.link else told

    def cut_off(self) -> str:
        """Return what the sender left out, or nothing."""
        return self.words.truncated.format(self.truncated) if self.truncated else ""


def fit(parts: Parts, rest: Rest, room: int) -> str | None:
    """Return the message's text in at most `room` bytes of JSON; None if no alert has room."""
    frame = [parts.group(), rest.cut_off(), parts.footer()]
    left = room - sum(map(_size, frame))
    told = _lines(parts, rest, left)
    if left < 0 or (parts.alerts and not told):
        return None
    missing = len(parts.alerts) - len(told)
    if missing:
        told.append(rest.more(missing))
    else:
        _tell_in_full(parts, told, left - sum(map(_size, told)))
    return _JOINT.join(filter(None, [frame[0], *told, *frame[1:]]))


def _size(part: str) -> int:
    return json_size(part) + _JOINT_SIZE if part else 0


def _lines(parts: Parts, rest: Rest, left: int) -> list[str]:
    """Return the lines that have room, with room for the word that there are more."""
    lines: list[str] = []
    count = len(parts.alerts)
    reserve = _size(rest.more(count))
    for number, alert in enumerate(parts.alerts, start=1):
        line = parts.line(alert)
        left -= _size(line)
        if left < (reserve if number < count else 0):
            break
        lines.append(line)
    return lines


def _tell_in_full(parts: Parts, told: list[str], left: int) -> None:
    """Replace lines from the first on by the alert in full while there is room."""
    count = len(told) if len(told) <= FULL_ALERTS else FULL_OF_MANY
    for number, alert in enumerate(parts.alerts[:count]):
        full = parts.alert(alert)
        left -= _size(full) - _size(told[number])
        if left < 0:
            break
        told[number] = full


def paragraphs_that_fit(text: str, room: int) -> str:
    """Return the first paragraphs of `text` that have room."""
    kept: list[str] = []
    for paragraph in _paragraphs(text):
        room -= _size(paragraph)
        if room < 0:
            break
        kept.append(paragraph)
    return _JOINT.join(kept)


def _paragraphs(text: str) -> Iterable[str]:
    return filter(None, (paragraph.strip("\n") for paragraph in text.split(_JOINT)))
