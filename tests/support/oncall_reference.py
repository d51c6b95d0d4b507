"""Who is on call, found slowly and obviously: by walking through every turn and every day."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, tzinfo

    from adapter.core.oncall import Layer, Schedule
    from adapter.core.people import Person
    from adapter.core.windows import Window

DAY = timedelta(days=1)


def who(schedule: Schedule, people: Mapping[str, Person], at: datetime) -> tuple[str, ...]:
    """Return the keys of the people on call."""
    candidates = [
        [key for key in override.people if override.span.starts_at <= at < override.span.ends_at]
        for override in schedule.overrides[::-1]
    ]
    candidates.append(
        [
            key
            for event in schedule.events
            if event.span.starts_at <= at < event.span.ends_at
            for key in event.people
        ]
    )
    candidates += [
        turn(layer, at, schedule.zone) if hours(layer, at, schedule.zone) else []
        for layer in schedule.layers[::-1]
    ]
    for keys in candidates:
        present = []
        for key in keys:
            leaves = people[key].away if key in people else ()
            absent = any(leave.starts_at <= at < leave.ends_at for leave in leaves)
            if key in people and not absent and key not in present:
                present.append(key)
        if present:
            return tuple(present)
    return ()


def turn(layer: Layer, at: datetime, zone: tzinfo) -> list[str]:
    """Return whose turn it is: that of the last handoff that has been."""
    whose: list[str] = []
    handoff, number = layer.rotation.start, 0
    while handoff <= at.replace(tzinfo=None) + 3 * DAY:
        if stamp(handoff, zone) <= at.timestamp():
            whose = [layer.people[number % len(layer.people)]]
        handoff, number = handoff + layer.rotation.every, number + 1
    return whose


def hours(layer: Layer, at: datetime, zone: tzinfo) -> bool:
    """Return whether the layer counts now: `only` of any day around covers it."""
    return not layer.only or any(
        is_open(window, at.replace(tzinfo=None).date() + distance * DAY, at, zone)
        for window in layer.only
        for distance in range(-5, 6)
    )


def is_open(window: Window, day: date, at: datetime, zone: tzinfo) -> bool:
    """Return whether the window of a day covers an instant."""
    midnight = datetime.combine(day, time())
    wanted = midnight.weekday() in window.weekdays
    if window.calendar is not None:
        free = midnight.weekday() >= 5 or midnight.date() in window.calendar.holidays
        wanted |= midnight.date() in window.calendar.workdays or not free
    opens, closes = stamp(midnight + window.begins, zone), stamp(midnight + window.ends, zone)
    return wanted and opens <= at.timestamp() < closes


def stamp(wall: datetime, zone: tzinfo) -> float:
    """Return the Unix time at which the clocks of a zone show `wall`, for the first time."""
    return wall.replace(tzinfo=zone).timestamp()
