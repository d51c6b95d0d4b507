"""Duty: who is on call now, and who is next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from adapter.core.roster import roster
from adapter.core.spans import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from adapter.core.oncall import Schedule
    from adapter.core.people import Person


AHEAD: Final = timedelta(days=8)
"""How far the next handoff is looked for: the overview must come at once, and weeks are usual."""


@dataclass(frozen=True, slots=True)
class Duty:
    """Say who is on call by a schedule until when, and who follows; None where that is far off."""

    schedule: str
    people: tuple[str, ...]
    until: datetime | None
    following: tuple[str, ...] | None


def duties(
    schedules: Mapping[str, Schedule], people: Mapping[str, Person], now: datetime
) -> Iterator[Duty]:
    """Yield who is on call by each schedule."""
    for name, schedule in schedules.items():
        first, *later = roster(schedule, people, Span(now, now + AHEAD))
        yield Duty(
            schedule=name,
            people=_named(first.people, people),
            until=first.span.ends_at if later else None,
            following=_named(later[0].people, people) if later else None,
        )


def _named(keys: Iterable[str], people: Mapping[str, Person]) -> tuple[str, ...]:
    return tuple(f"{people[key].name} ({people[key].masked})" for key in keys)
