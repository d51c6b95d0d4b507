"""Read `calendars`: days off and the make-up days worked for them (调休)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from adapter.config.instants import day
from adapter.config.names import gathered
from adapter.config.problems import Mistake
from adapter.config.reader import scalar
from adapter.core.calendars import Calendar

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from adapter.config.reader import Section, Value

_CALENDARS: Final = "cn: {holidays: [2027-01-01], workdays: [2027-01-03]}"


def take_calendars(root: Section) -> Mapping[str, Calendar]:
    """Return the calendars by name; one that is wrong lacks what is wrong in it."""
    values = gathered("calendars", (root,), "calendar", _CALENDARS).values
    return {name: value.read(_read, Calendar()) for name, value in values.items()}


def _read(value: Value) -> Calendar:
    with value.section("calendars.NAME", "holidays: [2027-01-01]") as section:
        holidays = section.list_of("holidays", scalar(day), "[2027-01-01]")
        workdays = section.take("workdays", lambda found: _workdays(found, holidays), ())
    return Calendar(frozenset(holidays), frozenset(workdays))


def _workdays(value: Value, holidays: tuple[date, ...]) -> tuple[date, ...]:
    def worked(item: Value) -> date:
        found = scalar(day)(item)
        if found in holidays:
            raise Mistake(f"{item.shown()} is among the holidays too; keep it in one of the two")
        return found

    found = (item.read(worked, None) for item in value.items("[2027-01-03]"))
    return tuple(each for each in found if each is not None)
