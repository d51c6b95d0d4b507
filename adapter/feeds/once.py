"""Read every calendar once: what `oncall` and `check-config` ask."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from adapter.feeds.ical import FeedError, read_events
from adapter.feeds.source import read_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from adapter.config.settings import IcalSettings, ScheduleSettings
    from adapter.core.oncall import Schedule
    from adapter.core.people import Person
    from adapter.core.spans import Span


class Read(NamedTuple):
    """Hold schedules that could be read, and why others could not, by name."""

    schedules: Mapping[str, Schedule]
    faults: Mapping[str, str]


def read_schedules(
    wanted: Iterable[ScheduleSettings],
    people: Mapping[str, Person],
    within: Span,
    source: Callable[[IcalSettings], bytes] = read_source,
) -> Read:
    """Return schedules with the events that their calendars tell of a span."""
    schedules: dict[str, Schedule] = {}
    faults: dict[str, str] = {}
    for each in wanted:
        try:
            schedules[each.name] = with_events(each, people, within, source)
        except FeedError as error:
            faults[each.name] = str(error)
    return Read(schedules, faults)


def with_events(
    settings: ScheduleSettings,
    people: Mapping[str, Person],
    within: Span,
    source: Callable[[IcalSettings], bytes],
) -> Schedule:
    """Return a schedule with the events that its calendar, if it has one, tells of a span."""
    schedule = settings.schedule
    if settings.ical is None:
        return schedule
    events = read_events(source(settings.ical), people, schedule.zone, within)
    return replace(schedule, events=events.duties)
