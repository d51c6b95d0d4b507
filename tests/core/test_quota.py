"""Never over the rate, whatever is sent when, and however long requests take."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.core.quota import MOST_SLOTS, Quota, Rate
from support.clock import START

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)

rates = st.builds(
    Rate,
    st.integers(1, 60),
    st.sampled_from([SECOND, 6 * SECOND, MINUTE, 60 * MINUTE]),
)


def test_five_pass_at_once_then_one_every_four_seconds() -> None:
    quota = Quota()
    times: list[datetime] = []
    for _ in range(9):
        at = quota.next_at(times[-1] if times else START)
        times.append(at)
        quota = quota.spend(at, at + MINUTE)
    gaps = [(time - START).total_seconds() for time in times]
    assert gaps[:5] == [0] * 5
    assert [round(gap, 1) for gap in gaps[5:]] == [4.3, 8.6, 12.9, 17.1]


def test_after_a_pause_the_burst_is_whole_again() -> None:
    quota = Quota()
    for _ in range(5):
        quota = quota.spend(START, START + MINUTE)
    later = START + 2 * MINUTE
    for _ in range(5):
        assert quota.next_at(later) == later
        quota = quota.spend(later, later + MINUTE)
    assert quota.next_at(later) > later


def test_a_resting_token_sends_nothing() -> None:
    quota = Quota(rests_until=START + MINUTE)
    assert quota.next_at(START) == START + MINUTE
    assert quota.slots(START, MINUTE - SECOND) == 0
    assert quota.next_at(START + 2 * MINUTE) == START + 2 * MINUTE


def test_slots_count_burst_and_steady_flow() -> None:
    assert Quota().slots(START, timedelta(0)) == 5
    assert Quota().slots(START, MINUTE / 2) == 12


@given(
    rates,
    st.lists(st.floats(-1, 2), max_size=30),
    st.floats(-1, 3),
    st.floats(0, 1.5),
)
def test_slots_are_those_that_would_be_taken(
    rate: Rate, charges: list[float], steady: float, span: float
) -> None:
    quota = Quota(
        rate=rate,
        steady_at=START + steady * rate.slot,
        charges=tuple(START + charge * rate.per for charge in charges),
    )
    taken, count, at = quota, 0, quota.next_at(START)
    while at <= START + span * rate.per:
        taken, count = taken.spend(at, at + rate.per), count + 1
        at = taken.next_at(at)
    assert quota.slots(START, span * rate.per) == count


def test_a_rate_that_is_no_limit_is_not_counted_to_its_end() -> None:
    assert Quota(rate=Rate(1_000_000, MINUTE)).slots(START, MINUTE) == MOST_SLOTS


@given(rates, st.integers(0, 40))
def test_slots_are_counted_as_far_as_is_asked(rate: Rate, most: int) -> None:
    every = Quota(rate=rate).slots(START, rate.per)
    assert Quota(rate=rate).slots(START, rate.per, most) == min(every, most)


def test_what_remains_is_told() -> None:
    quota = Quota(charges=(START + SECOND, START + MINUTE))
    assert (quota.remaining(START), quota.remaining(START + SECOND)) == (18, 19)


def test_charges_left_by_others_count() -> None:
    """A crash, or another program with the same token, leaves charges without our slots."""
    quota = Quota(charges=tuple(START + number * SECOND for number in range(1, 26)))
    assert quota.next_at(START) == START + 6 * SECOND


@pytest.mark.parametrize("messages", [1, 2, 3, 4, 5, 20, 100])
def test_burst_and_flow_together_stay_within_the_rate(messages: int) -> None:
    rate = Rate(messages, MINUTE)
    assert rate.burst + MINUTE // rate.slot <= max(messages, 1)


@given(
    rates,
    st.lists(
        st.tuples(st.floats(0, 2), st.floats(0, 1.5), st.floats(0, 1)), min_size=1, max_size=120
    ),
)
def test_no_window_ever_holds_more_than_the_rate(
    rate: Rate, sends: list[tuple[float, float, float]]
) -> None:
    """Idle time, duration and the moment at which DingTalk counts are anything."""
    quota, now, counted = Quota(rate=rate), START, []
    for idle, duration, when in sends:
        now = quota.next_at(now + idle * rate.slot)
        ended = now + duration * rate.slot
        counted.append(now + when * (ended - now))
        quota = quota.spend(now, ended + rate.per)
        now = ended
    for index, start in enumerate(counted):
        within = sum(1 for time in counted[index:] if time - start < rate.per)
        assert within <= rate.messages


@given(rates, st.integers(0, 200))
def test_a_slot_is_never_far_away(rate: Rate, sent: int) -> None:
    """If requests take no time, the next message waits at most one slot."""
    quota, now = Quota(rate=rate), START
    for _ in range(sent):
        now = quota.next_at(now)
        quota = quota.spend(now, now + rate.per)
    assert quota.next_at(now) - now <= rate.slot


def test_slots_wait_for_charges_that_others_left() -> None:
    """Nineteen requests without our slots end together: one more passes, then none until then."""
    quota = Quota(charges=tuple([START + MINUTE / 2] * 19))
    assert quota.slots(START, MINUTE / 2 - SECOND) == 1
    assert quota.slots(START, MINUTE / 2) == 6
