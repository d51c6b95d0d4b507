"""Read `time_intervals`: named times, in Alertmanager's grammar."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from adapter.config.names import named
from adapter.config.problems import Mistake, Noted
from adapter.config.reader import list_of
from adapter.config.scalars import timezone
from adapter.core import time_intervals as grammar
from adapter.core.time_intervals import LOCAL, Range, TimeInterval, TimeIntervalError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from adapter.config.reader import Section, Value

T = TypeVar("T")

INTERVAL: Final = "time_intervals.NAME[]"
TIMES: Final = "time_intervals.NAME[].times[]"
_NAMED: Final = 'nights: [{times: [{start_time: "00:00", end_time: "08:00"}]}]'
_INTERVALS: Final = '[{times: [{start_time: "00:00", end_time: "08:00"}]}]'
_TIMES: Final = '[{start_time: "00:00", end_time: "08:00"}]'
_TIME: Final = 'start_time: "00:00", end_time: "08:00"'
_ALWAYS: Final = "this has no bounds and holds always: what it defers is told after 31 days only"


def take_time_intervals(root: Section) -> Mapping[str, tuple[TimeInterval, ...]] | None:
    """Return the intervals by name; None where a mistake hides their names."""
    absent: Mapping[str, tuple[TimeInterval, ...]] = {}
    return root.take("time_intervals", _read_all, None if root.get("time_intervals") else absent)


def _read_all(value: Value) -> Mapping[str, tuple[TimeInterval, ...]]:
    read = list_of(_read_interval, _INTERVALS)
    return {name: entry.read(read, ()) for name, entry in named(value, _NAMED)}


def _read_interval(value: Value) -> TimeInterval:
    with value.section(INTERVAL, f"times: {_TIMES}") as section:
        found = TimeInterval(
            times=section.take("times", _read_all_times, None),
            weekdays=_take(section, "weekdays", grammar.weekdays, "[monday:friday]"),
            days_of_month=_take(section, "days_of_month", grammar.days_of_month, '["1:5", "-1"]'),
            months=_take(section, "months", grammar.months, "[may:august]"),
            years=_take(section, "years", grammar.years, '["2026:2030"]'),
            location=section.scalar("location", _location, "UTC"),
        )
    if found == TimeInterval(location=found.location):
        value.warn(_ALWAYS)
    return found


def _take(
    section: Section, key: str, parse: Callable[[str], Range], example: str
) -> tuple[Range, ...] | None:
    def read(value: Value) -> Range:
        text = value.text()
        return _understood(value, partial(parse, text))

    return section.take(key, list_of(read, example), None)


def _read_all_times(value: Value) -> tuple[Range, ...]:
    return list_of(_read_times, _TIMES)(value)


def _read_times(value: Value) -> Range:
    with value.section(TIMES, _TIME) as section:
        ends = [section.require(key, _text, "HH:MM") for key in ("start_time", "end_time")]
    start, end = ends
    if start is None or end is None:
        raise Noted
    return _understood(value, partial(grammar.times, start, end))


def _text(value: Value) -> str:
    return value.text()


def _understood(value: Value, parse: Callable[[], T]) -> T:
    try:
        return parse()
    except TimeIntervalError as error:
        if value.from_environment:
            raise Mistake("is no range once its variables are filled") from None
        raise Mistake(str(error)) from None


def _location(text: str) -> str:
    if not text:
        return "UTC"  # as Go reads it
    return text if text == LOCAL else timezone(text)
