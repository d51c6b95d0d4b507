"""Read what says who is on call: `people`, `calendars` and `schedules`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from adapter.config.calendars import take_calendars
from adapter.config.instants import zone_of
from adapter.config.people import take_people
from adapter.config.problems import Mistake, Problems
from adapter.config.reader import scalar
from adapter.config.scalars import timezone
from adapter.config.schedules import Names, take_schedules
from adapter.core.delivery import RenderSettings

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from adapter.config.includes import Included
    from adapter.config.reader import Section
    from adapter.config.settings import ScheduleSettings
    from adapter.core.people import Person


def take_on_call(
    root: Section, included: Included, robots: Collection[str] | None
) -> tuple[Mapping[str, Person], Mapping[str, ScheduleSettings]]:
    """Return the people and the schedules of all files; `robots` are those that may be named."""
    zone = _root_timezone(root)
    parts, complete = included.sections, included.complete
    people = take_people(root, parts, zone_of(zone), complete=complete)
    names = Names(people.names, robots, take_calendars(root), zone)
    return people.usable, take_schedules(root, parts, names)


def _root_timezone(root: Section) -> str:
    """Return the root route's zone before the route is read, which may name people."""
    route, default = root.get("route"), RenderSettings().timezone
    if route is None:
        return default
    silent = replace(route, reading=replace(route.reading, problems=Problems()))
    try:
        found = dict(silent.entries("robots: [ops]")).get("timezone")
    except Mistake:
        return default
    return default if found is None else found.read(scalar(timezone), default)
