"""Of several waiting states of an alert the newest is told, where the oldest stood."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from adapter.core.batch import Entry, Waiting
from adapter.core.batching import fold
from adapter.core.folding import queue_of
from adapter.core.priority import Priority
from support.alerts import make_alert, make_delivery
from support.clock import START

if TYPE_CHECKING:
    from adapter.core.alerts import Alert
    from adapter.core.delivery import Delivery

HIGH, NORMAL = Priority.HIGH, Priority.NORMAL


def waiting(
    number: int, delivery: Delivery, *, priority: Priority = NORMAL, suspect: int = 0
) -> Waiting:
    """Return a delivery that came `number` seconds after the start."""
    return Waiting(
        id=number,
        delivery=delivery,
        priority=priority,
        received_at=START + timedelta(seconds=number),
        left=tuple(range(len(delivery.group.alerts))),
        suspect=suspect,
    )


def a(name: str, *, over: bool = False) -> Alert:
    return make_alert(name, status="resolved" if over else "firing")


def told(*head: Waiting) -> list[tuple[str, int]]:
    """Return the names in order, each with the delivery that is told."""
    return [(entry.alert.name, entry.delivery_id) for entry in fold(head)]


def only(*head: Waiting) -> Entry:
    (entry,) = fold(head)
    return entry


def test_nothing_folds_to_nothing() -> None:
    assert fold(()) == ()


def test_alerts_keep_the_order_of_deliveries_and_of_their_groups() -> None:
    head = (
        waiting(1, make_delivery(a("A"), a("B"), key="1")),
        waiting(2, make_delivery(a("C"), key="2")),
    )
    assert told(*head) == [("A", 1), ("B", 1), ("C", 2)]


def test_only_what_is_left_is_told() -> None:
    first = msgspec.structs.replace(waiting(1, make_delivery(a("A"), a("B"), a("C"))), left=(0, 2))
    assert [(entry.alert.name, entry.index) for entry in fold((first,))] == [("A", 0), ("C", 2)]


def test_the_newest_state_covers_the_older_ones() -> None:
    states = (a("A"), a("A", over=True), a("A"))
    entry = only(*(waiting(n, make_delivery(state)) for n, state in enumerate(states, start=1)))
    assert (entry.delivery_id, entry.covers) == (3, ((1, 0), (2, 0)))
    assert entry.received_at == START + timedelta(seconds=1)


def test_an_alert_that_changes_keeps_its_place() -> None:
    head = (
        waiting(1, make_delivery(a("A"), key="1")),
        waiting(2, make_delivery(a("B"), key="2")),
        waiting(3, make_delivery(a("A", over=True), key="1")),
    )
    assert told(*head) == [("A", 3), ("B", 2)]


def test_a_group_stands_together_where_its_oldest_alert_stands() -> None:
    head = (
        waiting(1, make_delivery(a("A"), key="1")),
        waiting(2, make_delivery(a("B"), key="2")),
        waiting(3, make_delivery(a("C"), a("A"), key="1")),
    )
    assert told(*head) == [("A", 3), ("C", 3), ("B", 2)]


def test_the_same_fingerprint_of_another_source_is_another_alert() -> None:
    here, there = make_delivery(a("A")), make_delivery(a("A"))
    group = msgspec.structs.replace(there.group, source="sh")
    there = msgspec.structs.replace(there, group=group)
    assert told(waiting(1, here), waiting(2, there)) == [("A", 1), ("A", 2)]


def test_high_priority_goes_first() -> None:
    head = (
        waiting(2, make_delivery(a("B"), key="2"), priority=HIGH),
        waiting(1, make_delivery(a("A"), key="1")),
    )
    assert told(*head) == [("B", 2), ("A", 1)]
    assert told(*reversed(head)) == [("B", 2), ("A", 1)]


def test_an_alert_in_both_lanes_is_told_in_the_high_one() -> None:
    """A small group is not split by priority, so an alert may be high today and normal tomorrow."""
    head = (
        waiting(2, make_delivery(a("B"), key="2"), priority=HIGH),
        waiting(3, make_delivery(a("A"), key="1"), priority=HIGH),
        waiting(1, make_delivery(a("A"), key="1")),
        waiting(4, make_delivery(a("A", over=True), key="1")),
    )
    first, second = queue_of(head)
    assert (first.entry.alert.name, second.entry.alert.name) == ("B", "A")
    assert (second.entry.delivery_id, second.entry.covers) == (4, ((1, 0), (3, 0)))
    assert (second.priority, second.place) == (HIGH, (3, 0))


def test_an_alert_is_as_suspect_as_its_most_suspect_state() -> None:
    head = (
        waiting(1, make_delivery(a("A")), suspect=8),
        waiting(2, make_delivery(a("A")), suspect=4),
        waiting(3, make_delivery(a("A"))),
    )
    assert [queued.suspect for queued in queue_of(head)] == [4]


def test_one_alert_that_stands_twice_in_a_delivery_is_told_once() -> None:
    entry = only(waiting(1, make_delivery(a("A"), a("A"))))
    assert (entry.index, entry.covers) == (1, ((1, 0),))


def test_what_another_delivery_tells_newer_leaves_its_group_as_it_was() -> None:
    head = (
        waiting(1, make_delivery(a("A"), a("B"), key="1")),
        waiting(2, make_delivery(a("C"), key="2")),
        waiting(3, make_delivery(a("A", over=True), a("D"), key="1")),
    )
    assert told(*head) == [("A", 3), ("B", 1), ("D", 3), ("C", 2)]


def test_a_delivery_of_which_nothing_is_left_is_not_told() -> None:
    gone = msgspec.structs.replace(waiting(1, make_delivery(a("A"))), left=())
    assert told(gone, waiting(2, make_delivery(a("B")))) == [("B", 2)]
