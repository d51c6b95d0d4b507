"""Handoff: when a group is told who is on call now, and in which words."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from adapter.core.alerts import Status
from adapter.core.delivery import Notice
from adapter.core.text import escape
from adapter.core.words import words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import tzinfo

    from adapter.core.alerts import Alert
    from adapter.core.people import Person
    from adapter.core.roster import Current
    from adapter.core.severity import Scale


class Shift(msgspec.Struct, frozen=True):
    """Hold the shift that was told last: stored, so that a restart tells none twice."""

    since: datetime
    people: tuple[str, ...]


class Counts(msgspec.Struct, frozen=True):
    """Hold how many alerts came in a shift, by the sign of their level, and how many ended."""

    by_level: tuple[tuple[str, int], ...] = ()
    resolved: int = 0

    @property
    def alerts(self) -> int:
        """Return how many alerts came."""
        return sum(number for _, number in self.by_level)


def taken_over(last: Shift | None, now: Current, at: datetime) -> Shift | None:
    """Return the shift to remember in place of the last one; None while that goes on.

    Only one that begins later takes over, so that replicas with different configurations do not
    contradict each other for ever. That nobody is on call is no handoff.
    """
    if last is None:
        return Shift(now.since or at, now.people)
    if not now.people or now.since is None or now.since <= last.since:
        return None
    return Shift(now.since, now.people)


def count(alerts: Iterable[Alert], scale: Scale) -> Counts:
    """Count alerts, each once, whatever number of times it came."""
    ranks: dict[tuple[str, datetime | None], int] = {}
    over: set[tuple[str, datetime | None]] = set()
    for alert in alerts:
        one = (alert.fingerprint, alert.started_at)
        ranks[one] = scale.rank(scale.level_of(alert.labels))
        if alert.status is Status.RESOLVED:
            over.add(one)
    numbers = Counter(ranks.values())
    by_level = ((scale.worst_first[rank].emoji, numbers[rank]) for rank in sorted(numbers))
    return Counts(tuple(by_level), len(over))


def announcement(  # noqa: PLR0913  # all that it tells
    robot: str,
    schedule: str,
    *,
    now: Current,
    last: Shift,
    counts: Counts,
    people: Mapping[str, Person],
    zone: tzinfo,
    language: str,
) -> Notice:
    """Return what a group is told at a handoff."""
    words = words_of(language)
    names = words.on_call_now.format(_names(now.people, people, words.and_comma))
    end = "" if now.until is None else f" → {_time(now.until, zone)}"
    begin = "" if now.since is None else _time(now.since, zone)
    number = words.shift_alerts.format(counts.alerts) if counts.alerts else words.shift_quiet
    levels = " · ".join(f"{sign} {number}" for sign, number in counts.by_level)
    resolved = words.comma + words.also_resolved.format(counts.resolved) if counts.resolved else ""
    before = words.last_shift.format(_names(last.people, people, words.and_comma))
    return Notice(
        robot=robot,
        title=f"📅 {names} · {schedule}",
        text="\n\n".join(
            (
                f"### 📅 {escape(names)}",
                f"**{escape(schedule)}** · {begin}{end}",
                f"{escape(before.strip())}{words.colon}{number}"
                + (words.in_brackets.format(levels) if levels else "")
                + resolved,
            )
        ),
    )


def _names(keys: Iterable[str], people: Mapping[str, Person], comma: str) -> str:
    return comma.join(people[key].name if key in people else key for key in keys)


def _time(at: datetime, zone: tzinfo) -> str:
    return at.astimezone(zone).strftime("%m-%d %H:%M")
