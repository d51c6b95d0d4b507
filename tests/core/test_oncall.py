"""Who is on call, by examples that a team would give."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from adapter.core.calendars import Calendar
from adapter.core.oncall import Duty, Layer, Schedule, on_call
from adapter.core.people import Person
from adapter.core.roster import Current, current, roster
from adapter.core.rotation import Rotation
from adapter.core.spans import Span
from adapter.core.windows import DAY, Window

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
WEEK, HOUR, SECOND = 7 * DAY, timedelta(hours=1), timedelta(seconds=1)
MONDAY = datetime(2026, 11, 2, 9)  # noqa: DTZ001  # what a wall clock shows


def person(key: str, *away: Span) -> Person:
    return Person(key=key, name=key, mobile="13800000001", away=away)


PEOPLE = {key: person(key) for key in ("zhang", "lee", "wang")}


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def weekly(*people: str, only: tuple[Window, ...] = ()) -> Layer:
    return Layer(rotation=Rotation(MONDAY, WEEK), people=people, only=only)


def team(*layers: Layer, zone: ZoneInfo = SHANGHAI, overrides: tuple[Duty, ...] = ()) -> Schedule:
    return Schedule(zone=zone, layers=layers, overrides=overrides)


@pytest.mark.parametrize(
    ("instant", "people"),
    [
        ("2026-11-02T08:59:59", ()),
        ("2026-11-02T09:00", ("zhang",)),
        ("2026-11-09T08:59:59", ("zhang",)),
        ("2026-11-09T09:00", ("lee",)),
        ("2026-11-16T09:00", ("zhang",)),
    ],
)
def test_a_handoff_is_exactly_at_the_boundary(instant: str, people: tuple[str, ...]) -> None:
    assert on_call(team(weekly("zhang", "lee")), PEOPLE, at(instant)) == people


@pytest.mark.parametrize("day", ["2026-03-30", "2026-10-26"])
def test_a_handoff_stays_where_it_is_when_the_clocks_change(day: str) -> None:
    start = datetime.fromisoformat("2026-03-02T09:00")
    schedule = team(Layer(rotation=Rotation(start, WEEK), people=("zhang", "lee")), zone=BERLIN)
    handoff = at(f"{day}T09:00", BERLIN)
    before, after = (on_call(schedule, PEOPLE, when) for when in (handoff - SECOND, handoff))
    assert {before, after} == {("zhang",), ("lee",)}


def test_a_handoff_in_the_hour_that_comes_twice_is_in_the_first() -> None:
    start = datetime.fromisoformat("2026-10-24T02:30")
    schedule = team(Layer(rotation=Rotation(start, DAY), people=("zhang", "lee")), zone=BERLIN)
    handoff = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    second_pass = handoff + HOUR / 2 + SECOND  # the clocks show 02:00:01 again
    found = [on_call(schedule, PEOPLE, when) for when in (handoff - SECOND, handoff, second_pass)]
    assert found == [("zhang",), ("lee",), ("lee",)]
    around = Span(handoff - HOUR, handoff + 2 * HOUR)
    assert [shift.span.starts_at for shift in roster(schedule, PEOPLE, around)][1:] == [handoff]


def test_turns_of_hours_go_by_the_wall_clock() -> None:
    start = datetime.fromisoformat("2026-03-28T20:00")
    rotation = Rotation(start, timedelta(hours=12))
    handoffs = [rotation.handoff(number, BERLIN) for number in range(3)]
    assert handoffs == [
        at(f"2026-03-{day}", BERLIN) for day in ("28T20:00", "29T08:00", "29T20:00")
    ]
    assert handoffs[1] - handoffs[0] == timedelta(hours=11)  # summer time began


def test_later_layers_win_within_their_hours() -> None:
    office = Window(weekdays=frozenset(range(5)), begins=9 * HOUR, ends=18 * HOUR)
    schedule = team(weekly("zhang"), weekly("lee", only=(office,)))
    found = {
        when: on_call(schedule, PEOPLE, at(when))
        for when in (
            "2026-11-06T08:59:59",
            "2026-11-06T09:00",
            "2026-11-06T18:00",
            "2026-11-07T12:00",
        )
    }
    assert list(found.values()) == [("zhang",), ("lee",), ("zhang",), ("zhang",)]


def test_a_window_that_passes_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    night = Window(weekdays=frozenset({4}), begins=22 * HOUR, ends=32 * HOUR)
    schedule = team(weekly("zhang", only=(night,)))
    instants = ("2026-11-06T21:59", "2026-11-06T22:00", "2026-11-07T07:59", "2026-11-07T08:00")
    assert [on_call(schedule, PEOPLE, at(when)) for when in instants] == [
        (),
        ("zhang",),
        ("zhang",),
        (),
    ]


def test_a_calendar_knows_days_off_and_make_up_days() -> None:
    calendar = Calendar(frozenset({date(2027, 1, 1)}), frozenset({date(2027, 1, 3)}))
    worked = Window(weekdays=frozenset(), calendar=calendar)
    schedule = team(weekly("zhang", only=(worked,)))
    days = {day: on_call(schedule, PEOPLE, at(f"2027-01-0{day}T12:00")) for day in range(1, 5)}
    assert days == {1: (), 2: (), 3: ("zhang",), 4: ("zhang",)}  # Friday to Monday


def test_who_is_on_leave_leaves_the_turn_to_the_layer_below() -> None:
    away = Span(at("2026-11-04T00:00"), at("2026-11-06T00:00"))
    people = {**PEOPLE, "zhang": person("zhang", away)}
    schedule = team(weekly("wang"), weekly("zhang"))
    shifts = roster(schedule, people, Span(at("2026-11-03T00:00"), at("2026-11-08T00:00")))
    assert [(shift.people, shift.span.starts_at) for shift in shifts] == [
        (("zhang",), at("2026-11-03T00:00")),
        (("wang",), at("2026-11-04T00:00")),
        (("zhang",), at("2026-11-06T00:00")),
    ]


def test_an_override_wins_and_names_several() -> None:
    span = Span(at("2026-11-04T09:00"), at("2026-11-05T09:00"))
    away = {**PEOPLE, "lee": person("lee", Span(at("2026-11-04T12:00"), at("2026-11-05T00:00")))}
    first, second = Duty(span, ("lee", "wang")), Duty(span, ("lee",))
    schedule = team(weekly("zhang"), overrides=(first, second))
    assert on_call(schedule, PEOPLE, at("2026-11-04T10:00")) == ("lee",)
    assert on_call(schedule, away, at("2026-11-04T12:00")) == ("wang",)
    assert on_call(schedule, PEOPLE, at("2026-11-05T09:00")) == ("zhang",)


def test_all_events_that_cover_an_instant_count() -> None:
    span = Span(at("2026-11-04T09:00"), at("2026-11-05T09:00"))
    events = (Duty(span, ("zhang", "lee")), Duty(span, ("lee", "wang", "unknown")))
    schedule = Schedule(zone=SHANGHAI, events=events)
    assert on_call(schedule, PEOPLE, span.starts_at) == ("zhang", "lee", "wang")
    assert on_call(schedule, PEOPLE, span.ends_at) == ()


def test_what_never_changes_has_neither_beginning_nor_end() -> None:
    alone = team(weekly("zhang"))
    assert current(alone, PEOPLE, at("2027-06-01T00:00")) == Current(("zhang",), None, None)
    since, until = at("2026-11-09T09:00"), at("2026-11-16T09:00")
    found = current(team(weekly("zhang", "lee")), PEOPLE, at("2026-11-10T00:00"))
    assert found == Current(("lee",), since, until)
