"""Coverage: when nobody will be on call, as warnings of the configuration."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from adapter.core.roster import gaps
from adapter.core.spans import Span
from adapter.errors import Problem
from adapter.feeds.once import read_schedules

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from adapter.config.settings import ScheduleSettings, Settings

AHEAD: Final = timedelta(days=30)
"""How far ahead it is looked."""


def coverage_warnings(settings: Settings, now: datetime) -> Iterator[Problem]:
    """Yield a warning for each schedule by which nobody is on call some time in the next 30 days.

    A calendar is read from its file; one at a URL is not fetched, for a check must not depend on
    what is up.
    """
    ahead = Span(now, now + AHEAD)
    for each in settings.schedules.values():
        if each.ical is not None and each.ical.url is not None:
            continue
        read = read_schedules([each], settings.people, ahead)
        if each.name in read.faults:
            yield _warning(each, f"its calendar: {read.faults[each.name]}")
            continue
        found = gaps(read.schedules[each.name], settings.people, ahead)
        if found:
            yield _warning(each, _text(each, found))


def _text(schedule: ScheduleSettings, found: tuple[Span, ...]) -> str:
    zone = schedule.schedule.zone
    since, until = (
        at.astimezone(zone).strftime("%Y-%m-%d %H:%M")
        for at in (found[0].starts_at, found[0].ends_at)
    )
    further = len(found) - 1
    times = "once more" if further == 1 else f"{further} more times"
    more = f", and {times} in the next {AHEAD.days} days" if further else ""
    return (
        f"nobody is on call from {since} to {until} ({schedule.timezone}){more}; "
        "add a layer below the others without `only`, or an override"
    )


def _warning(schedule: ScheduleSettings, text: str) -> Problem:
    place = schedule.place
    return Problem(place.file, place.line, place.column, f"schedules.{schedule.name}", text)
