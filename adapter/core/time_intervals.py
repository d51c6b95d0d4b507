"""TimeInterval: recurring times, in the words and with the meaning of Alertmanager's own.

An interval holds when each field that is given does; a field holds when one of its ranges does.
Texts are read without regard to letter case.
Source: `timeinterval/timeinterval.go` of Alertmanager.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

LONGEST: Final = timedelta(days=31)
"""How far ahead the end of an interval is looked for; one may hold for ever."""

LOCAL: Final = "Local"
"""The location that means the zone of this machine."""

_TIME: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
_MINUTE: Final = timedelta(minutes=1)
_DAY: Final = 24 * 60
_LONGEST_MONTH: Final = 31
_SHORTEST_MONTH: Final = 28

_WEEKDAYS: Final = {
    name: number
    for number, name in enumerate(
        ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
    )
}
_MONTHS: Final = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}


class TimeIntervalError(ValueError):
    """Report text that is no range of a time interval: what was found and what was expected."""


@dataclass(frozen=True, slots=True)
class Range:
    """Hold the first and the last of some whole numbers."""

    first: int
    last: int

    def __contains__(self, number: int) -> bool:
        """Return whether a number lies in the range."""
        return self.first <= number <= self.last


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeInterval:
    """Hold the ranges of each field; None where the field is not given.

    `times` are minutes of the day; weekdays count from Sunday, 0; days of the month from its end
    where they are negative.
    """

    times: tuple[Range, ...] | None = None
    weekdays: tuple[Range, ...] | None = None
    days_of_month: tuple[Range, ...] | None = None
    months: tuple[Range, ...] | None = None
    years: tuple[Range, ...] | None = None
    location: str = "UTC"

    def holds(self, instant: datetime) -> bool:
        """Return whether the interval holds at an instant."""
        local = self._local(instant)
        return (
            _any(self.times, _minute_of(local))
            and _any(self.weekdays, local.isoweekday() % 7)
            and _any(self.months, local.month)
            and _any(self.years, local.year)
            and self._holds_on_day(local)
        )

    def steady_until(self, instant: datetime) -> datetime:
        """Return until when an interval that holds at an instant surely goes on to.

        To the end of its time of day, or for a minute where the clocks change before.
        """
        local = self._local(instant)
        minute = _minute_of(local)
        ends = (each.last + 1 for each in self.times or () if minute in each)
        begun = instant - timedelta(seconds=local.second, microseconds=local.microsecond)
        until = begun + (max(ends, default=_DAY) - minute) * _MINUTE
        same_clock = self._local(until).utcoffset() == local.utcoffset()
        return until if same_clock else begun + _MINUTE

    def _holds_on_day(self, local: datetime) -> bool:
        if self.days_of_month is None:
            return True
        length = calendar.monthrange(local.year, local.month)[1]
        return any(
            _from_start(each.first, length) <= local.day <= _from_start(each.last, length)
            for each in self.days_of_month
        )

    def _local(self, instant: datetime) -> datetime:
        return instant.astimezone(None if self.location == LOCAL else ZoneInfo(self.location))


def _any(ranges: tuple[Range, ...] | None, number: int) -> bool:
    return ranges is None or any(number in each for each in ranges)


def _minute_of(local: datetime) -> int:
    return local.hour * 60 + local.minute


def _from_start(day: int, length: int) -> int:
    return day if day > 0 else length + day + 1


@dataclass(frozen=True, slots=True)
class Deferral:
    """Say until when what names intervals is held back, decided at `now`."""

    intervals: Mapping[str, tuple[TimeInterval, ...]]
    now: datetime

    def until(self, names: Sequence[str]) -> datetime | None:
        """Return when none of the named intervals holds any more; None if none does now."""
        ends_at = end_of([each for name in names for each in self.intervals[name]], self.now)
        return None if ends_at == self.now else ends_at


def end_of(intervals: Sequence[TimeInterval], now: datetime) -> datetime:
    """Return the first instant from now on at which none holds, within `LONGEST`."""
    at = now
    while at < now + LONGEST and (holding := [each for each in intervals if each.holds(at)]):
        at = max(each.steady_until(at) for each in holding)
    return min(at, now + LONGEST)


def times(start: str, end: str) -> Range:
    """Read the minutes from `start` up to `end`, which is not among them (`HH:MM`, to 24:00)."""
    first, last = _minutes(start), _minutes(end)
    if first >= last:
        raise TimeIntervalError(
            f"the end, {end}, is not after the start, {start}; past midnight takes two ranges, "
            "to 24:00 and from 00:00"
        )
    return Range(first, last - 1)


def _minutes(text: str) -> int:
    found = _TIME.fullmatch(text)
    if not found:
        raise TimeIntervalError(f'"{text}" is no time of day; expected HH:MM, 00:00 to 24:00')
    return int(found[1]) * 60 + int(found[2]) if found[1] else _DAY


def weekdays(text: str) -> Range:
    """Read `monday` or `monday:friday`; a week begins with Sunday."""
    found = _range(text, _weekday)
    if found.first > found.last:
        raise TimeIntervalError(
            f'"{text}" ends before it begins, for a week begins with Sunday; expected two items, '
            "to saturday and from sunday"
        )
    return found


def days_of_month(text: str) -> Range:
    """Read `1`, `1:5`, `-3:-1` (the last three) or `5:-1`."""
    found = _range(text, _number)
    for day in (found.first, found.last):
        if day == 0 or abs(day) > _LONGEST_MONTH:
            raise TimeIntervalError(f'"{text}" is out of range; expected 1 to 31 or -31 to -1')
    if found.first < 0 < found.last:
        raise TimeIntervalError(
            f'"{text}" begins at the month\'s end and ends at its start; expected a negative end'
        )
    first, last = (day + _SHORTEST_MONTH if day < 0 else day for day in (found.first, found.last))
    if first > last:
        raise TimeIntervalError(f'"{text}" ends before it begins')
    return found


def months(text: str) -> Range:
    """Read `january`, `1`, `1:3` or `may:august`."""
    return _ordered(text, _range(text, _month))


def years(text: str) -> Range:
    """Read `2026` or `2026:2030`."""
    return _ordered(text, _range(text, _number))


def _ordered(text: str, found: Range) -> Range:
    if found.first > found.last:
        raise TimeIntervalError(f'"{text}" ends before it begins; expected two items')
    return found


def _range(text: str, member: Callable[[str], int]) -> Range:
    first, *more = map(member, text.lower().split(":"))
    if len(more) > 1:
        raise TimeIntervalError(f'"{text}" is no range; expected FIRST:LAST')
    return Range(first, more[0] if more else first)


def _weekday(text: str) -> int:
    if text not in _WEEKDAYS:
        raise TimeIntervalError(f'"{text}" is no weekday; expected one of {", ".join(_WEEKDAYS)}')
    return _WEEKDAYS[text]


def _month(text: str) -> int:
    if text in _MONTHS:
        return _MONTHS[text]
    if not _NUMBER.fullmatch(text):
        raise TimeIntervalError(f'"{text}" is no month; expected its English name or 1 to 12')
    return int(text)


def _number(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise TimeIntervalError(f'"{text}" is no whole number')
    return int(text)
