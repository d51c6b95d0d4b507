"""Every instant has exactly the people that a slow, obvious reference finds."""

from __future__ import annotations

import os
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.core.oncall import on_call
from adapter.core.roster import current, gaps, roster
from support.oncall_reference import who
from support.schedules import teams

if TYPE_CHECKING:
    from adapter.core.oncall import Schedule
    from adapter.core.people import Person
    from adapter.core.spans import Span

SECOND = timedelta(seconds=1)
Team = tuple["Schedule", dict[str, "Person"], "Span"]

often = settings(deadline=None, max_examples=1_000 if os.environ.get("VERIFY") else 40)


ANY = st.integers(0, 14 * 86_400)
NEAR = st.integers(7 * 86_400 - 14 * 3_600, 7 * 86_400 + 30 * 3_600)  # the change of the clocks


@given(teams(), st.lists(ANY | NEAR, min_size=5, max_size=30))
@often
def test_every_instant_has_the_people_that_the_reference_finds(
    team: Team, seconds: list[int]
) -> None:
    schedule, people, around = team
    for number in seconds:
        at = around.starts_at + number * SECOND
        assert on_call(schedule, people, at) == who(schedule, people, at)


@given(teams())
@often
def test_a_roster_has_no_gap_and_tells_every_change_to_the_second(team: Team) -> None:
    schedule, people, around = team
    shifts = roster(schedule, people, around)
    assert (shifts[0].span.starts_at, shifts[-1].span.ends_at) == (
        around.starts_at,
        around.ends_at,
    )
    for shift in shifts:
        first, last = shift.span.starts_at, shift.span.ends_at - SECOND
        assert who(schedule, people, first) == who(schedule, people, last) == shift.people
    for before, after in pairwise(shifts):
        assert before.span.ends_at == after.span.starts_at
        assert before.people != after.people
    assert gaps(schedule, people, around) == tuple(
        shift.span for shift in shifts if not shift.people
    )


@given(teams(), st.integers(0, 14 * 86_400))
@often
def test_a_roster_tells_who_is_on_call_at_any_instant(team: Team, second: int) -> None:
    schedule, people, around = team
    at = around.starts_at + second * SECOND
    now = current(schedule, people, at)
    assert now.people == who(schedule, people, at)
    if now.since is not None:
        assert now.since <= at
        assert who(schedule, people, now.since - SECOND) != now.people
    if now.until is not None:
        assert at < now.until
        assert who(schedule, people, now.until) != now.people
