"""What every store must do with what is held back until a time interval ends."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from adapter.core.batch import Limits
from adapter.core.batching import plan
from adapter.core.priority import Priority
from adapter.core.turn import Launch
from adapter.outbox.rows import QueueState
from support.alerts import make_alert, make_delivery
from support.clock import START
from support.outbox_contract import (
    DISSOLVED,
    MINUTE,
    REFUSED,
    SECOND,
    deliver,
    idle,
    purge,
    put,
    settle,
    take,
)

if TYPE_CHECKING:
    from datetime import datetime

    from adapter.core.alerts import Alert
    from adapter.core.delivery import Delivery
    from adapter.core.turn import Turn
    from adapter.outbox import Outbox

HOUR = timedelta(hours=1)
LIMITS = Limits(digest_after=MINUTE)
MORNING = START + 9 * HOUR


def warning(name: str, *, over: bool = False, **labels: str) -> Alert:
    status = "resolved" if over else "firing"
    return make_alert(name, status=status, severity="warning", **labels)


def held(*alerts: Alert, key: str = "k", until: datetime = MORNING) -> Delivery:
    """Return a delivery that is held back."""
    return msgspec.structs.replace(make_delivery(*alerts, key=key), deferred_until=until)


def launch_digest(outbox: Outbox, turn: Turn, name: str = "d-1") -> Launch:
    """Store the digest that a turn plans."""
    batch = plan(turn.head, turn.totals, turn.quota, MORNING, LIMITS, turn.held).batch
    assert batch is not None
    launch = Launch.of(batch, len(batch.entries), name, b"digest")
    assert outbox.launch(turn, launch, now=MORNING)
    return launch


def told(turn: Turn) -> dict[tuple[str, str, bool], int]:
    """Return what a digest will count."""
    assert turn.held is not None
    return {
        (count.name, count.status.value, count.fired): count.alerts
        for count in turn.held.totals.counts
    }


class DeferralContract:
    """The claims of a store about what is held back."""

    def test_is_held_back_until_then_and_told_in_one_digest(self, outbox: Outbox) -> None:
        for number in range(3):
            put(outbox, held(warning("A", instance=str(number)), key=str(number)))
        assert idle(outbox) == MORNING
        assert idle(outbox, now=MORNING - SECOND) == MORNING
        assert outbox.waiting() == 3
        turn = take(outbox, now=MORNING)
        assert (turn.head, turn.totals.deliveries, turn.totals.counts) == ((), 0, ())
        assert told(turn) == {("A", "firing", False): 3}
        launch = launch_digest(outbox, turn)
        assert (launch.alerts, launch.oldest_received_at) == (3, MORNING)
        assert settle(outbox, turn, "d-1", now=MORNING)
        assert idle(outbox, now=MORNING) is None
        assert outbox.waiting() == 0
        outbox.recount()
        assert outbox.waiting() == 0

    def test_is_no_backlog(self, outbox: Outbox) -> None:
        put(outbox, held(warning("A")))
        put(outbox, make_delivery(warning("B"), key="b"))
        assert outbox.queue()["ops"].pending == 1
        turn = take(outbox)
        assert [waiting.delivery.group.group_key for waiting in turn.head] == ["b"]
        assert (turn.totals.deliveries, turn.held) == (1, None)
        outbox.give_back(turn)
        deliver(outbox)
        assert outbox.queue() == {}
        outbox.recount()
        assert outbox.waiting() == 1

    def test_waits_since_its_deferral_ended(self, outbox: Outbox) -> None:
        put(outbox, held(warning("A")))
        assert outbox.queue(MORNING - SECOND) == {}
        late = MORNING + HOUR
        assert outbox.queue(late)["ops"] == QueueState(1, MORNING)
        put(outbox, make_delivery(warning("B"), key="b"), now=late)
        assert outbox.queue(late)["ops"] == QueueState(2, MORNING)
        put(outbox, make_delivery(warning("C"), robot="db"), now=START)
        assert outbox.queue(late)["db"] == QueueState(1, START)

    def test_each_alert_is_counted_once_by_its_newest_state(self, outbox: Outbox) -> None:
        put(outbox, held(warning("A"), warning("B"), warning("C", over=True)))
        put(outbox, held(warning("A", over=True), warning("B"), warning("D", over=True), key="l"))
        turn = take(outbox, now=MORNING)
        assert told(turn) == {
            ("A", "resolved", True): 1,
            ("B", "firing", True): 1,
            ("C", "resolved", False): 1,
            ("D", "resolved", False): 1,
        }
        assert turn.held is not None
        assert [waiting.left for waiting in turn.held.head] == [(2,), (0, 1, 2)]

    def test_a_newer_state_that_is_not_held_back_takes_its_place(self, outbox: Outbox) -> None:
        put(outbox, held(warning("A"), warning("B")))
        put(outbox, make_delivery(warning("A", over=True), key="other"))
        deliver(outbox)
        assert told(take(outbox, now=MORNING)) == {("B", "firing", False): 1}
        assert outbox.waiting() == 1
        put(outbox, make_delivery(warning("B", over=True), key="other"))
        assert outbox.waiting() == 1, "the older delivery waits no more"
        deliver(outbox, now=MORNING + HOUR, name="m-2")
        assert idle(outbox, now=MORNING + HOUR) is None
        assert outbox.waiting() == 0

    def test_other_robots_and_sources_have_alerts_of_their_own(self, outbox: Outbox) -> None:
        put(outbox, held(warning("A")))
        elsewhere = held(warning("A", over=True), key="l")
        group = msgspec.structs.replace(elsewhere.group, source="sh")
        put(outbox, msgspec.structs.replace(elsewhere, group=group))
        put(outbox, make_delivery(warning("A", over=True), robot="db"))
        assert told(take(outbox, now=MORNING)) == {
            ("A", "firing", False): 1,
            ("A", "resolved", False): 1,
        }

    def test_intervals_that_end_apart_make_digests_of_their_own(self, outbox: Outbox) -> None:
        put(outbox, held(warning("A")), held(warning("B"), key="l", until=MORNING + HOUR))
        turn = take(outbox, now=MORNING)
        assert told(turn) == {("A", "firing", False): 1}
        launch_digest(outbox, turn)
        settle(outbox, turn, "d-1", now=MORNING)
        assert idle(outbox, now=MORNING) == MORNING + HOUR
        assert told(take(outbox, now=MORNING + HOUR)) == {("B", "firing", False): 1}

    def test_high_priority_comes_before_the_digest_and_normal_after_it(
        self, outbox: Outbox
    ) -> None:
        put(outbox, held(warning("A")))
        put(outbox, make_delivery(warning("B"), key="b"))
        turn = take(outbox, now=MORNING)
        assert launch_digest(outbox, turn).deferred_until == MORNING
        settle(outbox, turn, "d-1", DISSOLVED, now=MORNING)
        put(outbox, make_delivery(make_alert("H"), key="h", priority=Priority.HIGH))
        turn = take(outbox, now=MORNING)
        first = plan(turn.head, turn.totals, turn.quota, MORNING, LIMITS, turn.held).batch
        assert first is not None
        assert first.entries[0].alert.name == "H"

    def test_what_comes_after_the_digest_was_planned_is_not_taken_for_told(
        self, outbox: Outbox
    ) -> None:
        put(outbox, held(warning("A")))
        turn = take(outbox, now=MORNING)
        launch_digest(outbox, turn)
        put(outbox, held(warning("B"), key="l", until=MORNING + 24 * HOUR), now=MORNING)
        put(outbox, make_delivery(warning("C"), key="m"), now=MORNING)
        settle(outbox, turn, "d-1", now=MORNING)
        assert outbox.waiting() == 2
        assert [w.delivery.group.alerts[0].name for w in take(outbox, now=MORNING).head] == ["C"]

    def test_a_refused_digest_is_told_line_by_line(self, outbox: Outbox) -> None:
        put(outbox, held(warning("A"), warning("B")))
        put(outbox, held(warning("A", over=True), key="l"))
        turn = take(outbox, now=MORNING)
        launch_digest(outbox, turn)
        settle(outbox, turn, "d-1", REFUSED, now=MORNING, outcome="430104")
        turn = take(outbox, now=MORNING + MINUTE)
        assert turn.held is None
        assert [(waiting.suspect, waiting.left) for waiting in turn.head] == [(2, (1,)), (2, (0,))]
        assert (sum(count.alerts for count in turn.totals.counts), turn.totals.deliveries) == (2, 2)
        outbox.give_back(turn)
        deliver(outbox, now=MORNING + MINUTE)
        assert outbox.waiting() == 0

    def test_a_repeated_webhook_is_a_duplicate_though_it_is_divided_otherwise(
        self, outbox: Outbox
    ) -> None:
        """As when the interval begins between the webhooks of two Alertmanagers."""
        worse, mild = make_alert("H"), warning("A")
        whole = make_delivery(worse, mild, priority=Priority.HIGH)
        assert put(outbox, whole).deliveries == 1
        apart = [make_delivery(worse, priority=Priority.HIGH), held(mild, key="{}:{}")]
        accepted = put(outbox, *apart, now=START + SECOND)
        assert (accepted.deliveries, accepted.duplicates) == (0, 2)

    def test_is_forgotten_in_time(self, outbox: Outbox) -> None:
        put(outbox, held(warning("A")))
        put(outbox, held(warning("A", over=True), key="l"))
        turn = take(outbox, now=MORNING)
        launch_digest(outbox, turn)
        settle(outbox, turn, "d-1", now=MORNING)
        late = MORNING + HOUR
        assert purge(outbox, before=late, dead_before=START) == 3
