"""Time intervals: Alertmanager's grammar and meaning, and when what is deferred is told."""

from __future__ import annotations

import calendar
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.core.time_intervals import (
    LONGEST,
    Deferral,
    Range,
    TimeInterval,
    TimeIntervalError,
    days_of_month,
    end_of,
    months,
    times,
    weekdays,
    years,
)

if TYPE_CHECKING:
    from collections.abc import Callable

often = settings(deadline=None, max_examples=2_000 if os.environ.get("VERIFY") else 60)
MINUTE = timedelta(minutes=1)
SHANGHAI, NEW_YORK = "Asia/Shanghai", "America/New_York"
NIGHTS = (
    TimeInterval(times=(times("23:00", "24:00"), times("00:00", "08:00")), location=SHANGHAI),
)


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (times("00:00", "24:00"), Range(0, 1439)),
        (times("09:30", "09:31"), Range(570, 570)),
        (weekdays("Monday"), Range(1, 1)),
        (weekdays("sunday:SATURDAY"), Range(0, 6)),
        (days_of_month("1:5"), Range(1, 5)),
        (days_of_month("-3:-1"), Range(-3, -1)),
        (days_of_month("5:-1"), Range(5, -1)),
        (days_of_month("+31"), Range(31, 31)),
        (months("may:August"), Range(5, 8)),
        (months("1:march"), Range(1, 3)),
        (months("13"), Range(13, 13)),
        (years("2026"), Range(2026, 2026)),
        (years("2020:2030"), Range(2020, 2030)),
    ],
)
def test_ranges_are_read(found: Range, expected: Range) -> None:
    assert found == expected


WRONG: list[tuple[Callable[[], Range], str]] = [
    (lambda: times("9:00", "10:00"), "no time of day"),
    (lambda: times("09:00", "24:01"), "no time of day"),
    (lambda: times("24:00", "24:00"), "is not after the start"),
    (lambda: times("23:00", "08:00"), "takes two ranges"),
    (lambda: weekdays("mon"), "no weekday"),
    (lambda: weekdays("1"), "no weekday"),
    (lambda: weekdays("friday:sunday"), "a week begins with Sunday"),
    (lambda: weekdays("monday:tuesday:friday"), "no range"),
    (lambda: days_of_month("0"), "out of range"),
    (lambda: days_of_month("1:32"), "out of range"),
    (lambda: days_of_month("-32"), "out of range"),
    (lambda: days_of_month("-5:5"), "a negative end"),
    (lambda: days_of_month("5:1"), "ends before it begins"),
    (lambda: days_of_month("-1:-3"), "ends before it begins"),
    (lambda: days_of_month("28:-5"), "ends before it begins"),
    (lambda: days_of_month("first"), "no whole number"),
    (lambda: months("8:may"), "ends before it begins"),
    (lambda: months("jan"), "no month"),
    (lambda: years("2030:2020"), "ends before it begins"),
    (lambda: years(""), "no whole number"),
]


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_what_alertmanager_refuses_is_refused(number: int) -> None:
    read, why = WRONG[number]
    with pytest.raises(TimeIntervalError, match=why):
        read()


@pytest.mark.parametrize(
    ("interval", "holds", "not_"),
    [
        (TimeInterval(), "2026-11-25T12:00", None),
        (TimeInterval(times=()), None, "2026-11-25T12:00"),
        (TimeInterval(times=(times("09:00", "17:00"),)), "2026-11-25T09:00", "2026-11-25T17:00"),
        (TimeInterval(weekdays=(weekdays("sunday"),)), "2026-11-22T00:00", "2026-11-23T00:00"),
        (
            TimeInterval(days_of_month=(days_of_month("-1"),)),
            "2026-02-28T09:00",
            "2026-02-27T09:00",
        ),
        (
            TimeInterval(days_of_month=(days_of_month("-1"),)),
            "2028-02-29T09:00",
            "2028-02-28T09:00",
        ),
        (TimeInterval(days_of_month=(days_of_month("28:31"),)), "2026-02-28T09:00", None),
        (TimeInterval(days_of_month=(days_of_month("30:31"),)), None, "2026-02-28T09:00"),
        (
            TimeInterval(days_of_month=(days_of_month("5:-1"),)),
            "2026-11-30T00:00",
            "2026-11-04T09:00",
        ),
        (TimeInterval(months=(months("may:august"),)), "2026-08-31T23:59", "2026-09-01T00:00"),
        (TimeInterval(years=(years("2026"),)), "2026-12-31T23:59", "2027-01-01T00:00"),
    ],
)
def test_fields_mean_what_alertmanager_s_mean(
    interval: TimeInterval, holds: str | None, not_: str | None
) -> None:
    assert holds is None or interval.holds(at(holds))
    assert not_ is None or not interval.holds(at(not_))


def test_a_location_says_whose_clock_is_meant() -> None:
    night = NIGHTS[0]
    assert night.holds(at("2026-11-25T23:00", SHANGHAI))
    assert not night.holds(at("2026-11-25T08:00", SHANGHAI))
    assert not night.holds(at("2026-11-25T12:00"))


def test_the_local_clock_is_this_machine_s() -> None:
    noon = at("2026-11-25T12:00")
    minute = noon.astimezone().hour * 60 + noon.astimezone().minute
    assert TimeInterval(times=(Range(minute, minute),), location="Local").holds(noon)
    assert not TimeInterval(times=(Range(minute + 1, minute + 1),), location="Local").holds(noon)


