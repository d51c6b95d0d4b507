"""What every store must do. A store's own test module subclasses this with an `outbox` fixture."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from adapter.core.batch import Batch, Entry, Form, Totals
from adapter.core.delivery import Delivery, Idle, Notice, Post
from adapter.core.message import Text, TextMessage
from adapter.core.priority import Priority
from adapter.core.quota import Rate
from adapter.core.turn import Fate, Launch, Settlement, Turn
from adapter.outbox import Accepted, Changed, Posted, QueueState
from support.alerts import make_alert, make_delivery
from support.clock import START

if TYPE_CHECKING:
    from adapter.outbox import Outbox

WINDOW = timedelta(minutes=3)
LEASE = timedelta(seconds=10)
EARLY = START - timedelta(days=365)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
FAST = Rate(1_000_000, MINUTE)
SENT = Settlement(fate=Fate.SENT)
DISSOLVED = Settlement(fate=Fate.DISSOLVED)
REFUSED = Settlement(fate=Fate.REFUSED)


def put(outbox: Outbox, *deliveries: Delivery, now: datetime = START) -> Accepted:
    return outbox.enqueue(deliveries, now=now, dedup_window=WINDOW)


def ask(
    outbox: Outbox,
    robot: str = "ops",
    *,
    now: datetime = START,
    rate: Rate = FAST,
    token: str | None = None,
) -> Turn | Idle:
    return outbox.take_turn(
        token=token or f"token of {robot}", robot=robot, rate=rate, now=now, lease=LEASE
    )


def take(outbox: Outbox, robot: str = "ops", *, now: datetime = START, rate: Rate = FAST) -> Turn:
    turn = ask(outbox, robot, now=now, rate=rate)
    assert isinstance(turn, Turn), turn
    return turn


def idle(
    outbox: Outbox, robot: str = "ops", *, now: datetime = START, rate: Rate = FAST
) -> datetime | None:
    found = ask(outbox, robot, now=now, rate=rate)
    assert isinstance(found, Idle), found
    return found.until


def entries_of(turn: Turn) -> tuple[Entry, ...]:
    return tuple(
        Entry(
            delivery_id=waiting.id,
            index=index,
            alert=waiting.delivery.group.alerts[index],
            delivery=waiting.delivery,
            received_at=waiting.received_at,
        )
        for waiting in turn.head
        for index in waiting.left
    )


def launch_of(entries: tuple[Entry, ...], name: str = "m-1") -> Launch:
    batch = Batch(form=Form.LINE, priority=Priority.NORMAL, entries=entries)
    return Launch.of(batch, len(entries), name, f"body of {name}".encode())


def digest_of(turn: Turn, name: str = "d-1") -> Launch:
    batch = Batch(
        form=Form.DIGEST,
        priority=Priority.NORMAL,
        entries=entries_of(turn)[:3],
        through_id=turn.totals.last_id,
        totals=turn.totals,
    )
    return Launch.of(batch, 3, name, b"digest")


def settle(  # noqa: PLR0913  # each has its ordinary value
    outbox: Outbox,
    turn: Turn,
    name: str,
    settlement: Settlement = SENT,
    *,
    now: datetime = START,
    outcome: str = "",
) -> bool:
    return outbox.settle(turn, name, settlement, now=now, outcome=outcome)


def deliver(
    outbox: Outbox, robot: str = "ops", *, now: datetime = START, name: str = "m-1"
) -> Turn:
    """Send all that waits in one message."""
    turn = take(outbox, robot, now=now)
    assert outbox.launch(turn, launch_of(entries_of(turn), name), now=now)
    assert settle(outbox, turn, name, now=now)
    return turn


def a_post(uuid: str, content: str = "x", robot: str = "ops") -> Post:
    return Post(robot=robot, message=TextMessage(Text(content)), msg_uuid=uuid)


def launch_notice(outbox: Outbox, turn: Turn, name: str) -> bool:
    assert turn.notice is not None
    launch = Launch(
        id=name,
        body=b"n",
        form=Form.FULL,
        alerts=0,
        oldest_received_at=START,
        notice_id=turn.notice.id,
    )
    return outbox.launch(turn, launch, now=START)


def send_notice(outbox: Outbox, turn: Turn, name: str, settlement: Settlement = SENT) -> None:
    assert launch_notice(outbox, turn, name)
    assert settle(outbox, turn, name, settlement)


def alerts_of(totals: Totals) -> int:
    return sum(count.alerts for count in totals.counts)


def purge(
    outbox: Outbox,
    *,
    before: datetime = EARLY,
    dead_before: datetime = EARLY,
    states_before: datetime = EARLY,
    announced_before: datetime = EARLY,
) -> int:
    """Remove what is older, where a time is given."""
    return outbox.purge(
        before=before,
        dead_before=dead_before,
        states_before=states_before,
        announced_before=announced_before,
    )


class OutboxContract:
    """The claims of a store."""

    def test_gives_back_what_was_put(self, outbox: Outbox) -> None:
        delivery = make_delivery(make_alert("磁盘满", instance="数据库-1"))
        assert put(outbox, delivery) == Accepted(1, 0)
        turn = take(outbox)
        [waiting] = turn.head
        assert (waiting.delivery, waiting.received_at, waiting.left) == (delivery, START, (0,))
        assert (turn.open, turn.notice) == (None, None)

    def test_gives_nothing_where_nothing_is(self, outbox: Outbox) -> None:
        put(outbox, make_delivery(robot="other"))
        assert idle(outbox) is None

    def test_a_turn_is_a_lease(self, outbox: Outbox) -> None:
        put(outbox, make_delivery())
        first = take(outbox)
        assert idle(outbox) == START + LEASE
        second = take(outbox, now=START + LEASE)
        assert not outbox.launch(first, launch_of(entries_of(first)), now=START + LEASE)
        launch = launch_of(entries_of(second))
        assert outbox.launch(second, launch, now=START + LEASE)
        assert not settle(outbox, first, "m-1"), "the lease had gone to someone else"
        assert settle(outbox, second, "m-1", now=START + LEASE)

    def test_a_token_has_one_sender_whichever_robot_uses_it(self, outbox: Outbox) -> None:
        put(outbox, make_delivery(robot="a"), make_delivery(robot="b"))
        assert isinstance(ask(outbox, "a", token="shared"), Turn)
        assert isinstance(ask(outbox, "b", token="shared"), Idle)

    def test_a_turn_given_back_is_free_at_once(self, outbox: Outbox) -> None:
        put(outbox, make_delivery())
        outbox.give_back(take(outbox))
        assert len(take(outbox).head) == 1

    def test_what_is_delivered_does_not_come_again(self, outbox: Outbox) -> None:
        put(outbox, make_delivery())
        deliver(outbox)
        assert idle(outbox, now=START + timedelta(days=1)) is None
        assert outbox.queue() == {}
        assert outbox.waiting() == 0

    def test_after_a_crash_the_same_bytes_go_out_again(self, outbox: Outbox) -> None:
        put(outbox, make_delivery())
        turn = take(outbox)
        outbox.launch(turn, launch_of(entries_of(turn)), now=START)
        assert idle(outbox) == START + LEASE
        again = take(outbox, now=START + LEASE)
        assert again.open is not None
        assert (again.open.id, again.open.body, again.head) == ("m-1", b"body of m-1", ())
        assert outbox.relaunch(again, "m-1", now=START + LEASE)
        assert settle(outbox, again, "m-1", now=START + LEASE)
        assert idle(outbox, now=START + 2 * LEASE) is None

    def test_what_may_have_arrived_goes_out_again_before_all_else(self, outbox: Outbox) -> None:
        put(outbox, make_delivery())
        turn = take(outbox)
        outbox.launch(turn, launch_of(entries_of(turn)), now=START)
        put(outbox, make_delivery(make_alert("Other"), key="b"))
        frozen = Settlement(fate=Fate.FROZEN, rests_until=START + SECOND, failures=1)
        settle(outbox, turn, "m-1", frozen, outcome="no answer")
        assert idle(outbox) == START + SECOND
        again = take(outbox, now=START + SECOND)
        assert again.open is not None
        assert (again.open.id, again.open.attempts, again.failures) == ("m-1", 1, 1)

    def test_what_has_not_arrived_is_planned_anew(self, outbox: Outbox) -> None:
        put(outbox, make_delivery())
        turn = take(outbox)
        outbox.launch(turn, launch_of(entries_of(turn)), now=START)
        settle(outbox, turn, "m-1", DISSOLVED)
        again = take(outbox)
        assert (again.open, again.head) == (None, turn.head)

    def test_a_message_may_tell_a_part(self, outbox: Outbox) -> None:
        alerts = [make_alert(instance=str(number)) for number in range(5)]
        put(outbox, make_delivery(*alerts))
        turn = take(outbox)
        outbox.launch(turn, launch_of(entries_of(turn)[:3]), now=START)
        settle(outbox, turn, "m-1")
        rest = take(outbox)
        assert rest.head[0].left == (3, 4)
        assert alerts_of(rest.totals) == 2
        outbox.give_back(rest)
        deliver(outbox, name="m-2")
        assert idle(outbox) is None

    def test_an_older_state_goes_with_the_newer(self, outbox: Outbox) -> None:
        put(outbox, make_delivery(make_alert(status="firing"), key="a"))
        put(outbox, make_delivery(make_alert(status="resolved"), key="b"))
        turn = take(outbox)
        older, newer = entries_of(turn)
        told = Entry(
            delivery_id=newer.delivery_id,
            index=0,
            alert=newer.alert,
            delivery=newer.delivery,
            received_at=older.received_at,
            covers=((older.delivery_id, 0),),
        )
        outbox.launch(turn, launch_of((told,)), now=START)
        settle(outbox, turn, "m-1")
        assert idle(outbox) is None
        assert outbox.waiting() == 0

    def test_a_digest_settles_what_it_counted_and_no_more(self, outbox: Outbox) -> None:
        for number in range(4):
            alert = make_alert(f"A{number % 2}", severity="warning", instance=str(number))
            put(outbox, make_delivery(alert, key=str(number)))
        high = make_delivery(make_alert("H"), key="h", priority=Priority.HIGH)
        put(outbox, high)
        turn = take(outbox)
        launch = digest_of(turn)
        assert launch.alerts == 4
        outbox.launch(turn, launch, now=START)
        late = make_delivery(make_alert("A0", severity="warning", instance="late"), key="late")
        put(outbox, late)
        settle(outbox, turn, "d-1")
        rest = take(outbox)
        assert [waiting.delivery for waiting in rest.head] == [high, late]
        assert {count.name: count.alerts for count in rest.totals.counts} == {"H": 1, "A0": 1}
        assert (rest.totals.deliveries, rest.totals.high_deliveries) == (1, 1)

    def test_high_comes_first_and_the_head_is_bounded(self, outbox: Outbox) -> None:
        for number in range(30):
            alerts = [make_alert(f"N{number}", instance=str(each)) for each in range(100)]
            put(outbox, make_delivery(*alerts, key=str(number)))
        put(outbox, make_delivery(make_alert("High"), key="high", priority=Priority.HIGH))
        turn = take(outbox)
        assert turn.head[0].priority is Priority.HIGH
        assert sum(len(waiting.left) for waiting in turn.head) <= 2_100
        assert len(turn.head) == 21
        assert alerts_of(turn.totals) == 3_001

    def test_the_rate_holds(self, outbox: Outbox) -> None:
        rate, now = Rate(20, MINUTE), START
        times: list[datetime] = []
        for number in range(25):
            put(outbox, make_delivery(make_alert(str(number)), key=str(number)), now=now)
        while True:
            found = ask(outbox, rate=rate, now=now)
            if isinstance(found, Idle):
                if found.until is None:
                    break
                now = found.until
                continue
            name = f"m-{len(times)}"
            outbox.launch(found, launch_of(entries_of(found)[:1], name), now=now)
            times.append(now)
            settle(outbox, found, name, now=now)
        assert len(times) == 25
        assert [time for time in times if time == START] == [START] * 5
        for index, time in enumerate(times):
            assert sum(1 for other in times[index:] if other - time < MINUTE) <= 20

    def test_every_request_is_charged_whatever_becomes_of_it(self, outbox: Outbox) -> None:
        rate = Rate(4, MINUTE)
        put(outbox, make_delivery())
        turn = take(outbox, rate=rate)
        outbox.launch(turn, launch_of(entries_of(turn)), now=START)
        assert outbox.spent(START + SECOND) == {"token of ops": 1}
        settle(outbox, turn, "m-1", DISSOLVED, now=START + 2 * SECOND)
        assert outbox.spent(START + 2 * SECOND + MINUTE - SECOND) == {"token of ops": 1}
        assert outbox.spent(START + 2 * SECOND + MINUTE) == {}
        waits_until = idle(outbox, rate=rate, now=START + 2 * SECOND)
        assert waits_until is not None
        assert waits_until > START + 2 * SECOND, "the burst is one message"

    def test_a_resting_token_gets_nothing(self, outbox: Outbox) -> None:
        put(outbox, make_delivery(), make_delivery(robot="other"))
        turn = take(outbox)
        outbox.launch(turn, launch_of(entries_of(turn)), now=START)
        rest = Settlement(fate=Fate.DISSOLVED, rests_until=START + MINUTE, throttles=1)
        settle(outbox, turn, "m-1", rest)
        assert idle(outbox) == START + MINUTE
        assert take(outbox, "other").robot == "other"
        assert outbox.resting()["token of ops"] == START + MINUTE
        assert take(outbox, now=START + MINUTE).throttles == 1

    def test_a_reload_ends_every_rest_but_that_of_a_throttled_token(self, outbox: Outbox) -> None:
        for robot, ill in ("ops", "token"), ("db", "throttled"):
            put(outbox, make_delivery(robot=robot))
            turn = take(outbox, robot)
            outbox.launch(turn, launch_of(entries_of(turn), robot), now=START)
            until = START + timedelta(hours=1)
            rest = Settlement(fate=Fate.DISSOLVED, rests_until=until, ill=ill)
            settle(outbox, turn, robot, rest)
        outbox.end_rest()
        take(outbox)
        assert idle(outbox, "db") == START + timedelta(hours=1)

    def test_what_is_too_big_lowers_the_room(self, outbox: Outbox) -> None:
        put(outbox, make_delivery())
        turn = take(outbox)
        outbox.launch(turn, launch_of(entries_of(turn)), now=START)
        settle(outbox, turn, "m-1", Settlement(fate=Fate.DISSOLVED, room=14_000))
        assert take(outbox).room == 14_000

    def test_refused_content_is_halved_until_the_offender_stands_alone(
        self, outbox: Outbox
    ) -> None:
        alerts = [make_alert(instance=str(number)) for number in range(8)]
        put(outbox, make_delivery(*alerts))
        told, number = [], 0
        while isinstance(found := ask(outbox), Turn):
            [waiting] = found.head
            most = waiting.suspect or len(waiting.left)
            entries = entries_of(found)[:most]
            name, number = f"m-{number}", number + 1
            outbox.launch(found, launch_of(entries, name), now=START)
            bad = any(entry.index == 5 for entry in entries)
            settle(outbox, found, name, REFUSED if bad else SENT, outcome="430102 text")
            told += [] if bad else [entry.index for entry in entries]
        assert sorted(told) == [0, 1, 2, 3, 4, 6, 7]
        assert outbox.dead() == {"ops": 1}
        assert number <= 12
        assert outbox.waiting() == 0
        later = START + SECOND
        purge(outbox, before=later, dead_before=START)
        assert outbox.dead() == {"ops": 1}, "kept longer than what was delivered"
        while purge(outbox, before=later, dead_before=later):
            pass
        assert outbox.dead() == {}

    def test_a_refused_digest_is_told_line_by_line(self, outbox: Outbox) -> None:
        for number in range(3):
            put(outbox, make_delivery(make_alert(str(number)), key=str(number)))
        turn = take(outbox)
        outbox.launch(turn, digest_of(turn), now=START)
        settle(outbox, turn, "d-1", REFUSED, outcome="430104")
        assert [waiting.suspect for waiting in take(outbox).head] == [3, 3, 3]

    def test_a_notice_comes_after_high_alerts_and_before_others(self, outbox: Outbox) -> None:
        put(outbox, make_delivery())
        put(outbox, make_delivery(key="high", priority=Priority.HIGH))
        notice = Notice(robot="ops", title="t", text="x")
        outbox.notify([notice], now=START)
        high = take(outbox)
        assert [waiting.priority for waiting in high.head] == [Priority.HIGH, Priority.NORMAL]
        outbox.launch(high, launch_of(entries_of(high)[:1], "m-1"), now=START)
        settle(outbox, high, "m-1")
        turn = take(outbox)
        assert turn.notice is not None
        assert (turn.notice.notice, turn.head) == (notice, ())
        send_notice(outbox, turn, "n-1")
        assert len(take(outbox).head) == 1

    def test_high_alerts_without_end_do_not_silence_notices(self, outbox: Outbox) -> None:
        outbox.notify([Notice(robot="ops", title="t", text="x")] * 2, now=START)
        put(outbox, make_delivery(key="a", priority=Priority.HIGH))
        assert take(outbox, now=START + MINUTE).head
        later = START + MINUTE + LEASE
        turn = take(outbox, now=later)
        assert turn.head == (), "it has waited for a `per`"
        assert launch_notice(outbox, turn, "n-1")
        settle(outbox, turn, "n-1", now=later)
        assert take(outbox, now=later).head, "one at a time"

    def test_a_notice_that_is_refused_does_not_come_again(self, outbox: Outbox) -> None:
        outbox.notify([Notice(robot="ops", title="t", text="x")], now=START)
        turn = take(outbox)
        assert turn.notice is not None
        launch = Launch(
            id="n-1",
            body=b"n",
            form=Form.FULL,
            alerts=0,
            oldest_received_at=START,
            notice_id=turn.notice.id,
        )
        outbox.launch(turn, launch, now=START)
        settle(outbox, turn, "n-1", REFUSED)
        assert idle(outbox) is None

    def test_what_is_asked_for_waits_in_order_and_is_sent_once(self, outbox: Outbox) -> None:
        assert [outbox.post(a_post(name), now=START).id for name in "abc"] == ["m1", "m2", "m3"]
        assert outbox.waiting() == 3
        assert outbox.queue() == {"ops": QueueState(3, START)}
        for number, name in enumerate("abc"):
            turn = take(outbox)
            assert turn.notice is not None
            assert turn.notice.notice == a_post(name)
            send_notice(outbox, turn, f"n-{number}")
        assert (idle(outbox), outbox.waiting(), outbox.queue()) == (None, 0, {})

    def test_the_same_uuid_is_one_message_of_a_robot(self, outbox: Outbox) -> None:
        first = outbox.post(a_post("a"), now=START)
        again = outbox.post(a_post("a", "other words"), now=START + MINUTE)
        assert (first, again) == (Posted("m1", duplicate=False), Posted("m1", duplicate=True))
        assert not outbox.post(a_post("a", robot="db"), now=START).duplicate, "another robot's own"
        send_notice(outbox, take(outbox), "n-1")
        assert outbox.post(a_post("a"), now=START).duplicate, "sent it is known too"
        assert idle(outbox) is None

    def test_two_who_ask_at_once_are_one(self, outbox: Outbox) -> None:
        with ThreadPoolExecutor(8) as pool:
            asked = [pool.submit(outbox.post, a_post("a"), now=START) for _ in range(8)]
            found = [future.result() for future in asked]
        assert {posted.id for posted in found} == {"m1"}
        assert [posted.duplicate for posted in found].count(False) == 1

    def test_what_is_asked_for_takes_turns_with_alerts(self, outbox: Outbox) -> None:
        """Neither keeps the other waiting; what is critical passes."""
        for name in "ab":
            outbox.post(a_post(name), now=START)
            put(outbox, make_delivery(key=name))
        first = take(outbox)
        assert (first.notice is None, first.head) == (False, ())
        send_notice(outbox, first, "n-1")
        second = take(outbox)
        assert second.notice is not None, "it is sent if the alerts can wait"
        assert [waiting.id for waiting in second.head] == [1, 2]
        outbox.launch(second, launch_of(entries_of(second)[:1], "m-1"), now=START)
        settle(outbox, second, "m-1")
        third = take(outbox)
        assert (third.notice is None, third.head) == (False, ())
        outbox.give_back(third)
        put(outbox, make_delivery(key="high", priority=Priority.HIGH))
        assert take(outbox).head

    def test_what_is_asked_for_and_refused_is_dead_until_it_is_tried_again(
        self, outbox: Outbox
    ) -> None:
        outbox.post(a_post("a"), now=START)
        send_notice(outbox, take(outbox), "n-1", REFUSED)
        assert (idle(outbox), outbox.waiting()) == (None, 0)
        assert outbox.retry(["m1", "m1"]) == Changed(done=("m1",), robots=("ops",))
        assert outbox.retry(["m1"]).problems == ("m1: is not dead; see `outbox list`",)
        assert outbox.waiting() == 1
        send_notice(outbox, take(outbox), "n-2")
        assert outbox.discard(["m1", "m9"], now=START).problems == (
            "m1: neither waits nor is dead; see `outbox list`",
            "m9: is no message that is kept; see `outbox list`",
        )

    def test_what_is_asked_for_can_be_given_up_unless_it_may_have_arrived(
        self, outbox: Outbox
    ) -> None:
        put(outbox, make_delivery())
        outbox.post(a_post("a"), now=START)
        outbox.post(a_post("b"), now=START)
        turn = take(outbox)
        assert turn.notice is not None
        assert outbox.discard(["1.0", "m2"], now=START).done == ("1.0", "m2")
        assert not launch_notice(outbox, turn, "n-1"), "what was planned before is void"
        turn = take(outbox)
        assert launch_notice(outbox, turn, "n-2")
        settle(outbox, turn, "n-2", Settlement(fate=Fate.FROZEN))
        assert outbox.discard(["m1"], now=START).problems == (
            "m1: may have arrived; try again once that is settled",
        )
        settle(outbox, take(outbox), "n-2")
        assert idle(outbox) is None

    def test_what_was_asked_for_is_forgotten_like_alerts(self, outbox: Outbox) -> None:
        for number, settlement in enumerate((SENT, REFUSED)):
            outbox.post(a_post(str(number)), now=START)
            send_notice(outbox, take(outbox), f"n-{number}", settlement)
        later = START + MINUTE
        purge(outbox, before=later, dead_before=START)
        assert not outbox.post(a_post("0"), now=later).duplicate, "sent: forgotten"
        assert outbox.post(a_post("1"), now=later).duplicate, "dead: kept longer"
        purge(outbox, before=later, dead_before=later)
        assert not outbox.post(a_post("1"), now=later).duplicate

    def test_an_unchanged_group_is_a_duplicate_within_the_window(self, outbox: Outbox) -> None:
        delivery = make_delivery()
        assert put(outbox, delivery) == Accepted(1, 0)
        just_before = START + WINDOW - SECOND
        assert put(outbox, delivery, now=just_before) == Accepted(0, 1)
        assert put(outbox, delivery, now=START + WINDOW) == Accepted(1, 0)

    def test_a_duplicate_may_have_looked_at_the_clock_first(self, outbox: Outbox) -> None:
        """Two requests at once commit in any order, and two replicas' clocks differ a little."""
        assert put(outbox, make_delivery(), now=START + SECOND) == Accepted(1, 0)
        assert put(outbox, make_delivery(), now=START) == Accepted(0, 1)

    def test_a_duplicate_does_not_prolong_the_window(self, outbox: Outbox) -> None:
        delivery = make_delivery()
        for minutes, fresh in ((0, 1), (2, 0), (4, 1)):
            accepted = put(outbox, delivery, now=START + timedelta(minutes=minutes))
            assert accepted.deliveries == fresh

    def test_what_changed_elsewhere_in_the_group_is_not_told(self, outbox: Outbox) -> None:
        put(outbox, make_delivery())
        much_later = START + timedelta(hours=1)
        elsewhere = make_delivery(reason="new alerts added")
        assert put(outbox, elsewhere, now=much_later) == Accepted(0, 1)
        repeat = make_delivery(reason="repeat interval elapsed")
        assert put(outbox, repeat, now=much_later) == Accepted(1, 0)

    def test_only_the_state_accepted_last_is_compared(self, outbox: Outbox) -> None:
        firing = make_delivery(make_alert(status="firing"))
        resolved = make_delivery(make_alert(status="resolved"))
        assert [put(outbox, each).deliveries for each in (firing, resolved, firing)] == [1, 1, 1]

    def test_other_robots_receivers_and_groups_are_no_duplicates(self, outbox: Outbox) -> None:
        put(outbox, make_delivery())
        assert put(outbox, make_delivery(robot="other"), make_delivery(key="b")) == Accepted(2, 0)

    @pytest.mark.parametrize("window", [WINDOW, timedelta()])
    def test_a_repeat_knows_how_many_eth_it_is(self, outbox: Outbox, window: timedelta) -> None:
        states = ["one"] * 3 + ["other", "one"]
        for number, state in enumerate(states):
            accepted = [make_delivery(make_alert(instance=state))]
            outbox.enqueue(accepted, now=START + number * WINDOW, dedup_window=window)
        head = take(outbox, now=START + 9 * WINDOW).head
        assert [waiting.delivery.group.times for waiting in head] == [1, 2, 3, 1, 1]

    def test_deduplication_can_be_off(self, outbox: Outbox) -> None:
        for _ in range(2):
            accepted = outbox.enqueue([make_delivery()], now=START, dedup_window=timedelta(0))
            assert accepted == Accepted(1, 0)

    def test_the_queue_is_counted_by_robot(self, outbox: Outbox) -> None:
        put(outbox, make_delivery(key="a"), make_delivery(robot="other"))
        put(outbox, make_delivery(key="b"), now=START + SECOND)
        queue = outbox.queue()
        assert {robot: state.pending for robot, state in queue.items()} == {"ops": 2, "other": 1}
        assert queue["ops"].oldest_received_at == START
        assert outbox.waiting() == 3
        deliver(outbox)
        assert outbox.waiting() == 1
        outbox.recount()
        assert outbox.waiting() == 1

    def test_what_was_delivered_is_forgotten_in_time(self, outbox: Outbox) -> None:
        put(outbox, make_delivery(key="a"), make_delivery(robot="other"))
        deliver(outbox)
        assert purge(outbox, before=START) == 0
        assert purge(outbox, before=START + SECOND) == 2
        assert purge(outbox, before=START + SECOND, states_before=START + SECOND) == 2
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

    def test_a_clock_set_back_neither_silences_nor_loses(self, outbox: Outbox) -> None:
        """All that was written looks to the future: a state, a lease, charges and a slot."""
        ahead = START + timedelta(days=1)
        put(outbox, make_delivery(), now=ahead)
        rate = Rate(4, MINUTE)
        for number in range(4):
            turn = take(outbox, now=ahead + number * MINUTE, rate=rate)
            name = f"m-{number}"
            outbox.launch(turn, launch_of(entries_of(turn), name), now=ahead + number * MINUTE)
            settle(outbox, turn, name, DISSOLVED, now=ahead + number * MINUTE)
        take(outbox, now=ahead + 5 * MINUTE, rate=rate)
        assert put(outbox, make_delivery()).deliveries == 1
        found = ask(outbox, rate=rate)
        waited = START if isinstance(found, Turn) else found.until
        assert waited is not None
        assert waited - START <= MINUTE

    def test_a_probe_writes(self, outbox: Outbox) -> None:
        outbox.probe(START)
        assert outbox.alive()
        assert not outbox.corrupt()
