"""What every store must do where several tokens send from one queue."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from adapter.core.delivery import Idle, Notice
from adapter.core.monthly import Allowance
from adapter.core.priority import Priority
from adapter.core.stranded import Strand, Stranded
from adapter.core.turn import Fate, Refusal, Relief, Settlement, Turn
from support.alerts import make_alert, make_delivery
from support.clock import START
from support.outbox_contract import DISSOLVED, FAST, LEASE, entries_of, launch_of, put, settle

if TYPE_CHECKING:
    from adapter.outbox import Outbox

MINUTE: Final = timedelta(minutes=1)
NO_TIME: Final = timedelta(0)
POOL: Final = ("one", "two")


def ask(outbox: Outbox, token: str, *, now: datetime = START) -> Turn | Idle:
    peers = tuple(each for each in POOL if each != token)
    return outbox.take_turn(
        token=token,
        robot="ops",
        rate=FAST,
        now=now,
        lease=LEASE,
        peers=peers,
        others=("backup",),
    )


def take(outbox: Outbox, token: str, *, now: datetime = START) -> Turn:
    turn = ask(outbox, token, now=now)
    assert isinstance(turn, Turn), turn
    return turn


def stand_in(outbox: Outbox, *, now: datetime = START) -> Turn | Idle:
    """Ask as the fallback of both."""
    relief = Relief(POOL, 10 * MINUTE)
    return outbox.take_turn(
        token="backup", robot="ops", rate=FAST, now=now, lease=LEASE, others=POOL, relief=relief
    )


def inherit(outbox: Outbox, *, now: datetime = START) -> Turn | Idle:
    """Ask as the heir of a robot that is gone."""
    relief = Relief((), timedelta(0))
    return outbox.take_turn(
        token="backup", robot="ops", rate=FAST, now=now, lease=LEASE, relief=relief
    )


def fail(outbox: Outbox, token: str, ill: str = "token", *, now: datetime = START) -> None:
    """Let a token's message be refused, so that it rests for twenty minutes."""
    turn = take(outbox, token, now=now)
    name = f"{token} at {now}"
    outbox.launch(turn, launch_of(entries_of(turn)[:1], name), now=now)
    ill_now = Settlement(fate=Fate.DISSOLVED, rests_until=now + 20 * MINUTE, ill=ill)
    settle(outbox, turn, name, ill_now, now=now, outcome="300005 token is not exist")


def names(turn: Turn) -> list[str]:
    return [entry.alert.name for entry in entries_of(turn)]


