"""What every store must remember of the alerts that a robot has announced."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from adapter.core.batch import Batch, Form, Limits
from adapter.core.batching import plan
from adapter.core.mentions import MentionRule, Wanted, announcement
from adapter.core.priority import Priority
from adapter.core.turn import Fate, Launch, Settlement
from support.alerts import make_alert, make_delivery
from support.clock import START
from support.outbox_contract import (
    DISSOLVED,
    MINUTE,
    SECOND,
    deliver,
    digest_of,
    entries_of,
    launch_of,
    purge,
    put,
    settle,
    take,
)

if TYPE_CHECKING:
    from adapter.core.alerts import Alert
    from adapter.core.delivery import Delivery
    from adapter.outbox import Outbox

LIMITS = Limits(digest_after=MINUTE)
BY_OWNER = MentionRule(targets=("label:owner",))
UNKNOWN = Settlement(fate=Fate.FROZEN)


def ringing(*alerts: Alert, robot: str = "ops", key: str = "{}:{}") -> Delivery:
    delivery = make_delivery(*alerts, robot=robot, key=key)
    return msgspec.structs.replace(delivery, mentions=(BY_OWNER,))


def known(outbox: Outbox, *alerts: Alert, robot: str = "ops") -> list[bool]:
    """Return which of these alerts a robot has announced."""
    put(outbox, ringing(*alerts, robot=robot, key="asked"), now=START + 10 * MINUTE)
    turn = take(outbox, robot, now=START + 10 * MINUTE)
    outbox.give_back(turn)
    return [announcement("", alert) in turn.announced for alert in alerts]


def tell_digest(outbox: Outbox) -> None:
    """Tell all that waits in one digest."""
    turn = take(outbox)
    assert outbox.launch(turn, digest_of(turn), now=START)
    assert settle(outbox, turn, "d-1")


def wanted(owner: str) -> Wanted:
    return Wanted(("label:owner",), (), (("owner", owner),))


class AnnouncedContract:
    """The claims of a store about mentions."""

    def test_what_was_told_as_firing_is_announced_at_that_robot(self, outbox: Outbox) -> None:
        told, other = make_alert("A"), make_alert("B")
        put(outbox, make_delivery(told))
        deliver(outbox)
        assert known(outbox, told, other) == [True, False]
        assert known(outbox, told, robot="db") == [False]

    def test_what_is_over_announces_nothing(self, outbox: Outbox) -> None:
        put(outbox, make_delivery(make_alert("A", status="resolved")))
        deliver(outbox)
        assert known(outbox, make_alert("A")) == [False]

    def test_what_dingtalk_has_not_taken_is_not_announced(self, outbox: Outbox) -> None:
        put(outbox, make_delivery(make_alert("A")))
        for name, settlement in (("m-1", DISSOLVED), ("m-2", Settlement(fate=Fate.REFUSED))):
            turn = take(outbox)
            outbox.launch(turn, launch_of(entries_of(turn), name), now=START)
            settle(outbox, turn, name, settlement)
        assert known(outbox, make_alert("A")) == [False]

    def test_what_is_taken_in_the_end_is_announced(self, outbox: Outbox) -> None:
        put(outbox, make_delivery(make_alert("A")))
        turn = take(outbox)
        outbox.launch(turn, launch_of(entries_of(turn)), now=START)
        settle(outbox, turn, "m-1", UNKNOWN)
        again = take(outbox, now=START + MINUTE)
        outbox.relaunch(again, "m-1", now=START + MINUTE)
        settle(outbox, again, "m-1", now=START + MINUTE)
        assert known(outbox, make_alert("A")) == [True]

    def test_only_those_alerts_that_a_message_told_are_announced(self, outbox: Outbox) -> None:
        first, second = make_alert("A"), make_alert("B")
        put(outbox, make_delivery(first, second))
        turn = take(outbox)
        outbox.launch(turn, launch_of(entries_of(turn)[:1]), now=START)
        settle(outbox, turn, "m-1")
        assert known(outbox, first, second) == [True, False]

    def test_a_digest_announces_all_that_it_counts(self, outbox: Outbox) -> None:
        alerts = [make_alert(f"A{number}") for number in range(7)]
        for number, alert in enumerate(alerts):
            put(outbox, make_delivery(alert, key=str(number)))
        turn = take(outbox)
        outbox.launch(turn, digest_of(turn), now=START)
        settle(outbox, turn, "d-1")
        assert known(outbox, *alerts, make_alert("other")) == [True] * 7 + [False]

    def test_a_digest_asks_for_whom_the_newest_states_ring(self, outbox: Outbox) -> None:
        known_one = make_alert("A", owner="a")
        put(outbox, make_delivery(known_one, key="a"))
        deliver(outbox)
        for number, alert in enumerate(
            [
                known_one,
                make_alert("B", owner="b"),
                make_alert("C", owner="c"),
                make_alert("C", owner="c", status="resolved"),
                *(make_alert(f"D{n}", owner="d") for n in range(3)),
            ]
        ):
            put(outbox, ringing(alert, key=f"of {number}"), now=START + MINUTE)
        put(outbox, make_delivery(make_alert("E", owner="e"), key="e"), now=START + MINUTE)
        turn = take(outbox, now=START + MINUTE)
        put(outbox, ringing(make_alert("F", owner="f"), key="later"), now=START + MINUTE)
        batch = Batch(
            form=Form.DIGEST,
            priority=Priority.NORMAL,
            entries=(),
            through_id=turn.totals.last_id,
        )
        assert set(outbox.wanted_by_digest("ops", batch)) == {wanted("b"), wanted("d")}

    def test_without_a_start_the_end_lets_an_alert_ring_again(self, outbox: Outbox) -> None:
        firing = msgspec.structs.replace(make_alert("A"), starts_at=None)
        over = msgspec.structs.replace(make_alert("A", status="resolved"), starts_at=None)
        put(outbox, make_delivery(firing))
        deliver(outbox)
        put(outbox, make_delivery(over), now=START + MINUTE)
        deliver(outbox, now=START + MINUTE, name="m-2")
        assert known(outbox, firing) == [False]

    def test_a_repeat_keeps_it_known(self, outbox: Outbox) -> None:
        put(outbox, make_delivery(make_alert("A"), key="a"), make_delivery(make_alert("B")))
        deliver(outbox)
        put(outbox, make_delivery(make_alert("A"), key="a"), now=START + 5 * MINUTE)
        deliver(outbox, now=START + 5 * MINUTE, name="m-2")
        assert purge(outbox, announced_before=START + SECOND) == 1
        assert purge(outbox, announced_before=START + SECOND) == 0
        assert known(outbox, make_alert("A"), make_alert("B")) == [True, False]

    def test_a_digest_of_what_was_held_back_rings_and_announces_too(self, outbox: Outbox) -> None:
        alert = make_alert("A", owner="a", severity="warning")
        until = START + MINUTE
        deferred = msgspec.structs.replace(ringing(alert), deferred_until=until)
        put(outbox, deferred)
        turn = take(outbox, now=until)
        batch = plan((), turn.totals, turn.quota, until, LIMITS, turn.held).batch
        assert batch is not None
        assert outbox.wanted_by_digest("ops", batch) == (wanted("a"),)
        outbox.launch(turn, Launch.of(batch, 1, "d-1", b"digest"), now=until)
        settle(outbox, turn, "d-1", now=until)
        assert known(outbox, alert) == [True]

    def test_an_end_after_a_digest_lets_an_alert_without_a_start_ring_again(
        self, outbox: Outbox
    ) -> None:
        firing = msgspec.structs.replace(make_alert("A"), starts_at=None)
        over = msgspec.structs.replace(make_alert("A", status="resolved"), starts_at=None)
        put(outbox, make_delivery(firing), make_delivery(make_alert("B"), key="b"))
        tell_digest(outbox)
        put(outbox, make_delivery(over), now=START + MINUTE)
        deliver(outbox, now=START + MINUTE, name="m-2")
        assert known(outbox, firing, make_alert("B")) == [False, True]

    def test_an_end_in_a_digest_forgets_nothing_that_was_told_after_it(
        self, outbox: Outbox
    ) -> None:
        firing = msgspec.structs.replace(make_alert("A"), starts_at=None)
        over = msgspec.structs.replace(make_alert("A", status="resolved"), starts_at=None)
        put(outbox, make_delivery(over))
        tell_digest(outbox)
        put(outbox, make_delivery(firing), now=START + MINUTE)
        deliver(outbox, now=START + MINUTE, name="m-2")
        assert known(outbox, firing) == [True]

    def test_what_a_digest_announced_outlives_its_deliveries(self, outbox: Outbox) -> None:
        put(outbox, make_delivery(make_alert("A")))
        tell_digest(outbox)
        purge(outbox, before=START + SECOND)
        assert known(outbox, make_alert("A")) == [True]

    def test_what_a_digest_announced_long_ago_is_forgotten(self, outbox: Outbox) -> None:
        put(outbox, make_delivery(make_alert("A")))
        tell_digest(outbox)
        purge(outbox, announced_before=START + SECOND)
        assert known(outbox, make_alert("A")) == [False]

    def test_a_letter_that_is_tried_again_leaves_the_others_of_its_digest_announced(
        self, outbox: Outbox
    ) -> None:
        letter, other = make_alert("A"), make_alert("B")
        put(outbox, make_delivery(letter, other))
        for name in ("m-1", "m-2"):
            turn = take(outbox)
            outbox.launch(turn, launch_of(entries_of(turn)[:1], name), now=START)
            settle(outbox, turn, name, Settlement(fate=Fate.REFUSED))
        tell_digest(outbox)
        assert outbox.retry(["1.0"]).done == ("1.0",)
        deliver(outbox, name="m-3")
        assert known(outbox, letter, other) == [True, True]
