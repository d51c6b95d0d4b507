"""Swaps of shifts: when tonight is, who may take over, and that the one made last counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.core.oncall import Duty, Schedule, on_call
from adapter.core.people import Person
from adapter.core.spans import Span
from adapter.core.swaps import LONGEST, Swap, mistake, tonight, with_swaps
from support.clock import START

SHANGHAI = ZoneInfo("Asia/Shanghai")
HOUR = timedelta(hours=1)
PEOPLE = {key: Person(key=key, name=key, user_id=key) for key in ("zhang", "lee", "wang")}


def a_swap(person: str, starts_at: datetime, ends_at: datetime, schedule: str = "sre") -> Swap:
    return Swap(
        schedule=schedule, person=person, starts_at=starts_at, ends_at=ends_at,
        who="boss", decided_at=START,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("now", "since", "until"),
    [
        ("2026-11-26T12:00", "2026-11-26T18:00", "2026-11-27T09:00"),
        ("2026-11-26T18:00", "2026-11-26T18:00", "2026-11-27T09:00"),
        ("2026-11-26T23:59", "2026-11-26T23:59", "2026-11-27T09:00"),
        ("2026-11-27T03:00", "2026-11-27T03:00", "2026-11-27T09:00"),
        ("2026-11-27T09:00", "2026-11-27T18:00", "2026-11-28T09:00"),
    ],
)
def test_tonight_is_until_the_next_morning(now: str, since: str, until: str) -> None:
    at, starts, ends = (
        datetime.fromisoformat(each).replace(tzinfo=SHANGHAI) for each in (now, since, until)
    )
    assert tonight(at.astimezone(UTC), SHANGHAI) == Span(starts, ends)


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001  # of UTC, below
    st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]),
)
def test_tonight_is_to_come_and_never_longer_than_a_night(now: datetime, zone: str) -> None:
    at = now.replace(tzinfo=UTC)
    span = tonight(at, ZoneInfo(zone))
    assert at <= span.starts_at < span.ends_at
    assert span.ends_at - span.starts_at <= 16 * HOUR
    assert not mistake(span, PEOPLE["lee"], at)


def test_a_swap_wins_over_an_override_and_the_last_over_others() -> None:
    day = Span(START, START + 24 * HOUR)
    schedules = {"sre": Schedule(zone=UTC, overrides=(Duty(day, ("zhang",)),))}
    swaps = [
        a_swap("lee", START + HOUR, START + 3 * HOUR),
        a_swap("wang", START + 2 * HOUR, START + 4 * HOUR),
        a_swap("lee", *_whole(day), schedule="gone"),
    ]
    found = with_swaps(schedules, swaps)
    assert found.keys() == {"sre"}
    hours = [on_call(found["sre"], PEOPLE, START + hour * HOUR) for hour in range(5)]
    assert hours == [("zhang",), ("lee",), ("wang",), ("wang",), ("zhang",)]
    assert with_swaps(schedules, ()) == schedules


def _whole(span: Span) -> tuple[datetime, datetime]:
    return span.starts_at, span.ends_at


@pytest.mark.parametrize(
    ("person", "since", "until", "wrong"),
    [
        ("lee", 0, 1, ""),
        ("lee", -1, 1, ""),
        ("nobody", 0, 1, "no_person"),
        ("lee", 1, 1, "no_span"),
        ("lee", -2, -1, "no_span"),
        ("lee", 0, LONGEST / HOUR, ""),
        ("lee", 0, LONGEST / HOUR + 1, "too_long"),
        ("away", 0, 5, ""),
        ("away", 4, 6, "away"),
        ("away", 7, 8, ""),
    ],
)
def test_who_cannot_take_over_is_told(person: str, since: float, until: float, wrong: str) -> None:
    away = Span(START + 5 * HOUR, START + 7 * HOUR)
    people = {**PEOPLE, "away": Person(key="away", name="away", user_id="a", away=(away,))}
    span = Span(START + since * HOUR, START + until * HOUR)
    assert mistake(span, people.get(person), START) == wrong
