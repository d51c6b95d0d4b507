"""What follows from DingTalk's answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.core.delivery import (
    BROKEN_REST,
    EXHAUSTED_REST,
    FIRST_RETRY,
    LONGEST_RETRY,
    LONGEST_THROTTLE_REST,
    THROTTLE_REST,
    Broken,
    Exhausted,
    Outcome,
    Refused,
    Sent,
    Settlement,
    Throttled,
    TooBig,
    Unreachable,
    backoff,
    settle,
)

NOW = datetime(2026, 11, 23, 20, tzinfo=UTC)

jitters = st.floats(0, 1, exclude_max=True)
counts = st.integers(0, 10_000)
outcomes: st.SearchStrategy[Outcome] = st.sampled_from(
    [
        Sent(),
        Throttled("660026", "send too fast"),
        Exhausted("90030", "used up"),
        Unreachable("refused", ambiguous=False),
        Unreachable("timeout", ambiguous=True),
        Broken("310000", "sign not match", "sign"),
        Refused("430101", "unsafe link"),
        TooBig("430103", "too long"),
    ]
)

SPANS = [(0, 1), (1, 1), (2, 2), (3, 4), (9, 256), (10, 300), (21, 300), (10_000, 300)]


@pytest.mark.parametrize(("attempts", "seconds"), SPANS)
def test_backoff_doubles_from_a_second_to_five_minutes(attempts: int, seconds: int) -> None:
    assert backoff(attempts, 0) == timedelta(seconds=seconds / 2)
    assert backoff(attempts, 0.5) == timedelta(seconds=seconds * 0.75)


@given(counts, jitters)
def test_backoff_stays_within_its_bounds(attempts: int, jitter: float) -> None:
    assert FIRST_RETRY / 2 <= backoff(attempts, jitter) <= LONGEST_RETRY


@given(counts, jitters)
def test_backoff_never_shrinks_from_one_attempt_to_the_next(attempts: int, jitter: float) -> None:
    assert backoff(attempts, jitter) <= backoff(attempts + 1, jitter)


@given(counts, jitters, jitters)
def test_more_jitter_never_waits_less(attempts: int, one: float, other: float) -> None:
    assert backoff(attempts, min(one, other)) <= backoff(attempts, max(one, other))


def settled(outcome: Outcome, attempts: int = 3, throttles: int = 0) -> Settlement:
    return settle(outcome, attempts=attempts, throttles=throttles, now=NOW, jitter=0)


def test_what_is_sent_is_done() -> None:
    assert settled(Sent()) == Settlement(attempts=4)


THROTTLE_MINUTES = [(0, 1), (1, 2), (2, 4), (3, 8), (4, 10), (5, 10), (1_000, 10)]


@pytest.mark.parametrize(("throttles", "minutes"), THROTTLE_MINUTES)
def test_a_throttled_robot_rests_ever_longer_and_no_attempt_is_counted(
    throttles: int, minutes: int
) -> None:
    until = NOW + timedelta(minutes=minutes)
    assert settled(Throttled("660026", "fast"), throttles=throttles) == Settlement(
        due_at=until, attempts=3, rests_until=until, throttled=True
    )


def test_an_exhausted_robot_rests_and_no_attempt_is_counted() -> None:
    until = NOW + EXHAUSTED_REST
    assert settled(Exhausted("90030", "used up")) == Settlement(
        due_at=until, attempts=3, rests_until=until
    )


@pytest.mark.parametrize("ambiguous", [True, False])
def test_an_ambiguous_answer_freezes_the_bytes(ambiguous: bool) -> None:  # noqa: FBT001
    until = NOW + backoff(4, 0)
    assert settled(Unreachable("timeout", ambiguous)) == Settlement(
        due_at=until, attempts=4, frozen=ambiguous, rests_until=until
    )


def test_a_broken_robot_rests() -> None:
    until = NOW + BROKEN_REST
    assert settled(Broken("300001", "token", "token")) == Settlement(
        due_at=until, attempts=4, rests_until=until
    )


@pytest.mark.parametrize("outcome", [Refused("430101", "link"), TooBig("430103", "long")])
def test_refused_content_waits_alone_and_its_robot_goes_on(outcome: Outcome) -> None:
    assert settled(outcome) == Settlement(due_at=NOW + backoff(4, 0), attempts=4)


@given(outcomes, counts, counts, jitters)
def test_every_outcome_keeps_the_laws_of_settlement(
    outcome: Outcome, attempts: int, throttles: int, jitter: float
) -> None:
    found = settle(outcome, attempts=attempts, throttles=throttles, now=NOW, jitter=jitter)
    assert (found.due_at is None) is isinstance(outcome, Sent)
    assert found.attempts == attempts + (not isinstance(outcome, Throttled | Exhausted))
    assert found.throttled is isinstance(outcome, Throttled)
    assert found.frozen is (isinstance(outcome, Unreachable) and outcome.ambiguous)
    longest = max(LONGEST_RETRY, LONGEST_THROTTLE_REST, BROKEN_REST, EXHAUSTED_REST)
    shortest = min(FIRST_RETRY / 2, THROTTLE_REST)
    if found.due_at is not None:
        assert NOW + shortest <= found.due_at <= NOW + longest
        # Whatever rests its robot comes up again only when the robot may send.
        assert found.rests_until in {None, found.due_at}
