"""What every store must do. A store's own test module subclasses this with an `outbox` fixture."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

from adapter.core.delivery import Claim, Delivery, Idle, Notice, Settlement
from adapter.outbox import Accepted
from support.alerts import make_alert, make_delivery
from support.clock import START

if TYPE_CHECKING:
    from datetime import datetime

    from adapter.outbox import Outbox

WINDOW = timedelta(minutes=3)
LEASE = timedelta(seconds=10)
SECOND = timedelta(seconds=1)


def put(outbox: Outbox, *deliveries: Delivery, now: datetime = START) -> Accepted:
    return outbox.enqueue(deliveries, now=now, dedup_window=WINDOW)


def take(outbox: Outbox, robot: str = "ops", now: datetime = START) -> Claim:
    claim = outbox.claim(robot, now=now, lease=LEASE)
    assert isinstance(claim, Claim)
    return claim


def idle(outbox: Outbox, robot: str = "ops", now: datetime = START) -> datetime | None:
    found = outbox.claim(robot, now=now, lease=LEASE)
    assert isinstance(found, Idle)
    return found.until


def sent(outbox: Outbox, claim: Claim, now: datetime = START) -> bool:
    return outbox.settle(claim, Settlement(attempts=1), now=now, error="")


class OutboxContract:
    """The claims of a store."""

    def test_gives_back_what_was_put(self, outbox: Outbox) -> None:
        delivery = make_delivery(make_alert("磁盘满", instance="数据库-1"))
        assert put(outbox, delivery) == Accepted(1, 0)
        claim = take(outbox)
        assert (claim.payload, claim.received_at, claim.attempts) == (delivery, START, 0)
        assert (claim.message_uuid, claim.body) == (None, None)

    def test_gives_nothing_where_nothing_is(self, outbox: Outbox) -> None:
        put(outbox, make_delivery(robot="other"))
        assert idle(outbox) is None

    def test_a_claim_is_a_lease(self, outbox: Outbox) -> None:
        put(outbox, make_delivery())
        first = take(outbox)
        assert idle(outbox) == START + LEASE
        second = take(outbox, now=START + LEASE)
        assert second.id == first.id
        assert not sent(outbox, first, START + LEASE), "the lease had gone to someone else"
        assert sent(outbox, second, START + LEASE)

    def test_a_released_claim_is_free_at_once(self, outbox: Outbox) -> None:
        put(outbox, make_delivery())
        assert outbox.release(take(outbox))
        assert take(outbox).attempts == 0

    def test_what_is_delivered_does_not_come_again(self, outbox: Outbox) -> None:
        put(outbox, make_delivery())
        assert sent(outbox, take(outbox))
        assert idle(outbox, now=START + timedelta(days=1)) is None
        assert outbox.queue() == {}

    def test_nothing_overtakes_within_a_group(self, outbox: Outbox) -> None:
        put(outbox, make_delivery(make_alert(status="firing")))
        put(outbox, make_delivery(make_alert(status="resolved")))
        firing = take(outbox)
        assert idle(outbox) == START + LEASE, "the resolved one waits for the firing one"
        later = START + timedelta(minutes=1)
        outbox.settle(firing, Settlement(due_at=later, attempts=1), now=START, error="x")
        assert idle(outbox) == later
        again = take(outbox, now=later)
        assert again.id == firing.id
        assert sent(outbox, again, later)
        assert take(outbox, now=later).id > firing.id

    def test_another_group_passes_one_that_waits(self, outbox: Outbox) -> None:
        put(outbox, make_delivery(key="a"))
        put(outbox, make_delivery(key="b"))
        first = take(outbox)
        settlement = Settlement(due_at=START + timedelta(hours=1), attempts=1)
        outbox.settle(first, settlement, now=START, error="430102 inappropriate")
        assert take(outbox).id != first.id

    def test_a_resting_robot_gets_nothing(self, outbox: Outbox) -> None:
        put(outbox, make_delivery(key="a"), make_delivery(robot="other"))
        put(outbox, make_delivery(key="b"))
        until = START + timedelta(minutes=1)
        rest = Settlement(due_at=until, rests_until=until, throttled=True)
        outbox.settle(take(outbox), rest, now=START, error="660026")
        assert idle(outbox) == until
        assert take(outbox, "other").robot == "other"
        assert outbox.resting()["ops"] == until
        assert take(outbox, now=until).throttles == 1

    def test_throttles_in_a_row_are_counted_until_one_passes(self, outbox: Outbox) -> None:
        put(outbox, make_delivery(key="a"), make_delivery(key="b"))
        throttled = Settlement(due_at=START, throttled=True)
        outbox.settle(take(outbox), throttled, now=START, error="660026")
        outbox.settle(take(outbox), throttled, now=START, error="660026")
        claim = take(outbox)
        assert (claim.throttles, claim.attempts) == (2, 0)
        sent(outbox, claim)
        put(outbox, make_delivery(key="c"))
        assert take(outbox).throttles == 0

    def test_a_reload_ends_every_rest(self, outbox: Outbox) -> None:
        put(outbox, make_delivery())
        until = START + timedelta(hours=1)
        rest = Settlement(due_at=until, attempts=1, rests_until=until)
        outbox.settle(take(outbox), rest, now=START, error="300005")
        outbox.end_rest()
        assert take(outbox).attempts == 1

    def test_a_frozen_message_stays_the_same(self, outbox: Outbox) -> None:
        put(outbox, make_delivery())
        claim = take(outbox)
        assert outbox.freeze(claim, message_uuid="u-1", body="{钉}".encode())
        ambiguous = Settlement(due_at=START, attempts=1, frozen=True)
        outbox.settle(claim, ambiguous, now=START, error="no answer")
        again = take(outbox)
        assert (again.message_uuid, again.body) == ("u-1", "{钉}".encode())

    def test_a_message_that_was_refused_is_made_anew_under_its_id(self, outbox: Outbox) -> None:
        put(outbox, make_delivery())
        claim = take(outbox)
        outbox.freeze(claim, message_uuid="u-1", body=b"{}")
        refused = Settlement(due_at=START, attempts=1)
        outbox.settle(claim, refused, now=START, error="430102")
        again = take(outbox)
        assert (again.message_uuid, again.body) == ("u-1", None)

    def test_a_lease_that_went_on_cannot_freeze(self, outbox: Outbox) -> None:
        put(outbox, make_delivery())
        first = take(outbox)
        take(outbox, now=START + LEASE)
        assert not outbox.freeze(first, message_uuid="u-1", body=b"{}")

    def test_an_unchanged_group_is_a_duplicate_within_the_window(self, outbox: Outbox) -> None:
        delivery = make_delivery()
        assert put(outbox, delivery) == Accepted(1, 0)
        just_before = START + WINDOW - SECOND
        assert put(outbox, delivery, now=just_before) == Accepted(0, 1)
        assert put(outbox, delivery, now=START + WINDOW) == Accepted(1, 0)

    def test_a_duplicate_does_not_prolong_the_window(self, outbox: Outbox) -> None:
        delivery = make_delivery()
        for minutes, fresh in ((0, 1), (2, 0), (4, 1)):
            accepted = put(outbox, delivery, now=START + timedelta(minutes=minutes))
            assert accepted.deliveries == fresh

    def test_only_the_state_accepted_last_is_compared(self, outbox: Outbox) -> None:
        firing = make_delivery(make_alert(status="firing"))
        resolved = make_delivery(make_alert(status="resolved"))
        assert [put(outbox, each).deliveries for each in (firing, resolved, firing)] == [1, 1, 1]

    def test_other_robots_receivers_and_groups_are_no_duplicates(self, outbox: Outbox) -> None:
        put(outbox, make_delivery())
        assert put(outbox, make_delivery(robot="other"), make_delivery(key="b")) == Accepted(2, 0)

    def test_deduplication_can_be_off(self, outbox: Outbox) -> None:
        for _ in range(2):
            accepted = outbox.enqueue([make_delivery()], now=START, dedup_window=timedelta(0))
            assert accepted == Accepted(1, 0)

    def test_a_notice_waits_like_any_delivery(self, outbox: Outbox) -> None:
        notice = Notice(robot="ops", title="t", text="x")
        outbox.notify([notice], now=START)
        assert take(outbox).payload == notice

    def test_the_queue_is_counted_by_robot(self, outbox: Outbox) -> None:
        put(outbox, make_delivery(key="a"), make_delivery(robot="other"))
        put(outbox, make_delivery(key="b"), now=START + SECOND)
        queue = outbox.queue()
        assert {robot: state.pending for robot, state in queue.items()} == {"ops": 2, "other": 1}
        assert queue["ops"].oldest_received_at == START
        assert outbox.waiting() == 3
        sent(outbox, take(outbox))
        assert outbox.waiting() == 2
        outbox.recount()
        assert outbox.waiting() == 2

    def test_what_was_delivered_is_forgotten_in_time(self, outbox: Outbox) -> None:
        put(outbox, make_delivery(key="a"), make_delivery(robot="other"))
        sent(outbox, take(outbox))
        early = START - SECOND
        assert outbox.purge(before=START, states_before=early) == 0
        assert outbox.purge(before=START + SECOND, states_before=early) == 1
        assert outbox.purge(before=START + SECOND, states_before=START + SECOND) == 2
        assert outbox.waiting() == 1, "what waits is never forgotten"

    def test_refused_bodies_are_kept_the_newest_hundred(self, outbox: Outbox) -> None:
        for number in range(105):
            outbox.keep_refused(b"%d" % number, code=400, reason="r", now=START)
        outbox.keep_refused(b"x" * 70_000, code=413, reason="large", now=START)
        kept = outbox.refused()
        assert len(kept) == 100
        assert kept[0].code == 413
        assert len(kept[0].body) == 65_536
        assert kept[-1].body == b"6"

    def test_many_at_once_all_commit(self, outbox: Outbox) -> None:
        with ThreadPoolExecutor(16) as pool:
            results = pool.map(lambda n: put(outbox, make_delivery(key=str(n))), range(200))
        assert sum(result.deliveries for result in results) == 200
        assert outbox.queue()["ops"].pending == 200

    def test_concurrent_duplicates_are_accepted_once(self, outbox: Outbox) -> None:
        with ThreadPoolExecutor(16) as pool:
            results = list(pool.map(lambda _: put(outbox, make_delivery()), range(64)))
        assert sum(result.deliveries for result in results) == 1
        assert sum(result.duplicates for result in results) == 63

    def test_a_probe_writes(self, outbox: Outbox) -> None:
        outbox.probe(START)
        assert outbox.alive()
