"""Read `only`: the days and hours to which a layer is restricted."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from adapter.config.instants import DAY, time_of_day
from adapter.config.problems import Mistake
from adapter.config.suggest import did_you_mean
from adapter.config.yaml_nodes import MappingNode, ScalarNode
from adapter.core.windows import EVERY_DAY, Window

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from adapter.config.reader import Section, Value
    from adapter.core.calendars import Calendar

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WORKDAY: Final = "workday"

_DAYS: Final = (*WEEKDAYS, WORKDAY)
_ONLY: Final = '[{days: [mon, tue], from: "09:00", to: "18:00"}]'


def take_windows(section: Section, calendars: Mapping[str, Calendar]) -> tuple[Window, ...]:
    """Return the windows of a layer; none if it is not restricted."""
    return section.take("only", partial(_read_all, calendars=calendars), ())


def _read_all(value: Value, calendars: Mapping[str, Calendar]) -> tuple[Window, ...]:
    if isinstance(value.node, MappingNode):  # a single one needs no brackets
        return (_read(value, calendars),)
    items = value.items(_ONLY)
    if not items:
        raise Mistake("restricts the layer to no time at all; name a window or remove the key")
    found = (item.read(partial(_read, calendars=calendars), None) for item in items)
    return tuple(window for window in found if window is not None)


def _read(value: Value, calendars: Mapping[str, Calendar]) -> Window:
    with value.section("schedules.NAME.layers.only", 'from: "09:00", to: "18:00"') as section:
        named = section.take("calendar", partial(_calendar, calendars=calendars), None)
        has_calendar = section.get("calendar") is not None
        days = section.take("days", _read_days, (WORKDAY,) if has_calendar else WEEKDAYS)
        begins, ends = _hours(section)
        _check_calendar(section, days, has_calendar=has_calendar)
    weekdays = frozenset(WEEKDAYS.index(each) for each in days if each != WORKDAY)
    return Window(
        weekdays=EVERY_DAY if len(weekdays) == len(EVERY_DAY) else weekdays,
        calendar=named if WORKDAY in days else None,
        begins=begins,
        ends=ends,
    )


def _check_calendar(section: Section, days: tuple[str, ...], *, has_calendar: bool) -> None:
    if WORKDAY in days and not has_calendar:
        section.value.missing(
            "calendar",
            "missing; workday needs a calendar (calendar: cn); without one write "
            "days: [mon, tue, wed, thu, fri]",
        )
    if has_calendar and WORKDAY not in days:
        section.value.problem("names a calendar, which only `days: workday` reads; add it to days")


def _calendar(value: Value, calendars: Mapping[str, Calendar]) -> Calendar:
    name = value.text()
    if name not in calendars:
        hint = did_you_mean(name, calendars)
        raise Mistake(f"no calendar {value.shown()} is defined under `calendars`{hint}")
    return calendars[name]


def _read_days(value: Value) -> tuple[str, ...]:
    items = (value,) if isinstance(value.node, ScalarNode) else value.items("[mon, tue, wed]")
    if not items:
        raise Mistake("names no day; name some or remove the key")
    found = (item.read(_day, None) for item in items)
    return tuple(each for each in found if each is not None)


def _day(value: Value) -> str:
    text = value.text()
    if text in _DAYS:
        return text
    hint = did_you_mean(text[:3].lower(), _DAYS) or did_you_mean(text, _DAYS)
    raise Mistake(f"{value.shown()} is no day; expected {', '.join(_DAYS)}{hint}")


def _hours(section: Section) -> tuple[timedelta, timedelta]:
    begins = section.scalar("from", time_of_day, 0 * DAY)
    ends = section.scalar("to", time_of_day, DAY)
    if begins in (ends, DAY):
        section.value.problem(
            "from and to leave no time between them; leave both out for the whole day"
        )
    return begins, ends if ends > begins else ends + DAY
