"""What follows from DingTalk's answers, for the message and for its token."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from adapter.core.batch import Form
from adapter.core.delivery import (
    Broken,
    Exhausted,
    Notice,
    Outcome,
    Refused,
    Sent,
    Throttled,
    TooBig,
    Unreachable,
)
from adapter.core.quota import Quota, Rate
from adapter.core.settling import (
    FIRST_RETRY,
    LONGEST_RETRY,
    SMALLEST_ROOM,
    backoff,
    next_month,
    settle,
)
from adapter.core.turn import Fate, OpenBatch, Refusal, Settlement, StoredNotice, Turn

NOW = datetime(2026, 11, 23, 20, tzinfo=UTC)
PER = timedelta(seconds=6)

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
        TooBig("460101", "too long"),
    ]
)


def make_turn(*, throttles: int = 0, failures: int = 0, room: int = 19_000) -> Turn:
    return Turn(
        token="t",
        robot="ops",
        leased_until=NOW,
        quota=Quota(rate=Rate(20, PER)),
        room=room,
        throttles=throttles,
        failures=failures,
    )


SPANS = [(0, 1), (1, 1), (2, 2), (3, 4), (9, 256), (10, 300), (21, 300), (10_000, 300)]


@pytest.mark.parametrize(("failures", "seconds"), SPANS)
def test_backoff_doubles_from_a_second_to_five_minutes(failures: int, seconds: int) -> None:
    assert backoff(failures, 0) == timedelta(seconds=seconds / 2)
    assert backoff(failures, 0.5) == timedelta(seconds=seconds * 0.75)


@given(counts, jitters)
def test_backoff_stays_within_its_bounds(failures: int, jitter: float) -> None:
    assert FIRST_RETRY / 2 <= backoff(failures, jitter) <= LONGEST_RETRY


def test_what_is_sent_clears_the_token() -> None:
    settled = settle(Sent(), make_turn(throttles=3, failures=4), now=NOW, jitter=0)
    assert settled == Settlement(fate=Fate.SENT)


@pytest.mark.parametrize(("before", "spans"), [(0, 1), (1, 2), (2, 4), (3, 8), (4, 10), (99, 10)])
def test_a_throttled_token_rests_by_its_own_minutes_and_no_attempt_is_counted(
    before: int, spans: int
) -> None:
    settled = settle(
        Throttled("660026", "x"), make_turn(throttles=before, failures=2), now=NOW, jitter=0
    )
    assert settled == Settlement(
        fate=Fate.DISSOLVED,
        rests_until=NOW + spans * PER,
        throttles=before + 1,
        failures=2,
        ill="throttled",
    )


def test_an_exhausted_token_rests_until_the_month_turns() -> None:
    settled = settle(Exhausted("90030", "x"), make_turn(), now=NOW, jitter=0)
    assert settled.rests_until == datetime(2026, 11, 30, 16, tzinfo=UTC)
    assert settled.fate is Fate.DISSOLVED


def test_the_month_turns_in_china() -> None:
    assert next_month(datetime(2026, 12, 31, 15, 59, tzinfo=UTC)) == datetime(
        2026, 12, 31, 16, tzinfo=UTC
    )
    assert next_month(datetime(2026, 12, 31, 16, tzinfo=UTC)) == datetime(
        2027, 1, 31, 16, tzinfo=UTC
    )


@pytest.mark.parametrize(("ambiguous", "fate"), [(True, Fate.FROZEN), (False, Fate.DISSOLVED)])
def test_what_may_have_arrived_is_frozen(fate: Fate, *, ambiguous: bool) -> None:
    outcome = Unreachable("x", ambiguous=ambiguous)
    settled = settle(outcome, make_turn(failures=1), now=NOW, jitter=0.5)
    rests_until = NOW + timedelta(seconds=1.5)
    assert settled == Settlement(
        fate=fate, rests_until=rests_until, failures=2, ill="unreachable", arrived=ambiguous
    )


def test_a_broken_robot_is_left_alone_for_long() -> None:
    settled = settle(Broken("300005", "x", "token"), make_turn(), now=NOW, jitter=0)
    assert settled == Settlement(
        fate=Fate.DISSOLVED, rests_until=NOW + 10 * PER, failures=1, ill="token"
    )


def test_refused_content_does_not_rest_the_token() -> None:
    settled = settle(Refused("430102", "x"), make_turn(), now=NOW, jitter=0)
    assert settled == Settlement(fate=Fate.REFUSED, refusal=Refusal("430102", NOW))


def refused_again(errcode: str, *, after: timedelta, minimal: bool = False) -> Settlement:
    """Return what follows when a second message is refused so long after one with 430102."""
    first = settle(Refused("430102", "x"), make_turn(), now=NOW, jitter=0)
    turn = msgspec.structs.replace(make_turn(), refusal=first.refusal)
    return settle(Refused(errcode, "x"), turn, now=NOW + after, jitter=0, minimal=minimal)


def test_two_that_fail_alike_make_all_plain_for_ten_minutes() -> None:
    assert refused_again("430102", after=PER).plain_until == NOW + 11 * PER


@pytest.mark.parametrize(
    ("errcode", "after", "minimal"),
    [("430101", PER, False), ("430102", 10 * PER, False), ("430102", PER, True)],
    ids=["another reason", "long ago", "told plainly already"],
)
def test_what_fails_otherwise_changes_nothing_for_others(
    errcode: str, after: timedelta, *, minimal: bool
) -> None:
    assert refused_again(errcode, after=after, minimal=minimal).plain_until is None


@given(outcomes, jitters)
def test_no_other_outcome_forgets_what_was_refused(outcome: Outcome, jitter: float) -> None:
    refusal = Refusal("430102", NOW - PER)
    turn = msgspec.structs.replace(make_turn(), refusal=refusal, plain_until=NOW + PER)
    settled = settle(outcome, turn, now=NOW, jitter=jitter, minimal=True)
    assert (settled.refusal, settled.plain_until) == (refusal, NOW + PER)


def test_what_is_too_big_gets_less_room_until_it_cannot_be_the_size() -> None:
    big = TooBig("460101", "x")
    settled = settle(big, make_turn(), now=NOW, jitter=0)
    assert settled == Settlement(fate=Fate.DISSOLVED, room=14_250)
    settled = settle(big, make_turn(room=5_000), now=NOW, jitter=0)
    assert settled.room == SMALLEST_ROOM
    settled = settle(big, make_turn(room=SMALLEST_ROOM), now=NOW, jitter=0)
    assert settled.fate is Fate.REFUSED


@pytest.mark.parametrize(("alerts", "fate"), [(0, Fate.REFUSED), (3, Fate.DISSOLVED)])
def test_what_is_not_made_of_alerts_cannot_be_made_smaller(alerts: int, fate: Fate) -> None:
    notice = StoredNotice(id=1, notice=Notice(robot="ops", title="t", text="x"), received_at=NOW)
    opened = OpenBatch(
        id="m", body=b"", form=Form.FULL, alerts=alerts, attempts=1, oldest_received_at=NOW
    )
    big = TooBig("460101", "x")
    turn = replace(make_turn(), open=opened)
    assert settle(big, turn, now=NOW, jitter=0).fate is fate
    turn = replace(make_turn(), notice=notice)
    assert settle(big, turn, now=NOW, jitter=0) == Settlement(fate=Fate.REFUSED)


@given(outcomes, counts, counts, jitters)
def test_only_what_dingtalk_accepted_is_sent_and_no_rest_is_in_the_past(
    outcome: Outcome, throttles: int, failures: int, jitter: float
) -> None:
    turn = make_turn(throttles=throttles, failures=failures)
    settled = settle(outcome, turn, now=NOW, jitter=jitter)
    assert (settled.fate is Fate.SENT) == isinstance(outcome, Sent)
    assert settled.rests_until is None or settled.rests_until > NOW
