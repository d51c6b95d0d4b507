"""Schedules, drawn: any zone, rotation, restriction, leave and override, near changes of clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from adapter.core.calendars import Calendar
from adapter.core.oncall import Duty, Layer, Schedule
from adapter.core.people import Person
from adapter.core.rotation import Rotation
from adapter.core.spans import Span
from adapter.core.windows import DAY, Window

KEYS = ("an", "bo", "chen", "ding")
MINUTE = timedelta(minutes=1)

PLACES = {
    "Asia/Shanghai": datetime(2026, 11, 1, tzinfo=UTC),
    "Europe/Berlin": datetime(2026, 10, 25, tzinfo=UTC),
    "America/New_York": datetime(2026, 3, 8, tzinfo=UTC),
    "America/Havana": datetime(2026, 11, 1, tzinfo=UTC),  # midnight comes twice
    "Asia/Beirut": datetime(2026, 3, 29, tzinfo=UTC),  # midnight is skipped
    "Australia/Lord_Howe": datetime(2026, 10, 4, tzinfo=UTC),  # by half an hour
    "Pacific/Apia": datetime(2011, 12, 30, tzinfo=UTC),  # a whole day is skipped
    "Africa/Casablanca": datetime(2026, 2, 15, tzinfo=UTC),
}
"""Zones, each with a day on which its clocks change, if they do."""


def minutes(lowest: timedelta, highest: timedelta) -> st.SearchStrategy[timedelta]:
    """Draw a span in whole minutes, often one of whole hours."""
    low, high = lowest // MINUTE, highest // MINUTE
    hours = st.integers(-(-low // 60), high // 60).map(lambda number: number * 60)
    return (hours | st.integers(low, high)).map(lambda number: number * MINUTE)


@st.composite
def windows(draw: st.DrawFn, days: list[date]) -> Window:
    """Draw hours of some days; every other window passes midnight."""
    begins = draw(minutes(timedelta(0), DAY - MINUTE))
    ends = begins + draw(minutes(MINUTE, DAY))
    calendar = Calendar(
        frozenset(draw(st.lists(st.sampled_from(days), max_size=3))),
        frozenset(draw(st.lists(st.sampled_from(days), max_size=3))),
    )
    return Window(
        weekdays=frozenset(draw(st.sets(st.integers(0, 6)))),
        calendar=draw(st.sampled_from([None, calendar])),
        begins=begins,
        ends=ends,
    )


@st.composite
def teams(draw: st.DrawFn) -> tuple[Schedule, dict[str, Person], Span]:
    """Draw a schedule, its people, and two weeks around a change of the clocks."""
    name = draw(st.sampled_from(sorted(PLACES)))
    change = PLACES[name]
    around = Span(change - 7 * DAY, change + 7 * DAY)
    days = [(change + number * DAY).date() for number in range(-7, 8)]

    def spans() -> st.SearchStrategy[Span]:
        begin, length = minutes(-8 * DAY, 8 * DAY), minutes(MINUTE, 5 * DAY)
        return st.builds(lambda a, b: Span(change + a, change + a + b), begin, length)

    some = st.lists(st.sampled_from(KEYS), min_size=1, max_size=3).map(tuple)
    turns = st.sampled_from([DAY, 7 * DAY]) | minutes(timedelta(hours=1), 3 * DAY)
    start = minutes(-20 * DAY, 8 * DAY).map(lambda far: change.replace(tzinfo=None) + far)
    layers = st.builds(
        Layer,
        rotation=st.builds(Rotation, start, turns),
        people=some,
        only=st.lists(windows(days), max_size=2).map(tuple),
    )
    duties = st.lists(st.builds(Duty, spans(), some), max_size=2).map(tuple)
    schedule = Schedule(
        zone=ZoneInfo(name),
        layers=tuple(draw(st.lists(layers, max_size=3))),
        overrides=draw(duties),
        events=draw(duties),
    )
    present = draw(st.sets(st.sampled_from(KEYS), min_size=2))
    leaves = st.lists(spans(), max_size=1).map(tuple)
    people = {key: Person(key=key, name=key, mobile="1", away=draw(leaves)) for key in present}
    return schedule, people, around
