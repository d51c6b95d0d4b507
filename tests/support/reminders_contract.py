"""What every store must do with reminders: each rings once, until something ends it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from adapter.core.acts import Act, ActKind
from adapter.core.alerts import Status
from adapter.core.delivery import Notice
from adapter.core.matchers import parse_matchers
from adapter.core.reminding import Quiet, Remind
from adapter.core.routing import Ended
from support.acts_contract import LEASE
from support.alerts import make_alert, make_delivery
from support.clock import START
from support.outbox_contract import deliver, digest_of, purge, put, settle, take

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from adapter.core.alerts import Alert
    from adapter.core.delivery import Delivery
    from adapter.core.reminder_notice import Due
    from adapter.outbox import Outbox

MINUTE = timedelta(minutes=1)
REMIND = Remind(after=10 * MINUTE, times=2)
UP = make_alert("Up", instance="1")


def reminding(*alerts: Alert, robot: str = "ops", key: str = "k", source: str = "") -> Delivery:
    delivery = make_delivery(*(alerts or (UP,)), robot=robot, key=key)
    group = msgspec.structs.replace(delivery.group, source=source)
    return msgspec.structs.replace(delivery, group=group, remind=REMIND)


def rings(outbox: Outbox, now: datetime) -> list[tuple[str, str, int]]:
    """Return which alerts ring now: robot, instance, and for which time."""
    rung: list[tuple[str, str, int]] = []

    def tell(due: Sequence[Due]) -> list[Notice]:
        for each in due:
            alert = each.delivery.group.alerts[each.index]
            rung.append((each.delivery.robot, alert.labels["instance"], each.number))
        return [Notice(robot="words", title="t", text="x")]

    words = outbox.remind(tell, now=now)
    assert len(words) == bool(rung)
    return sorted(rung)


class RemindersContract:
    """Hold a store to what reminders need."""

    def test_what_nobody_is_on_rings_its_number_of_times(self, outbox: Outbox) -> None:
        put(outbox, reminding())
        deliver(outbox)
        assert rings(outbox, START + 9 * MINUTE) == []
        assert rings(outbox, START + 10 * MINUTE) == [("ops", "1", 1)]
        assert rings(outbox, START + 19 * MINUTE) == []
        assert rings(outbox, START + 21 * MINUTE) == [("ops", "1", 2)]
        assert rings(outbox, START + 60 * MINUTE) == []
        assert outbox.waiting() == 2, "each is a message that waits its turn"

    def test_of_several_that_look_at_once_one_tells(self, outbox: Outbox) -> None:
        put(outbox, reminding())
        deliver(outbox)
        with ThreadPoolExecutor(6) as pool:
            looks = pool.map(lambda _: rings(outbox, START + 10 * MINUTE), range(6))
            assert sorted(looks) == [*([[]] * 5), [("ops", "1", 1)]]

    def test_a_resolve_ends_it_whether_it_is_told_or_not(self, outbox: Outbox) -> None:
        other = make_alert("Up", instance="2")
        put(outbox, reminding(UP, other))
        deliver(outbox)
        over = msgspec.structs.replace(UP, status=Status.RESOLVED)
        put(outbox, reminding(over, other), now=START + MINUTE)
        untold = Ended("ops", "", other.fingerprint)
        assert rings(outbox, START + 10 * MINUTE) == []
        outbox.enqueue([], now=START, dedup_window=MINUTE, ended=[untold])
        deliver(outbox, now=START + 11 * MINUTE, name="m-2")
        assert rings(outbox, START + 30 * MINUTE) == []

    def test_another_robot_or_source_is_not_meant(self, outbox: Outbox) -> None:
        put(outbox, reminding(key="a"))
        put(outbox, reminding(robot="db", key="b"))
        put(outbox, reminding(source="bj", key="c"))
        deliver(outbox)
        deliver(outbox, "db", name="m-2")
        outbox.enqueue([], now=START, dedup_window=MINUTE, ended=[Ended("ops", "", UP.fingerprint)])
        assert rings(outbox, START + 10 * MINUTE) == [("db", "1", 1), ("ops", "1", 1)]

    def test_who_is_on_it_ends_it_everywhere(self, outbox: Outbox) -> None:
        put(outbox, reminding(UP, make_alert("Up", instance="2"), key="a"))
        put(outbox, reminding(robot="db", key="b"))
        deliver(outbox)
        deliver(outbox, "db", name="m-2")
        act = Act(kind=ActKind.ACKNOWLEDGE, delivery=1, robot="ops", who="x", at=START)
        outbox.acts.do(act, quiet=Quiet("", (UP.fingerprint,)), now=START)
        assert rings(outbox, START + 10 * MINUTE) == [("ops", "2", 1)]

    def test_a_silence_ends_it_for_all_that_it_mutes(self, outbox: Outbox) -> None:
        alerts = [make_alert("Up", instance=str(number)) for number in range(3)]
        put(outbox, reminding(*alerts, make_alert("Down", instance="9"), source="bj"))
        put(outbox, reminding(make_alert("Up", instance="1"), source="sh", key="b"))
        deliver(outbox)
        act = Act(kind=ActKind.SILENCE, delivery=1, robot="ops", who="x", at=START)
        outbox.acts.begin(act, now=START, lease=LEASE)
        matchers = parse_matchers('alertname="Up", instance=~"0|1"')
        outbox.acts.finish(act, quiet=Quiet("bj", (), matchers, "silenced"), now=START)
        assert rings(outbox, START + 10 * MINUTE) == [
            ("ops", "1", 1),
            ("ops", "2", 1),
            ("ops", "9", 1),
        ]

    def test_it_waits_while_the_alert_itself_waits(self, outbox: Outbox) -> None:
        put(outbox, reminding())
        assert rings(outbox, START + 10 * MINUTE) == []
        deliver(outbox, now=START + 15 * MINUTE)
        assert rings(outbox, START + 20 * MINUTE) == []
        assert rings(outbox, START + 25 * MINUTE) == [("ops", "1", 1)]

    def test_what_a_digest_told_is_reminded_of(self, outbox: Outbox) -> None:
        put(outbox, reminding())
        turn = take(outbox)
        outbox.launch(turn, digest_of(turn), now=START)
        settle(outbox, turn, "d-1")
        assert rings(outbox, START + 10 * MINUTE) == [("ops", "1", 1)]

    def test_a_repetition_is_heard_and_begins_nothing_anew(self, outbox: Outbox) -> None:
        put(outbox, reminding())
        deliver(outbox)
        assert len(rings(outbox, START + 10 * MINUTE)) == 1
        put(outbox, reminding(), now=START + 11 * MINUTE)
        deliver(outbox, now=START + 11 * MINUTE, name="m-2")
        assert len(rings(outbox, START + 20 * MINUTE)) == 1
        put(outbox, reminding(), now=START + 21 * MINUTE)
        deliver(outbox, now=START + 21 * MINUTE, name="m-3")
        assert rings(outbox, START + 90 * MINUTE) == []

    def test_a_new_outbreak_takes_the_place_of_one_whose_end_was_missed(
        self, outbox: Outbox
    ) -> None:
        put(outbox, reminding())
        again = msgspec.structs.replace(UP, starts_at=START + 5 * MINUTE)
        put(outbox, reminding(again), now=START + 5 * MINUTE)
        deliver(outbox, now=START + 5 * MINUTE)
        assert rings(outbox, START + 10 * MINUTE) == []
        assert rings(outbox, START + 15 * MINUTE) == [("ops", "1", 1)]

    def test_without_a_start_an_alert_that_is_over_may_begin_again(self, outbox: Outbox) -> None:
        bare = msgspec.structs.replace(UP, starts_at=None)
        put(outbox, reminding(bare))
        put(outbox, reminding(msgspec.structs.replace(bare, status=Status.RESOLVED)), now=START)
        put(outbox, reminding(bare), now=START + MINUTE)
        deliver(outbox, now=START + MINUTE)
        assert rings(outbox, START + 11 * MINUTE) == [("ops", "1", 1)]

    def test_nothing_heard_for_long_ends_it(self, outbox: Outbox) -> None:
        put(outbox, reminding())
        deliver(outbox)
        assert rings(outbox, START + timedelta(hours=9)) == []
        assert rings(outbox, START + timedelta(hours=10)) == []

    def test_what_was_given_up_or_forgotten_rings_no_more(self, outbox: Outbox) -> None:
        put(outbox, reminding(key="a"))
        outbox.discard(["1"], now=START)
        assert rings(outbox, START + 20 * MINUTE) == []
        put(outbox, reminding(make_alert("Up", instance="2"), key="b"))
        deliver(outbox)
        purge(outbox, before=START + MINUTE)
        assert rings(outbox, START + 20 * MINUTE) == []
        purge(outbox, announced_before=START + MINUTE)
        assert rings(outbox, START + 20 * MINUTE) == []

    def test_without_remind_nothing_rings(self, outbox: Outbox) -> None:
        put(outbox, make_delivery(UP))
        deliver(outbox)
        assert rings(outbox, START + timedelta(hours=1)) == []
