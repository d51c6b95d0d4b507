"""What the next message tells, from one alert to ten thousand."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import msgspec
import pytest

from adapter.core.batch import Batch, Form, Limits, Plan, Totals
from adapter.core.batching import plan
from adapter.core.delivery import Split
from adapter.core.mentions import Wanted
from adapter.core.message import BODY_LIMIT
from adapter.core.priority import Priority
from adapter.core.quota import Quota, Rate
from support.alerts import make_alert, make_delivery
from support.backlog import MINUTE, Backlog, Told
from support.clock import START
from support.steps import steps

if TYPE_CHECKING:
    from adapter.core.delivery import Delivery


HIGH, NORMAL = Priority.HIGH, Priority.NORMAL
SECOND = timedelta(seconds=1)
SLOT = Rate().slot


def groups(count: int, *, start: int = 0, priority: Priority = NORMAL) -> list[Delivery]:
    """Return groups of one alert each."""
    return [
        make_delivery(
            make_alert("HighCPU", instance=f"node-{number}:9100", job="node"),
            key=str(number),
            priority=priority,
        )
        for number in range(start, start + count)
    ]


def a_group(alerts: int, *, key: str = "big", priority: Priority = NORMAL) -> Delivery:
    members = (make_alert("HighCPU", instance=f"{key}-{number}:9100") for number in range(alerts))
    return make_delivery(*members, key=key, priority=priority)


def first(*deliveries: Delivery) -> Batch:
    """Return the first message after these come at once."""
    backlog = Backlog()
    backlog.post(*deliveries)
    batch = backlog.plan().batch
    assert batch is not None
    return batch


def sent(*deliveries: Delivery, backlog: Backlog | None = None) -> list[Told]:
    """Return all messages after these come at once."""
    backlog = backlog or Backlog()
    backlog.post(*deliveries)
    history = backlog.run()
    assert not backlog.waiting
    return history


def seconds(history: list[Told]) -> list[float]:
    return [round((told.at - START).total_seconds(), 1) for told in history]


# When.


def test_nothing_waits() -> None:
    assert (
        plan((), Totals(), Quota(rests_until=START + MINUTE), START, Limits(digest_after=MINUTE))
        == Plan()
    )


def test_a_message_waits_for_its_slot() -> None:
    backlog = Backlog()
    backlog.post(*groups(5))
    for _ in range(5):
        backlog.step()
    backlog.post(*groups(1))
    assert backlog.plan() == Plan(wake_at=START + SLOT)


# From one group to a storm.


def test_one_group_goes_out_alone_and_at_once() -> None:
    batch = first(a_group(3))
    assert (batch.form, batch.alone, batch.parts) == (Form.FULL, True, 1)
    assert [entry.index for entry in batch.entries] == [0, 1, 2]


@pytest.mark.parametrize("count", [5, 12])
def test_groups_that_the_rate_has_room_for_go_out_alone(count: int) -> None:
    history = sent(*groups(count))
    assert all(told.batch.alone and told.batch.parts == 1 for told in history)
    assert len(history) == count
    assert seconds(history) == [0, 0, 0, 0, 0, 4.3, 8.6, 12.9, 17.1, 21.4, 25.7, 30][:count]


def test_one_more_and_they_share_a_message() -> None:
    (told,) = sent(*groups(13))
    assert (told.batch.form, told.batch.alone) == (Form.FULL, False)


def test_a_hundred_groups_are_told_in_full_at_once() -> None:
    history = sent(*groups(100))
    assert {told.batch.form for told in history} == {Form.FULL}
    assert [told.batch.parts for told in history] == [2, 1]
    assert history[-1].at == START


def test_a_thousand_groups_are_told_in_lines_within_half_a_minute() -> None:
    history = sent(*groups(1_000))
    assert {told.batch.form for told in history} == {Form.LINE}
    lines = sum(c.line_bytes for c in history[0].batch.totals.counts)
    assert len(history) <= 1.3 * lines / BODY_LIMIT
    assert history[-1].at - START <= MINUTE / 2


def test_a_storm_that_comes_within_a_second_begins_with_groups_alone() -> None:
    backlog = Backlog()
    for number in range(0, 1_000, 10):
        backlog.post(*groups(10, start=number))
        backlog.run(backlog.now + SECOND / 100)
    history = backlog.run()
    burst, storm = history[: Rate().burst], history[Rate().burst :]
    assert all(told.batch.alone for told in burst)
    assert {told.batch.form for told in storm} == {Form.LINE}
    lines = sum(c.line_bytes for c in storm[0].batch.totals.counts)
    assert len(storm) <= 1.3 * lines / BODY_LIMIT
    assert history[-1].at - START <= MINUTE / 2 + SECOND


@pytest.mark.parametrize("split", [1, 10_000])
def test_ten_thousand_alerts_are_a_digest(split: int) -> None:
    (told,) = sent(*(a_group(10_000 // split, key=str(number)) for number in range(split)))
    assert (told.batch.form, told.batch.through_id) == (Form.DIGEST, split)
    assert told.batch.totals.last_id == split
    assert told.batch.entries
    assert told.at == START


def test_lines_are_told_while_digest_after_has_time_for_them() -> None:
    patient = Backlog(limits=Limits(digest_after=30 * MINUTE))
    assert {told.batch.form for told in sent(*groups(5_000), backlog=patient)} == {Form.LINE}


def test_a_group_too_large_for_one_message_says_in_how_many() -> None:
    history = sent(a_group(400))
    assert all(told.batch.alone for told in history)
    assert [told.batch.parts for told in history] == [2, 1]


def test_a_group_that_would_take_every_slot_is_none_alone() -> None:
    batch = first(a_group(3_600))
    assert (batch.form, batch.alone) == (Form.LINE, False)


def test_what_waits_beyond_the_head_counts() -> None:
    backlog = Backlog(head_alerts=12)
    backlog.post(*groups(13))
    assert len(backlog.head()) == 12
    batch = backlog.plan().batch
    assert batch is not None
    assert not batch.alone


# High priority.


@pytest.mark.parametrize("slots_passed", range(9))
def test_high_priority_takes_the_next_slot_of_a_storm(slots_passed: int) -> None:
    backlog = Backlog()
    backlog.post(*groups(1_000))
    posted_at = START + slots_passed * SLOT + SECOND
    backlog.run(posted_at)
    backlog.post(*groups(1, start=5_000, priority=HIGH))
    done = len(backlog.history)
    told = backlog.run()[done]
    assert told.at - posted_at <= SLOT
    assert (told.batch.priority, told.batch.alone) == (HIGH, True)


def test_high_priority_is_never_a_number() -> None:
    batch = first(*groups(10_000, priority=HIGH))
    assert (batch.form, batch.priority) == (Form.LINE, HIGH)
    overdue = Backlog()
    overdue.post(*groups(1, priority=HIGH))
    overdue.now += timedelta(hours=7)
    batch_later = overdue.plan().batch
    assert batch_later is not None
    assert batch_later.form is Form.FULL


def test_high_priority_is_planned_by_itself() -> None:
    batch = first(*groups(10_000), *groups(6, start=10_000, priority=HIGH))
    assert (batch.priority, batch.alone, len(batch.entries)) == (HIGH, True, 1)


def test_high_priority_shares_a_message_rather_than_queue_for_slots() -> None:
    batch = first(*groups(10_000), *groups(7, start=10_000, priority=HIGH))
    assert (batch.form, batch.priority, batch.alone) == (Form.FULL, HIGH, False)
    assert [entry.delivery.priority for entry in batch.entries[:8]] == [HIGH] * 7 + [NORMAL]


def test_high_priority_is_told_in_lines_rather_than_queue_for_slots() -> None:
    history = sent(*(a_group(90, key=f"g{n}", priority=HIGH) for n in range(7)), *groups(500))
    high = [told for told in history if told.batch.priority is HIGH]
    assert high[0].batch.form is Form.LINE
    assert high[-1].at - START <= SLOT


def test_normal_alerts_fill_up_a_message_of_high_priority() -> None:
    batch = first(*groups(3), *groups(13, start=3, priority=HIGH))
    assert (batch.form, batch.priority, batch.parts) == (Form.FULL, HIGH, 1)
    assert [entry.delivery.priority for entry in batch.entries] == [HIGH] * 13 + [NORMAL] * 3


def test_high_priority_of_several_looks_is_told_within_one_slot() -> None:
    """Each group in its own look; no normal alert goes before one of them."""
    others = [
        make_delivery(make_alert(f"T{n}"), key=f"t{n}", template=f"other{n}", priority=HIGH)
        for n in range(3)
    ]
    backlog = Backlog()
    backlog.post(*groups(300))
    backlog.run(backlog.now + MINUTE / 4)
    posted_at = backlog.now
    backlog.post(*groups(2, start=300, priority=HIGH), *others)
    told = [each for each in backlog.run() if each.batch.priority is HIGH]
    assert {entry.alert.name for each in told for entry in each.entries} >= {"T0", "T1", "T2"}
    assert max(each.at for each in told) - posted_at <= SLOT
    assert all(entry.delivery.priority is HIGH for each in told for entry in each.entries)


def test_high_priority_without_end_does_not_silence_the_rest() -> None:
    """After a `per` normal alerts share its messages, though they never get one of their own."""
    backlog = Backlog()
    for number in range(400):
        backlog.post(*groups(1, start=number, priority=HIGH))
        if number == 40:
            backlog.post(*groups(1, start=9_999))
        backlog.run(backlog.now + SLOT * 0.9)
    normal = next(
        told
        for told in backlog.history
        for entry in told.entries
        if entry.delivery.priority is NORMAL
    )
    assert (normal.batch.priority, normal.batch.alone) == (HIGH, False)
    assert normal.at - normal.entries[-1].received_at <= MINUTE + SLOT


# Folding.


def test_a_group_that_changed_while_it_waited_is_one_message() -> None:
    older, newer = make_alert("A"), make_alert("A", status="resolved")
    (told,) = sent(
        make_delivery(older, make_alert("B"), key="g"),
        make_delivery(newer, make_alert("B"), make_alert("C"), key="g"),
    )
    assert told.batch.alone
    assert {entry.delivery_id for entry in told.entries} == {2}
    assert [bool(entry.covers) for entry in told.entries] == [True, True, False]


def test_what_only_the_older_notification_tells_is_in_the_same_message() -> None:
    (told,) = sent(
        make_delivery(make_alert("A"), make_alert("B"), key="g"),
        make_delivery(make_alert("B"), key="g"),
    )
    assert [(entry.alert.name, entry.delivery_id) for entry in told.entries] == [("A", 1), ("B", 2)]


def test_a_superseded_group_leaves_a_slot() -> None:
    """Thirteen deliveries, but only twelve groups."""
    again = groups(12)[3]
    assert first(*groups(12), again).alone


# Looks.


def test_a_merged_message_has_one_look() -> None:
    english = [
        msgspec.structs.replace(d, settings=msgspec.structs.replace(d.settings, language="en"))
        for d in groups(10, start=10)
    ]
    first_told, second_told = sent(*groups(10), *english)
    assert {e.delivery.settings.language for e in first_told.entries} == {"zh"}
    assert {e.delivery.settings.language for e in second_told.entries} == {"en"}


def test_groups_that_ring_whom_the_first_rings_are_told_with_it() -> None:
    """Whom it rings is rung by the fewest messages; high priority stays before the rest."""
    night, day = Wanted(("night",)), Wanted(("day",))
    deliveries = [
        msgspec.structs.replace(delivery, mentions=(day,) if number % 2 else (night,))
        for number, delivery in enumerate((*groups(30), *groups(30, start=30, priority=HIGH)))
    ]
    told = [(e.delivery.priority, *e.delivery.mentions) for e in first(*deliveries).entries]
    assert told == [
        *[(HIGH, night)] * 15,
        *[(HIGH, day)] * 15,
        *[(NORMAL, night)] * 15,
        *[(NORMAL, day)] * 15,
    ]


def test_parts_count_the_messages_of_every_template() -> None:
    other = [make_delivery(make_alert(f"T{n}"), key=f"t{n}", template="other") for n in range(10)]
    assert first(*groups(10), *other).parts == 2


# What has waited too long.


def test_what_has_waited_too_long_is_a_digest() -> None:
    backlog = Backlog()
    backlog.post(*groups(1))
    backlog.now += timedelta(hours=6)
    assert backlog.plan().batch is not None
    backlog.post(*groups(1, start=1))
    backlog.now += SECOND
    (told,) = backlog.run()
    assert (told.batch.form, told.batch.through_id) == (Form.DIGEST, 2)


# Cost.


def split_in(count: int) -> Delivery:
    members = (make_alert("HighCPU", instance=f"node-{number}") for number in range(count))
    return make_delivery(*members, split=Split.ALERT)


def test_a_group_split_by_alert_has_a_message_for_each_while_the_rate_allows() -> None:
    messages = sent(split_in(4))
    assert [len(message.entries) for message in messages] == [1, 1, 1, 1]
    assert all(message.batch.alone for message in messages)
    assert [(message.batch.form, message.batch.parts) for message in messages] == [
        (Form.FULL, 1)
    ] * 4


def test_a_group_split_by_alert_is_merged_when_the_rate_does_not_allow() -> None:
    messages = sent(split_in(60))
    assert len(messages) < 10
    assert sum(len(message.entries) for message in messages) == 60
    assert not any(message.batch.alone for message in messages)


def test_planning_costs_by_the_head_and_not_by_the_backlog() -> None:
    """The sums may tell of any number: the plan looks at none but those of the head."""
    backlog = Backlog()
    backlog.post(*groups(200))
    head, totals = backlog.head(), backlog.totals()
    more = [
        msgspec.structs.replace(count, alerts=count.alerts * 500, line_bytes=count.line_bytes * 500)
        for count in totals.counts
    ]
    many = msgspec.structs.replace(totals, counts=tuple(more), deliveries=100_000)
    few_steps, many_steps = (
        steps(partial(plan, head, sums, backlog.quota, START, backlog.limits))
        for sums in (totals, many)
    )
    assert many_steps <= few_steps * 1.1
