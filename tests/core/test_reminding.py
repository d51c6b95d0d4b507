"""What nobody looks after rings again: not too often, not too early, and not for ever."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from adapter.core.reminding import DONE, REPEAT, UNHEARD, Over, Remind, Reminder, Ring, Wait, judge
from support.clock import START

MINUTE = timedelta(minutes=1)
REMIND = Remind(after=10 * MINUTE, times=3)
SPANS = st.integers(1, 600).map(lambda minutes: minutes * MINUTE)
REMINDS = st.builds(Remind, after=SPANS, times=st.integers(0, 6))
LOOKS = st.lists(st.integers(0, 60 * 24).map(lambda minutes: START + minutes * MINUTE), max_size=60)


def fresh(remind: Remind = REMIND) -> Reminder:
    return Reminder(due_at=START + remind.after, heard_at=START, told_at=START)


def after(reminder: Reminder, verdict: Wait | Ring | Over) -> Reminder | None:
    """Return the reminder as the store keeps it after a look; None once it is over."""
    if isinstance(verdict, Wait):
        return msgspec.structs.replace(reminder, due_at=verdict.until)
    if isinstance(verdict, Ring) and verdict.then is not None:
        return msgspec.structs.replace(reminder, due_at=verdict.then, sent=verdict.number)
    return None


def test_it_rings_its_number_of_times_each_after_its_time() -> None:
    reminder: Reminder | None = fresh()
    rung = []
    for now in (START + number * MINUTE for number in range(60)):
        if reminder is not None:
            verdict = judge(reminder, REMIND, now)
            if isinstance(verdict, Ring):
                rung.append((now - START, verdict.number))
            reminder = after(reminder, verdict)
    assert rung == [(10 * MINUTE, 1), (20 * MINUTE, 2), (30 * MINUTE, 3)]


@given(REMINDS, LOOKS, st.none() | SPANS, SPANS)
def test_it_never_rings_too_often_too_early_or_for_ever(
    remind: Remind, looks: list[datetime], told: timedelta | None, gap: timedelta
) -> None:
    """However seldom it is looked, and whenever the message was told."""
    told_at = None if told is None else START + told
    reminder: Reminder | None = Reminder(
        due_at=START + remind.after, heard_at=START, gap=gap, told_at=told_at
    )
    rung: list[datetime] = []
    for now in sorted(looks):
        if reminder is None:
            break
        verdict = judge(reminder, remind, now)
        if isinstance(verdict, Ring):
            rung.append(now)
            assert verdict.number == len(rung)
            assert now - START <= 2 * max(REPEAT, gap), "nothing was heard of it"
        reminder = after(reminder, verdict)
    assert len(rung) <= remind.times
    first = max(START, told_at or START) + remind.after
    assert all(now >= first for now in rung)
    assert all(later - now >= remind.after for now, later in pairwise(rung))


def test_what_waits_in_the_queue_is_not_reminded_of() -> None:
    waiting = msgspec.structs.replace(fresh(), waits=True, told_at=None)
    now = START + 11 * MINUTE
    assert judge(waiting, REMIND, now) == Wait(now + REMIND.after)


def test_the_first_time_counts_from_when_it_was_told() -> None:
    late = msgspec.structs.replace(fresh(), told_at=START + 5 * MINUTE)
    assert judge(late, REMIND, START + 11 * MINUTE) == Wait(START + 15 * MINUTE)
    again = msgspec.structs.replace(late, sent=1, due_at=START + 12 * MINUTE)
    assert judge(again, REMIND, START + 12 * MINUTE) == Ring(2, START + 22 * MINUTE)


def test_it_ends_when_nothing_is_heard_for_twice_the_repeat_interval() -> None:
    long = Remind(after=60 * MINUTE, times=100)
    at = START + 2 * REPEAT
    assert isinstance(judge(fresh(long), long, at), Ring)
    assert judge(fresh(long), long, at + MINUTE) == Over(UNHEARD)
    rare = msgspec.structs.replace(fresh(long), gap=timedelta(hours=12))
    assert isinstance(judge(rare, long, START + timedelta(hours=24)), Ring)
    assert judge(rare, long, START + timedelta(hours=24, minutes=1)) == Over(UNHEARD)


def test_it_is_over_when_the_configuration_allows_no_more() -> None:
    assert judge(msgspec.structs.replace(fresh(), sent=3), REMIND, START) == Over(DONE)
    assert judge(fresh(), Remind(after=MINUTE, times=0), START) == Over(DONE)
