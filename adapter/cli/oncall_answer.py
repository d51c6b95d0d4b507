"""What `oncall` answers, as values: people without their whole numbers, times in their zone."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from adapter.core.oncall import on_call
from adapter.core.roster import current, roster
from adapter.core.spans import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime, tzinfo

    from adapter.config.settings import ScheduleSettings
    from adapter.core.oncall import Schedule
    from adapter.core.people import Person


class Shown(msgspec.Struct, frozen=True):
    """Describe a person; `rings` is a number without its middle, or a user id."""

    person: str
    name: str
    rings: str


class ShownShift(msgspec.Struct, frozen=True):
    """Describe who is on call in a span."""

    since: str
    until: str
    on_call: tuple[Shown, ...]


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """Describe one schedule; `since`, `until` and `next` are null where no change is near."""

    schedule: str
    timezone: str
    on_call: tuple[Shown, ...]
    since: str | None
    until: str | None
    next: tuple[Shown, ...] | None
    shifts: tuple[ShownShift, ...] | None = None


class Answers(msgspec.Struct, frozen=True):
    """Describe all schedules at an instant."""

    at: str
    schedules: tuple[Answer, ...]


def on_call_at(at: datetime, zone: tzinfo, found: Sequence[Answer]) -> Answers:
    """Return the answer for all schedules."""
    return Answers(_told(at, zone), tuple(found))


def answer(
    settings: ScheduleSettings,
    schedule: Schedule,
    people: Mapping[str, Person],
    at: datetime,
    days: int | None,
) -> Answer:
    """Return who is on call by one schedule, and its roster of so many days.

    `schedule` is that of the settings, with the events of its calendar.
    """
    zone = schedule.zone
    now = current(schedule, people, at)
    follows = None if now.until is None else on_call(schedule, people, now.until)
    return Answer(
        schedule=settings.name,
        timezone=settings.timezone,
        on_call=_shown(now.people, people),
        since=None if now.since is None else _told(now.since, zone),
        until=None if now.until is None else _told(now.until, zone),
        next=None if follows is None else _shown(follows, people),
        shifts=None if days is None else _shifts(schedule, people, at, days),
    )


def _shifts(
    schedule: Schedule, people: Mapping[str, Person], at: datetime, days: int
) -> tuple[ShownShift, ...]:
    zone = schedule.zone
    return tuple(
        ShownShift(
            _told(shift.span.starts_at, zone),
            _told(shift.span.ends_at, zone),
            _shown(shift.people, people),
        )
        for shift in roster(schedule, people, Span(at, at + timedelta(days=days)))
    )


def _shown(keys: Iterable[str], people: Mapping[str, Person]) -> tuple[Shown, ...]:
    return tuple(Shown(key, people[key].name, people[key].masked) for key in keys)


def _told(at: datetime, zone: tzinfo) -> str:
    return at.astimezone(zone).isoformat(timespec="seconds")
