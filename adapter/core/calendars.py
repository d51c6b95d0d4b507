"""Calendar: which days are worked, with days off and the make-up days worked for them (调休)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import date

_SATURDAY: Final = 5


@dataclass(frozen=True, slots=True)
class Calendar:
    """Hold where the days worked differ from Monday to Friday."""

    holidays: frozenset[date] = frozenset()
    workdays: frozenset[date] = frozenset()

    def is_workday(self, day: date) -> bool:
        """Return whether a day is worked."""
        if day in self.workdays:
            return True
        return day.weekday() < _SATURDAY and day not in self.holidays
