"""Swap: somebody takes over a schedule for a while, by the page; the one made last counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from adapter.core.audit import By
from adapter.core.oncall import Duty
from adapter.core.spans import Span, instant, wall_clock

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import tzinfo

    from adapter.core.oncall import Schedule
    from adapter.core.people import Person

LONGEST: Final = timedelta(days=31)
"""How long somebody may take over at once."""

_EVENING, _MORNING = time(18), time(9)


class Swap(msgspec.Struct, frozen=True, kw_only=True):
    """Say who takes over which schedule from when until when, and who decided so; people by key."""

    schedule: str
    person: str
    starts_at: datetime
    ends_at: datetime
    who: str
    decided_at: datetime
    id: int = 0

    @property
    def by(self) -> By:
        """Return who decided so, and when."""
        return By(self.who, self.decided_at)

    @property
    def span(self) -> Span:
        """Return the time that it is for."""
        return Span(self.starts_at, self.ends_at)


def with_swaps(schedules: Mapping[str, Schedule], swaps: Iterable[Swap]) -> Mapping[str, Schedule]:
    """Return schedules with their swaps, which win over the configuration's overrides."""
    found = dict(schedules)
    for swap in swaps:
        schedule = found.get(swap.schedule)
        if schedule is not None:
            duty = Duty(swap.span, (swap.person,))
            found[swap.schedule] = replace(schedule, overrides=(*schedule.overrides, duty))
    return found


def tonight(now: datetime, zone: tzinfo) -> Span:
    """Return from now, or from 18:00, until the next 09:00 of a zone."""
    here = wall_clock(now, zone)
    morning = datetime.combine(here.date(), _MORNING)
    if here < morning:
        return Span(now, instant(morning, zone))
    evening = max(here, datetime.combine(here.date(), _EVENING))
    return Span(max(now, instant(evening, zone)), instant(morning + timedelta(days=1), zone))


def mistake(span: Span, person: Person | None, now: datetime) -> str:
    """Return in a word why somebody cannot take over for a span; empty where they can."""
    if person is None:
        return "no_person"
    if span.ends_at <= max(span.starts_at, now):
        return "no_span"
    if span.ends_at - span.starts_at > LONGEST:
        return "too_long"
    if any(away.starts_at < span.ends_at and span.starts_at < away.ends_at for away in person.away):
        return "away"
    return ""
