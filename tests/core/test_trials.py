"""What DingTalk refused is tried again by itself, slowly, until the alert at fault stands alone."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.core.batch import Plan, Waiting
from adapter.core.folding import queue_of
from adapter.core.priority import Priority
from adapter.core.quota import Quota, Rate
from adapter.core.trials import SHARE, trial, trial_at
from support.alerts import make_alert, make_delivery
from support.backlog import MINUTE, Backlog, Told
from support.clock import START

if TYPE_CHECKING:
    from adapter.core.delivery import Delivery

SECOND = timedelta(seconds=1)
SLOT = Rate().slot


def groups(count: int, *, start: int = 0, priority: Priority = Priority.NORMAL) -> list[Delivery]:
    return [
        make_delivery(make_alert(instance=str(number)), key=str(number), priority=priority)
        for number in range(start, start + count)
    ]


def fingerprint(delivery: Delivery) -> str:
    return delivery.group.alerts[0].fingerprint


def trials(history: list[Told]) -> list[Told]:
    return [told for told in history if told.batch.minimal]


def names(told: Told) -> list[str]:
    return [entry.alert.labels["instance"] for entry in told.entries]


def test_among_500_alerts_one_refused_for_its_annotation_all_are_told() -> None:
    storm = groups(500)
    backlog = Backlog(refused_notes=frozenset({fingerprint(storm[250])}))
    backlog.post(*storm)
    history = backlog.run()
    assert not backlog.waiting
    assert not backlog.dead
    assert len(trials(history)) == 1
    told = [name for told in history if told.accepted for name in names(told)]
    assert sorted(map(int, told)) == list(range(500))


def test_one_refused_for_its_label_is_found_and_499_are_told() -> None:
    storm = groups(500)
    backlog = Backlog(refused=frozenset({fingerprint(storm[250])}))
    backlog.post(*storm)
    history = backlog.run()
    assert not backlog.waiting
    assert backlog.dead == [(251, 0)]
    told = [name for told in history if told.accepted for name in names(told)]
    assert sorted(map(int, told)) == [number for number in range(500) if number != 250]


def test_the_rest_of_the_storm_does_not_wait_for_trials() -> None:
    storm = groups(500)
    backlog = Backlog(refused=frozenset({fingerprint(storm[250])}))
    backlog.post(*storm)
    sound = [told for told in backlog.run() if not told.batch.minimal]
    assert sound[-1].at - START <= MINUTE / 2


def tried(*suspects: tuple[str, int]) -> int:
    """Return how many are in the first trial, by their templates and `suspect`."""
    head = [
        Waiting(
            id=number,
            delivery=make_delivery(
                make_alert(instance=str(number)), key=str(number), template=template
            ),
            priority=Priority.NORMAL,
            received_at=START,
            left=(0,),
            suspect=suspect,
        )
        for number, (template, suspect) in enumerate(suspects)
    ]
    return len(trial(queue_of(head)).entries)


def test_a_trial_tells_as_many_as_each_of_them_may_be_told_with() -> None:
    assert tried(("a", 3), ("a", 3), ("a", 3), ("a", 3)) == 3
    assert tried(("a", 3), ("a", 9), ("a", 9), ("a", 9)) == 3
    assert tried(("a", 9), ("a", 2), ("a", 9), ("a", 9)) == 2
    assert tried(("a", 9), ("a", 1), ("a", 9)) == 1


def test_a_trial_has_one_look() -> None:
    assert tried(("a", 9), ("a", 9), ("b", 9), ("a", 9)) == 2


def test_trials_yield_to_high_priority() -> None:
    backlog = Backlog(refused=frozenset({fingerprint(groups(1)[0])}))
    backlog.post(*groups(1))
    backlog.step()
    while backlog.plan().batch is None:
        backlog.step()
    urgent = groups(1, start=1, priority=Priority.HIGH)
    backlog.post(*urgent)
    backlog.step()
    assert names(backlog.history[-1]) == ["1"]


def test_a_trial_waits_for_its_turn() -> None:
    backlog = Backlog(refused=frozenset({fingerprint(groups(1)[0])}))
    turn = trial_at(backlog.quota, START)
    backlog.now = turn + SLOT
    backlog.post(*groups(1))
    backlog.step()
    assert backlog.plan() == Plan(wake_at=turn + SHARE * SLOT)


def test_while_trials_wait_others_are_told() -> None:
    backlog = Backlog(refused=frozenset({fingerprint(groups(1)[0])}))
    backlog.now = trial_at(backlog.quota, START) + SLOT
    backlog.post(*groups(1))
    backlog.step()
    backlog.post(*groups(1, start=1))
    backlog.step()
    assert [names(told) for told in backlog.history] == [["0"], ["1"]]


@given(st.timedeltas(timedelta(0), 10 * MINUTE), st.sampled_from([1, 4, 20, 100]))
def test_a_fresh_token_may_try_within_four_slots(passed: timedelta, messages: int) -> None:
    rate = Rate(messages)
    now = START + passed
    at = trial_at(Quota(rate=rate), now)
    assert now <= at <= now + SHARE * rate.slot
    assert trial_at(Quota(rate=rate), at) == at


@pytest.mark.parametrize("load", [0.0, 0.3, 1.0, 3.0])
def test_trials_take_no_more_than_a_quarter_of_the_rate(load: float) -> None:
    """Beside no other messages, few, as many as there are slots, and more."""
    bad = groups(60)
    backlog = Backlog(refused=frozenset(map(fingerprint, bad)))
    backlog.post(*bad)
    posted = 1_000.0
    while backlog.now < START + 15 * MINUTE:
        backlog.post(*groups(int(posted + load) - int(posted), start=int(posted)))
        posted += load
        backlog.run(backlog.now + SLOT)
    times = [told.at for told in trials(backlog.history)]
    within = [sum(1 for t in times[i:] if t - at < MINUTE) for i, at in enumerate(times)]
    assert 3 <= max(within) <= Rate().messages // SHARE
    assert len(times) >= 45  # of 52 turns: nor are they forgotten
