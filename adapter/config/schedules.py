"""Read `schedules`: layers of people who take turns, and overrides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from adapter.config.ical import read_ical
from adapter.config.instants import take_span, wall, zone_of
from adapter.config.names import gathered
from adapter.config.problems import Mistake
from adapter.config.reader import scalar
from adapter.config.scalars import duration_within, one_of, timezone
from adapter.config.settings import ScheduleSettings
from adapter.config.suggest import did_you_mean
from adapter.config.windows import take_windows
from adapter.config.yaml_nodes import MappingNode
from adapter.core.oncall import Duty, Layer, Schedule
from adapter.core.rotation import Rotation

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from datetime import datetime, tzinfo

    from adapter.config.reader import Section, Value
    from adapter.core.calendars import Calendar

_SCHEDULES: Final = "sre: {layers: […]}"
_LAYER: Final = "rotation: weekly, start: 2026-11-02T09:00, people: [zhang, lee]"
_OVERRIDE: Final = "from: 2026-12-24T09:00, to: 2026-12-26T09:00, people: [lee]"
_PEOPLE: Final = "[zhang, lee]"
_TURNS: Final = {"daily": timedelta(days=1), "weekly": timedelta(weeks=1)}
_EVERY: Final = duration_within("1h", "1y")


@dataclass(frozen=True, slots=True)
class Names:
    """Hold what schedules may refer to; None where a mistake hides some."""

    people: Collection[str] | None
    robots: Collection[str] | None
    calendars: Mapping[str, Calendar]
    timezone: str


def take_schedules(
    root: Section, parts: Iterable[Section], names: Names
) -> Mapping[str, ScheduleSettings]:
    """Return the schedules of all files by name."""
    values = gathered("schedules", (root, *parts), "schedule", _SCHEDULES).values
    read = {
        name: value.read(partial(_read, name=name, names=names), None)
        for name, value in values.items()
    }
    return {name: found for name, found in read.items() if found is not None}


def _read(value: Value, name: str, names: Names) -> ScheduleSettings:
    with value.section("schedules.NAME", "layers: […]") as section:
        zone_name = section.scalar("timezone", timezone, names.timezone)
        zone = zone_of(zone_name)
        if section.only_one("layers", "ical") is None:
            value.missing("layers", f"missing; expected layers such as `- {{{_LAYER}}}`, or ical")
        layers = section.list_of(
            "layers", partial(_read_layer, zone=zone, names=names), f"[{{{_LAYER}}}]"
        )
        overrides = section.list_of(
            "overrides", partial(_read_override, zone=zone, names=names), f"[{{{_OVERRIDE}}}]"
        )
        return ScheduleSettings(
            name=name,
            schedule=Schedule(zone=zone, layers=layers, overrides=overrides),
            timezone=zone_name,
            place=value.key_place or value.place,
            announce=section.list_of(
                "announce", _defined("robot", "robots", names.robots), "[ops]"
            ),
            ical=section.take("ical", read_ical, None),
        )


def _read_layer(value: Value, zone: tzinfo, names: Names) -> Layer | None:
    with value.section("schedules.NAME.layers", _LAYER) as section:
        every = section.require("rotation", _turn, "daily, weekly or {every: 12h}")
        start = section.require("start", _wall(zone), "the first handoff, as 2026-11-02T09:00")
        people = _take_people(section, names)
        windows = take_windows(section, names.calendars)
    if every is None or start is None or not people:
        return None
    return Layer(rotation=Rotation(start, every), people=people, only=windows)


def _read_override(value: Value, zone: tzinfo, names: Names) -> Duty | None:
    with value.section("schedules.NAME.overrides", _OVERRIDE) as section:
        span, people = take_span(section, zone), _take_people(section, names)
    return Duty(span, people) if span and people else None


def _take_people(section: Section, names: Names) -> tuple[str, ...]:
    return (
        section.require("people", partial(_people, names=names), f"people such as {_PEOPLE}") or ()
    )


def _people(value: Value, names: Names) -> tuple[str, ...]:
    items = value.items(_PEOPLE)
    if not items:
        raise Mistake(f"names nobody; expected people such as {_PEOPLE}")
    person = _defined("person", "people", names.people)
    found = (item.read(person, None) for item in items)
    return tuple(key for key in found if key is not None)


def _defined(kind: str, room: str, names: Collection[str] | None) -> Callable[[Value], str]:
    """Return a reader of names that are defined in another room; None: some are hidden."""

    def read(value: Value) -> str:
        name = value.text()
        if names is not None and name not in names:
            hint = did_you_mean(name, names)
            raise Mistake(f"no {kind} {value.shown()} is defined under `{room}`{hint}")
        return name

    return read


def _turn(value: Value) -> timedelta:
    if not isinstance(value.node, MappingNode):
        return _TURNS[scalar(one_of(tuple(_TURNS)))(value)]
    with value.section("schedules.NAME.layers.rotation", "every: 12h") as section:
        return (
            section.require("every", scalar(_EVERY), "how long a turn lasts, as 12h")
            or _TURNS["daily"]
        )


def _wall(zone: tzinfo) -> Callable[[Value], datetime]:
    return scalar(partial(wall, zone=zone))