class PoolContract:
    """The claims of a store about pools and fallbacks."""

    def test_what_no_token_can_take_is_leased_to_the_last_resort_once(self, outbox: Outbox) -> None:
        deferred = make_delivery(make_alert("Deferred"), key="d")
        due = msgspec.structs.replace(deferred, deferred_until=START + MINUTE)
        high = make_delivery(make_alert("High"), key="h", priority=Priority.HIGH)
        put(outbox, due, make_delivery(make_alert("Normal"), key="n"), high)
        fail(outbox, "one")
        strands = (Strand(robot="ops", tokens=("one",), after=10 * MINUTE),)
        now = START + 11 * MINUTE
        told = []
        while isinstance(found := outbox.take_stranded(strands, now=now, lease=LEASE), Stranded):
            busy = outbox.take_stranded(strands, now=now, lease=LEASE)
            assert busy == Idle(now + LEASE)
            told.append(found.delivery.group.alerts[0].name)
            assert outbox.settle_stranded(found, rests_until=None, now=now)
            assert not outbox.settle_stranded(found, rests_until=None, now=now)
        assert told == ["High", "Normal", "Deferred"]

    def test_what_one_token_plans_no_other_plans(self, outbox: Outbox) -> None:
        put(outbox, make_delivery())
        first = take(outbox, "one")
        found = ask(outbox, "two")
        assert isinstance(found, Idle)
        assert found.until is not None
        assert START < found.until < START + LEASE, "the other one stores its message any moment"
        outbox.give_back(first)
        assert names(take(outbox, "two")) == ["TargetDown"]

    def test_tokens_of_one_pool_that_ask_at_once_never_plan_the_same(self, outbox: Outbox) -> None:
        put(outbox, *(make_delivery(make_alert(f"A{n}"), key=str(n)) for n in range(8)))
        for number in range(5):
            now = START + number * MINUTE
            with ThreadPoolExecutor(2) as pool:
                found = list(pool.map(lambda token, at=now: ask(outbox, token, now=at), POOL))
            turns = [each for each in found if isinstance(each, Turn)]
            assert len(turns) == 1
            outbox.give_back(turns[0])

    def test_a_group_in_a_message_of_another_token_is_left_out(self, outbox: Outbox) -> None:
        both = make_delivery(make_alert("A"), make_alert("B"), key="a")
        put(outbox, both, make_delivery(make_alert("C"), key="c"))
        first = take(outbox, "one")
        outbox.launch(first, launch_of(entries_of(first)[:1]), now=START)
        second = take(outbox, "two")
        assert (names(second), second.digests) == (["C"], False)
        outbox.give_back(second)
        settle(outbox, first, "m-1")
        again = take(outbox, "two")
        assert (names(again), again.digests) == (["B", "C"], True)

    def test_a_newer_state_of_an_alert_on_its_way_is_left_out(self, outbox: Outbox) -> None:
        put(outbox, make_delivery(make_alert("A"), key="a"))
        first = take(outbox, "one")
        outbox.launch(first, launch_of(entries_of(first)), now=START)
        newer = make_alert("A", status="resolved")
        put(outbox, make_delivery(newer, make_alert("B"), key="b"))
        assert names(take(outbox, "two")) == ["B"]

    def test_a_planner_whose_lease_is_over_stores_nothing(self, outbox: Outbox) -> None:
        put(outbox, make_delivery())
        late = take(outbox, "one")
        later = START + LEASE
        second = take(outbox, "two", now=later)
        assert not outbox.launch(late, launch_of(entries_of(late)), now=later)
        assert outbox.launch(second, launch_of(entries_of(second)), now=later)

    def test_the_load_is_shared_by_those_that_are_well(self, outbox: Outbox) -> None:
        put(outbox, make_delivery())
        turn = take(outbox, "one")
        assert turn.senders == 2
        outbox.give_back(turn)
        fail(outbox, "two")
        assert take(outbox, "one").senders == 1

    def test_a_token_that_fails_is_known_with_its_reason(self, outbox: Outbox) -> None:
        put(outbox, make_delivery())
        fail(outbox, "one")
        fail(outbox, "one", "sign", now=START + 20 * MINUTE)
        found = outbox.ailing()["one"]
        assert (found.reason, found.since) == ("sign", START)
        assert found.why == "300005 token is not exist"
        assert found.rests_until == START + 40 * MINUTE
        turn = take(outbox, "two")
        outbox.launch(turn, launch_of(entries_of(turn)), now=START)
        settle(outbox, turn, "m-1")
        assert set(outbox.ailing()) == {"one"}

    def test_a_fallback_stands_in_only_when_all_have_failed_long_enough(
        self, outbox: Outbox
    ) -> None:
        put(outbox, make_delivery(), make_delivery(key="b"))
        assert stand_in(outbox) == Idle(None)
        fail(outbox, "one")
        assert stand_in(outbox, now=START + 11 * MINUTE) == Idle(None), "the other one is well"
        fail(outbox, "two", "sign", now=START + 5 * MINUTE)
        assert stand_in(outbox, now=START + 6 * MINUTE) == Idle(START + 15 * MINUTE)
        found = stand_in(outbox, now=START + 15 * MINUTE)
        assert isinstance(found, Turn)
        assert (found.token, found.robot, found.stands_in_for) == ("backup", "ops", "token")
        assert len(found.head) == 2
        outbox.give_back(found)
        tried_first = START + 20 * MINUTE
        assert stand_in(outbox, now=tried_first) == Idle(None), "the first rests no more"

    def test_a_reload_lets_the_robot_try_before_its_fallback(self, outbox: Outbox) -> None:
        put(outbox, make_delivery())
        for token in POOL:
            fail(outbox, token)
        later = START + 15 * MINUTE
        outbox.end_rest()
        assert stand_in(outbox, now=later) == Idle(None)
        assert isinstance(ask(outbox, "one", now=later), Turn)

    def test_a_fallback_leaves_out_what_the_robot_may_have_told(self, outbox: Outbox) -> None:
        put(outbox, make_delivery(make_alert("A"), key="a"))
        turn = take(outbox, "one")
        outbox.launch(turn, launch_of(entries_of(turn)), now=START)
        rest = START + 20 * MINUTE
        frozen = Settlement(fate=Fate.FROZEN, rests_until=rest, ill="unreachable")
        settle(outbox, turn, "m-1", frozen, outcome="no answer")
        put(outbox, make_delivery(make_alert("A", status="resolved"), key="a"))
        put(outbox, make_delivery(make_alert("B"), key="b"))
        fail(outbox, "two")
        found = stand_in(outbox, now=START + 11 * MINUTE)
        assert isinstance(found, Turn)
        assert names(found) == ["B"]

    def test_an_heir_stands_in_for_a_robot_that_is_gone(self, outbox: Outbox) -> None:
        put(outbox, make_delivery())
        found = inherit(outbox)
        assert isinstance(found, Turn)
        assert (found.robot, found.stands_in_for) == ("ops", "gone")
        assert names(found) == ["TargetDown"]

    def test_what_a_token_of_old_left_open_is_told_once_it_dissolves(self, outbox: Outbox) -> None:
        put(outbox, make_delivery(make_alert("A"), key="a"))
        turn = take(outbox, "one")
        outbox.launch(turn, launch_of(entries_of(turn)), now=START)
        put(outbox, make_delivery(make_alert("B"), key="b"))
        found = inherit(outbox)
        assert isinstance(found, Turn)
        assert names(found) == ["B"]
        outbox.give_back(found)
        assert outbox.dissolve(["backup"], now=START, age=NO_TIME) == 0, "it is just being sent"
        over = START + LEASE
        assert outbox.dissolve(["one"], now=over, age=NO_TIME) == 0, "it can be sent again"
        assert outbox.dissolve(["backup"], now=over, age=MINUTE) == 0, "a replica may know it"
        assert outbox.dissolve(["backup"], now=over, age=NO_TIME) == 1
        found = inherit(outbox, now=over)
        assert isinstance(found, Turn)
        assert names(found) == ["A", "B"]
        assert not settle(outbox, turn, "m-1", now=over), "its answer comes too late"
        outbox.give_back(found)
        assert take(outbox, "one", now=over).open is None, "also where it comes back"

    def test_what_is_to_be_told_is_stored_with_the_outcome(self, outbox: Outbox) -> None:
        put(outbox, make_delivery())
        turn = take(outbox, "one")
        outbox.launch(turn, launch_of(entries_of(turn)), now=START)
        notice = Notice(robot="ops", title="t", text="x")
        settle(outbox, turn, "m-1", Settlement(fate=Fate.DISSOLVED, notices=(notice,)))
        again = take(outbox, "two")
        assert again.notice is not None
        assert again.notice.notice == notice

    def test_what_a_token_was_refused_is_remembered(self, outbox: Outbox) -> None:
        put(outbox, make_delivery())
        turn = take(outbox, "one")
        outbox.launch(turn, launch_of(entries_of(turn)), now=START)
        refusal = Refusal("430101", START)
        settlement = Settlement(fate=Fate.REFUSED, refusal=refusal, plain_until=START + MINUTE)
        settle(outbox, turn, "m-1", settlement)
        again = take(outbox, "one")
        assert (again.refusal, again.plain_until) == (refusal, START + MINUTE)

    def test_a_frozen_message_knows_that_it_was_plain(self, outbox: Outbox) -> None:
        put(outbox, make_delivery())
        turn = take(outbox, "one")
        launch = launch_of(entries_of(turn))
        for name, minimal in (("m-1", False), ("m-2", True)):
            stored = msgspec.structs.replace(launch, id=name, minimal=minimal)
            outbox.launch(turn, stored, now=START)
            settle(outbox, turn, name, Settlement(fate=Fate.FROZEN))
            turn = take(outbox, "one")
            assert turn.open is not None
            assert turn.open.minimal is minimal
            settle(outbox, turn, name, DISSOLVED)
            turn = take(outbox, "one")

    def test_a_quota_is_counted_over_all_that_draw_on_it(self, outbox: Outbox) -> None:
        company = Allowance(name="company", messages=10, used=5, robots=("ops", "db"))
        for number, robot in enumerate(("ops", "db", "ops", "ops")):
            put(outbox, make_delivery(robot=robot, key=str(number)))
            turn = outbox.take_turn(
                token=robot, robot=robot, rate=FAST, now=START, lease=LEASE, allowance=company
            )
            assert isinstance(turn, Turn)
            assert turn.notice is None
            outbox.launch(turn, launch_of(entries_of(turn), f"m-{number}"), now=START)
            unsent = Settlement(fate=Fate.SENT, arrived=number != 1)
            settle(outbox, turn, f"m-{number}", unsent)
        month = outbox.months(START)["company"]
        assert (month.spent(5), month.first) == (8, True)
        later = START + timedelta(days=31)
        assert outbox.months(later)["company"].spent(5) == 0, "it was used in the month it began"
        told = outbox.take_turn(
            token="db", robot="db", rate=FAST, now=START, lease=LEASE, allowance=company
        )
        assert isinstance(told, Turn)
        assert told.notice is not None
        assert isinstance(told.notice.notice, Notice)
        assert "8/10" in told.notice.notice.title