def test_a_night_ends_in_the_morning_though_it_takes_two_ranges() -> None:
    deferral = Deferral({"nights": NIGHTS}, at("2026-11-25T23:10:30", SHANGHAI))
    assert deferral.until(["nights"]) == at("2026-11-26T08:00", SHANGHAI)
    assert Deferral({"nights": NIGHTS}, at("2026-11-26T08:00", SHANGHAI)).until(["nights"]) is None
    assert deferral.until([]) is None


def test_several_intervals_end_when_the_last_of_them_does() -> None:
    weekend = (
        TimeInterval(weekdays=(weekdays("saturday"), weekdays("sunday")), location=SHANGHAI),
    )
    deferral = Deferral({"n": NIGHTS, "w": weekend}, at("2026-11-27T23:30", SHANGHAI))
    assert deferral.until(["n", "w"]) == at("2026-11-30T08:00", SHANGHAI)


def test_what_holds_for_ever_is_told_in_the_end() -> None:
    now = at("2026-11-25T12:00:07")
    assert end_of([TimeInterval()], now) == now + LONGEST


@pytest.mark.parametrize(
    ("begins", "ends"),
    [
        ("2026-03-08T00:30", "2026-03-08T06:00"),  # the clocks go forward at 02:00
        ("2026-11-01T00:30", "2026-11-01T06:00"),  # and back
    ],
)
def test_summer_time_moves_the_end_with_the_clock(begins: str, ends: str) -> None:
    night = TimeInterval(times=(times("00:00", "06:00"),), location=NEW_YORK)
    assert end_of([night], at(begins, NEW_YORK)) == at(ends, NEW_YORK)


def test_an_hour_that_the_clocks_skip_or_repeat_is_seen() -> None:
    late = TimeInterval(times=(times("01:30", "03:00"),), location=NEW_YORK)
    forward = at("2026-03-08T01:40", NEW_YORK)
    assert end_of([late], forward) == forward + 20 * MINUTE
    one = TimeInterval(times=(times("01:00", "02:00"),), location=NEW_YORK)
    first = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)  # 01:30 for the first time
    assert end_of([one], first) == datetime(2026, 11, 1, 7, 0, tzinfo=UTC)


def slow(interval: TimeInterval, instant: datetime) -> bool:
    """Say again, as plainly as can be, what an interval means: by the sets of what it names."""
    local = instant.astimezone(ZoneInfo(interval.location))
    length = calendar.monthrange(local.year, local.month)[1]

    def named(ranges: tuple[Range, ...] | None, every: range) -> set[int]:
        if ranges is None:
            return set(every)
        return {number for each in ranges for number in range(each.first, each.last + 1)}

    days: set[int] = set()
    for each in interval.days_of_month or (Range(1, 31),):
        first = each.first if each.first > 0 else each.first + length + 1
        last = each.last if each.last > 0 else each.last + length + 1
        days |= set(range(first, last + 1))
    clock = local.strftime("%H:%M")
    minutes = {f"{m // 60:02}:{m % 60:02}" for m in named(interval.times, range(1440))}
    weekday = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat").index(
        calendar.day_abbr[calendar.weekday(local.year, local.month, local.day)]
    )
    return (
        clock in minutes
        and weekday in named(interval.weekdays, range(7))
        and local.month in named(interval.months, range(1, 13))
        and local.year in named(interval.years, range(1, 9999))
        and local.day in days
    )


def ranges(low: int, high: int) -> st.SearchStrategy[Range]:
    ends = st.tuples(st.integers(low, high), st.integers(low, high))
    return ends.map(lambda pair: Range(min(pair), max(pair)))


def maybe(some: st.SearchStrategy[Range]) -> st.SearchStrategy[tuple[Range, ...] | None]:
    return st.none() | st.lists(some, min_size=1, max_size=2).map(tuple)


intervals = st.builds(
    TimeInterval,
    times=st.none() | st.lists(ranges(0, 1439), min_size=1, max_size=3).map(tuple),
    weekdays=maybe(ranges(0, 6)),
    days_of_month=maybe(ranges(1, 31) | ranges(-31, -1)),
    months=maybe(ranges(1, 12)),
    years=maybe(ranges(2026, 2027)),
    location=st.sampled_from(["UTC", SHANGHAI, NEW_YORK, "Australia/Lord_Howe"]),
)
instants = st.integers(0, 790 * 24 * 60 * 60).map(
    lambda seconds: at("2025-12-30T00:00") + timedelta(seconds=seconds)
)
near_summer_time = st.sampled_from(
    [at("2026-03-08T05:59:31"), at("2026-11-01T04:10"), at("2026-04-04T14:10")]
)


@often
@given(intervals, instants)
def test_an_interval_holds_exactly_when_the_slow_reference_says(
    interval: TimeInterval, instant: datetime
) -> None:
    assert interval.holds(instant) == slow(interval, instant)


@often
@given(st.lists(intervals, max_size=3), instants | near_summer_time)
def test_the_end_is_the_first_minute_in_which_none_holds(
    some: list[TimeInterval], now: datetime
) -> None:
    ends_at = end_of(some, now)
    minute = now
    while minute < min(now + timedelta(days=1), ends_at):
        assert any(each.holds(minute) for each in some), minute
        minute = (minute + MINUTE).replace(second=0, microsecond=0)
    if ends_at < now + LONGEST:
        assert not any(each.holds(ends_at) for each in some)
