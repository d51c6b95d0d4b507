"""Read what says who is on call: `people`, `calendars` and `schedules`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from adapter.config.calendars import take_calendars
from adapter.config.instants import zone_of
from adapter.config.mentions import Mentionable
from adapter.config.people import take_people
from adapter.config.problems import Mistake, Noted, Problems
from adapter.config.reader import scalar
from adapter.config.scalars import timezone
from adapter.config.schedules import Names
from adapter.core.delivery import RenderSettings

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from adapter.config.includes import Included
    from adapter.config.reader import Section, Value
    from adapter.core.calendars import Calendar
    from adapter.core.people import Person


@dataclass(frozen=True, slots=True)
class OnCall:
    """Hold the people, and what schedules and mentions may refer to."""

    people: Mapping[str, Person]
    calendars: Mapping[str, Calendar]
    mentionable: Mentionable
    timezone: str

    def names(self, robots: Collection[str] | None) -> Names:
        """Return what schedules may refer to; `robots` are those that may be named."""
        return Names(self.mentionable.people, robots, self.calendars, self.timezone)


def take_on_call(root: Section, included: Included) -> OnCall:
    """Return the people of all files, and the names of the schedules, which are read later."""
    zone = _root_timezone(root)
    parts, complete = included.sections, included.complete
    people = take_people(root, parts, zone_of(zone), complete=complete)
    schedules = _schedule_names((root, *parts)) if complete else None
    mentionable = Mentionable(people.names, schedules)
    return OnCall(people.usable, take_calendars(root), mentionable, zone)


def _schedule_names(sections: Iterable[Section]) -> Collection[str] | None:
    """Return the names before schedules are read, which name robots; None if some are hidden."""
    given = (section.get("schedules") for section in sections)
    try:
        return [
            name
            for value in given
            if value is not None
            for name, _ in _silent(value).entries("sre: {layers: […]}")
        ]
    except (Mistake, Noted):
        return None


def _silent(value: Value) -> Value:
    """Return a value whose problems are noted when it is read in its turn."""
    return replace(value, reading=replace(value.reading, problems=Problems()))


def _root_timezone(root: Section) -> str:
    """Return the root route's zone before the route is read, which may name people."""
    route, default = root.get("route"), RenderSettings().timezone
    if route is None:
        return default
    try:
        found = dict(_silent(route).entries("robots: [ops]")).get("timezone")
    except Mistake:
        return default
    return default if found is None else found.read(scalar(timezone), default)
