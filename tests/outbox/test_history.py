"""What a person can ask of an outbox, and change in it, on either database."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest

from adapter.core.batch import Entry
from adapter.core.priority import Priority
from adapter.errors import StoreUnavailable
from adapter.outbox import History, Outbox, open_history, open_sqlite
from adapter.outbox.sqlite import open_existing
from support.alerts import make_alert, make_delivery
from support.clock import START
from support.deferral_contract import MORNING, held, launch_digest, warning
from support.outbox_contract import (
    DISSOLVED,
    LEASE,
    MINUTE,
    REFUSED,
    SECOND,
    SENT,
    alerts_of,
    deliver,
    digest_of,
    entries_of,
    idle,
    launch_of,
    purge,
    put,
    settle,
    take,
)

if TYPE_CHECKING:
    from pathlib import Path

    from adapter.core.delivery import Delivery
    from adapter.core.life import Life

WHY = "430101 the word forbidden"
LATER = START + MINUTE


def bury(outbox: Outbox, delivery: Delivery, index: int = 0) -> str:
    """Put a delivery and let one alert of it die; return its name."""
    put(outbox, delivery)
    for name in ("first", "alone"):
        turn = take(outbox)
        entry = entries_of(turn)[index]
        launch = launch_of((entry,), f"{name}-{entry.delivery_id}.{index}")
        outbox.launch(turn, launch, now=START)
        settle(outbox, turn, launch.id, REFUSED, outcome=WHY)
    return f"{entry.delivery_id}.{index}"


def life_of(history: History, name: str) -> Life:
    shown = history.show(name)
    assert shown is not None, name
    (life,) = shown.lives
    return life


def how_told(life: Life) -> list[tuple[str, str, str]]:
    return [(message.id, message.how, message.state) for message in life.messages]


def sums(outbox: Outbox) -> tuple[int, int, int]:
    """Return what the sums say waits: alerts, and deliveries of either priority."""
    turn = take(outbox)
    outbox.give_back(turn)
    return alerts_of(turn.totals), turn.totals.deliveries, turn.totals.high_deliveries


# -- looking -----------------------------------------------------------------------------------


def test_an_overview_names_what_waits_what_died_and_what_was_sent(
    outbox: Outbox, history: History
) -> None:
    name = bury(outbox, make_delivery(make_alert("Bad"), key="bad"))
    put(outbox, make_delivery(make_alert("Good"), key="good"))
    deliver(outbox, name="m-good", now=LATER)
    put(outbox, make_delivery(make_alert("A"), make_alert("B"), key="w", priority=Priority.HIGH))
    found = history.overview(50)
    (letter,), (waiting,) = found.dead, found.waiting
    assert (letter.id, letter.name, letter.robot, letter.died_at) == (name, "Bad", "ops", START)
    assert letter.reason == WHY
    assert (waiting.priority, waiting.left, waiting.alerts) == ("high", 2, 2)
    assert (waiting.names, waiting.received_at) == (("A", "B"), START)
    newest = found.messages[0]
    assert (newest.id, newest.state, newest.form, newest.alerts) == ("m-good", "sent", "line", 1)
    assert {message.outcome for message in found.messages[1:]} == {WHY}
    assert (found.waiting_in_all, found.dead_in_all) == (1, 1)
    assert [len(part) for part in (history.overview(1).waiting, history.overview(1).messages)] == [
        1,
        1,
    ]


def test_a_trace_follows_an_alert_through_its_messages(outbox: Outbox, history: History) -> None:
    alert = make_alert("Disk", instance="a")
    put(outbox, make_delivery(make_alert("Other"), alert))
    turn = take(outbox)
    outbox.launch(turn, launch_of(entries_of(turn), "m-1"), now=START)
    settle(outbox, turn, "m-1", DISSOLVED, outcome="410100 too fast")
    assert [life.state for life in history.trace(alert.fingerprint).lives] == ["pending"]
    deliver(outbox, name="m-2", now=LATER)
    trace = history.trace(alert.fingerprint)
    (life,) = trace.lives
    assert (life.name, life.state, life.received_at, life.ended_at) == (
        "Disk", "sent", START, LATER,
    )  # fmt: skip
    assert how_told(life) == [("m-1", "told", "dissolved"), ("m-2", "told", "sent")]
    assert life.messages[0].outcome == "410100 too fast"
    assert not trace.cut
    assert history.trace("0123").lives == ()


def test_an_alert_of_a_large_group_is_traced(outbox: Outbox, history: History) -> None:
    """Its payload is compressed, which the database cannot look into."""
    alerts = [make_alert("Disk", instance=f"node-{number}") for number in range(40)]
    put(outbox, make_delivery(*alerts, key="large"), make_delivery(alerts[7], key="small"))
    found = history.trace(alerts[7].fingerprint)
    assert [life.name for life in found.lives] == ["Disk", "Disk"]
    assert [life.id for life in found.lives] == ["1.7", "2.0"]
    assert len(history.trace(alerts[8].fingerprint).lives) == 1


def test_what_a_newer_state_replaced_is_superseded(outbox: Outbox, history: History) -> None:
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
    first, second = history.trace(newer.alert.fingerprint).lives
    assert (first.status, first.state, how_told(first)) == (
        "firing", "superseded", [("m-1", "covered", "sent")],
    )  # fmt: skip
    assert (second.status, second.state) == ("resolved", "sent")


def test_what_a_digest_counted_names_that_digest(outbox: Outbox, history: History) -> None:
    for number in range(3):
        put(outbox, make_delivery(make_alert("A", instance=str(number)), key=str(number)))
    turn = take(outbox)
    outbox.launch(turn, digest_of(turn), now=START)
    waiting = turn.head[0]
    open_life = life_of(history, f"{waiting.id}.0")
    assert (open_life.state, how_told(open_life)) == ("pending", [("d-1", "counted", "open")])
    settle(outbox, turn, "d-1", SENT)
    put(outbox, make_delivery(make_alert("A", instance="late"), key="late"))
    for waiting in turn.head:
        life = life_of(history, f"{waiting.id}.0")
        assert (life.state, how_told(life)) == ("sent", [("d-1", "counted", "sent")])
    deliver(outbox, name="m-late")
    late = history.trace(make_alert("A", instance="late").fingerprint).lives[0]
    assert how_told(late) == [("m-late", "told", "sent")]


def test_a_trace_says_when_it_did_not_look_at_all(outbox: Outbox, history: History) -> None:
    for number in range(3):
        put(outbox, make_delivery(make_alert("A", instance=str(number)), key=str(number)))
    first, last = (make_alert("A", instance=each).fingerprint for each in ("0", "2"))
    assert (history.trace(first, 2).lives, history.trace(first, 2).cut) == ((), True)
    assert len(history.trace(last, 2).lives) == 1
    assert not history.trace(first, 3).cut


def test_show_takes_messages_deliveries_and_alerts(outbox: Outbox, history: History) -> None:
    put(outbox, make_delivery(make_alert("A"), make_alert("B")))
    turn = deliver(outbox, name="4e1f-uuid")
    message = history.show("4e1f-uuid")
    assert message is not None
    assert message.body == "body of 4e1f-uuid"
    delivery = history.show(str(turn.head[0].id))
    assert delivery is not None
    assert [life.name for life in delivery.lives] == ["A", "B"]
    assert life_of(history, f"{turn.head[0].id}.1").name == "B"
    for unknown in ("99", "x", f"{turn.head[0].id}.2", "-1", ""):
        assert history.show(unknown) is None


# -- trying again ------------------------------------------------------------------------------


def test_a_dead_letter_tried_again_waits_as_if_it_had_just_come(
    outbox: Outbox, history: History
) -> None:
    delivery = make_delivery(make_alert("Bad"))
    name = bury(outbox, delivery)
    assert (idle(outbox), outbox.waiting(), outbox.dead()) == (None, 0, {"ops": 1})
    changed = outbox.retry([name])
    assert (changed.done, changed.problems, changed.robots) == ((name,), (), ("ops",))
    assert (outbox.waiting(), outbox.dead(), sums(outbox)) == (1, {}, (1, 1, 0))
    (waiting,) = take(outbox).head
    assert (waiting.delivery, waiting.left, waiting.suspect) == (delivery, (0,), 1)
    assert life_of(history, name).state == "pending"
    deliver(outbox, now=START + LEASE, name="m-again")
    assert idle(outbox, now=LATER) is None
    life = life_of(history, name)
    assert (life.state, life.messages[-1].id) == ("sent", "m-again")
    assert outbox.retry([name]).problems == (f"{name}: is no dead letter; see `outbox list`",)


@pytest.mark.parametrize("others_told", [False, True])
def test_only_the_dead_alert_of_a_group_is_tried_again(
    outbox: Outbox, *, others_told: bool
) -> None:
    alerts = [make_alert(instance=str(number)) for number in range(3)]
    name = bury(outbox, make_delivery(*alerts), index=1)
    if others_told:
        turn = take(outbox)
        outbox.launch(turn, digest_of(turn), now=START)
        settle(outbox, turn, "d-1")
    assert outbox.retry([name.split(".")[0]]).done == (name.split(".")[0],)
    expected = (1,) if others_told else (0, 1, 2)
    assert sums(outbox) == (len(expected), 1, 0)
    assert take(outbox).head[0].left == expected


def test_what_dies_again_is_a_dead_letter_again(outbox: Outbox) -> None:
    name = bury(outbox, make_delivery())
    outbox.retry([name])
    turn = take(outbox)
    outbox.launch(turn, launch_of(entries_of(turn), "again"), now=START)
    settle(outbox, turn, "again", REFUSED, outcome=WHY)
    assert (outbox.dead(), idle(outbox), outbox.waiting()) == ({"ops": 1}, None, 0)


def test_a_turn_that_planned_without_the_retried_alert_sends_nothing(outbox: Outbox) -> None:
    """A digest planned before would otherwise settle what it did not count."""
    name = bury(outbox, make_delivery(make_alert("Bad"), key="bad"))
    put(outbox, make_delivery(make_alert("Good"), key="good"))
    turn = take(outbox)
    outbox.retry([name])
    assert not outbox.launch(turn, digest_of(turn), now=START)
    assert sums(outbox) == (2, 2, 0)


def test_a_digest_on_its_way_is_waited_for(outbox: Outbox) -> None:
    name = bury(outbox, make_delivery(make_alert("Bad"), key="bad"))
    put(outbox, make_delivery(make_alert("Good"), key="good"))
    turn = take(outbox)
    outbox.launch(turn, digest_of(turn), now=START)
    changed = outbox.retry([name])
    assert (changed.done, len(changed.problems)) == ((), 1)
    assert "try again once that is settled" in changed.problems[0]
    assert settle(outbox, turn, "d-1"), "a message on its way keeps its lease"
    assert outbox.retry([name]).done == (name,)
    assert sums(outbox) == (1, 1, 0)


# -- what is held back ---------------------------------------------------------------------------


def test_what_is_held_back_is_shown_until_when(outbox: Outbox, history: History) -> None:
    put(outbox, held(warning("A")))
    put(outbox, make_delivery(key="b"))
    first, second = history.overview(50).waiting
    assert (first.deferred_until, second.deferred_until) == (MORNING, None)
    life = life_of(history, f"{first.id}.0")
    assert (life.state, life.deferred_until, life.messages) == ("deferred", MORNING, ())


def test_the_digest_of_what_was_held_back_is_traced(outbox: Outbox, history: History) -> None:
    put(outbox, held(warning("A"), warning("B")))
    put(outbox, held(warning("A", over=True), key="l"))
    put(outbox, make_delivery(warning("C"), key="c"))
    turn = take(outbox, now=MORNING)
    assert turn.held is not None
    launch_digest(outbox, turn)
    older, newer = (waiting.id for waiting in turn.held.head)
    plain = turn.head[0].id
    on_its_way = [("d-1", "counted", "open")]
    assert how_told(life_of(history, f"{older}.1")) == on_its_way
    assert how_told(life_of(history, f"{plain}.0")) == []
    assert "taken for told" not in "".join(outbox.discard([str(plain)], now=MORNING).problems)
    assert "may have arrived" in outbox.discard([f"{older}.1"], now=MORNING).problems[0]
    settle(outbox, turn, "d-1", now=MORNING)
    counted = [("d-1", "counted", "sent")]
    for name, state, told in (
        (f"{older}.0", "superseded", []),
        (f"{older}.1", "sent", counted),
        (f"{newer}.0", "sent", counted),
        (f"{plain}.0", "discarded", []),
    ):
        life = life_of(history, name)
        assert (life.state, how_told(life)) == (state, told), name
    assert life_of(history, f"{older}.0").reason == f"by a newer state, {newer}.0"
    assert life_of(history, f"{older}.1").deferred_until == MORNING


def test_what_is_held_back_can_be_discarded_whole_or_in_part(
    outbox: Outbox, history: History
) -> None:
    put(outbox, held(warning("A"), warning("B")), held(warning("C"), key="c"))
    first, second = (each.id for each in history.overview(50).waiting)
    assert outbox.discard([f"{first}.0", second], now=LATER).problems == ()
    assert (outbox.waiting(), outbox.queue()) == (1, {})
    assert life_of(history, f"{second}.0").state == "discarded"
    turn = take(outbox, now=MORNING)
    assert turn.held is not None
    assert [(count.name, count.alerts) for count in turn.held.totals.counts] == [("B", 1)]
    assert turn.held.head[0].left == (1,)


# -- giving up ---------------------------------------------------------------------------------


def test_a_discarded_dead_letter_is_gone_and_remembered(outbox: Outbox, history: History) -> None:
    name = bury(outbox, make_delivery())
    assert outbox.discard([name], now=LATER).done == (name,)
    assert (outbox.dead(), idle(outbox, now=LATER)) == ({}, None)
    life = life_of(history, name)
    assert (life.state, life.reason, life.ended_at) == ("discarded", WHY, LATER)
    assert outbox.discard([name], now=LATER).problems
    assert outbox.retry([name]).problems


def test_what_waits_can_be_discarded_whole_or_in_part(outbox: Outbox, history: History) -> None:
    put(outbox, make_delivery(make_alert("A"), make_alert("B"), priority=Priority.HIGH))
    put(outbox, make_delivery(make_alert("C"), key="c"))
    first, second = (waiting.id for waiting in take(outbox).head)
    assert outbox.discard([f"{first}.0", str(second)], now=START).problems == ()
    assert (sums(outbox), outbox.waiting()) == ((1, 0, 1), 1)
    assert take(outbox).head[0].left == (1,)
    assert [life_of(history, f"{each}.0").state for each in (first, second)] == ["discarded"] * 2
    assert outbox.discard([str(first)], now=START).done == (str(first),)
    assert (outbox.waiting(), idle(outbox, now=LATER)) == (0, None)
    assert life_of(history, f"{first}.1").state == "discarded"


def test_what_may_have_arrived_cannot_be_discarded(outbox: Outbox) -> None:
    put(outbox, make_delivery())
    turn = take(outbox)
    outbox.launch(turn, launch_of(entries_of(turn)), now=START)
    name = str(turn.head[0].id)
    assert "may have arrived" in outbox.discard([name], now=START).problems[0]
    assert settle(outbox, turn, "m-1")
    assert (outbox.waiting(), idle(outbox)) == (0, None)


def test_unknown_names_are_told_and_the_others_are_done(outbox: Outbox) -> None:
    name = bury(outbox, make_delivery())
    changed = outbox.retry(["77", name, "nonsense", "9" * 30])
    assert changed.done == (name,)
    assert [problem.split(":")[0] for problem in changed.problems] == ["77", "nonsense", "9" * 30]


def test_dead_and_discarded_alerts_are_forgotten_in_time(outbox: Outbox, history: History) -> None:
    bury(outbox, make_delivery(key="a"))
    given_up = bury(outbox, make_delivery(key="b"))
    outbox.discard([given_up], now=START)
    while purge(outbox, before=START + SECOND, dead_before=START + SECOND):
        pass
    assert outbox.dead() == {}
    assert (history.show(given_up), history.overview(50).messages) == (None, ())


def test_sqlite_is_read_where_nobody_owns_it_and_is_never_made(tmp_path: Path) -> None:
    path = tmp_path / "adapter.db"
    with pytest.raises(StoreUnavailable, match="there is no database"):
        open_history(path, None)
    with pytest.raises(StoreUnavailable, match="there is no database"):
        open_existing(path)
    assert list(tmp_path.iterdir()) == []
    outbox = open_sqlite(path, START)
    put(outbox, make_delivery())
    outbox.close()
    history = open_history(path, None)
    assert history.overview(50).waiting_in_all == 1
    history.close()


def test_a_corrupt_file_is_left_for_serve_to_move_aside(tmp_path: Path) -> None:
    path = tmp_path / "adapter.db"
    path.write_bytes(b"no database at all\n" * 400)
    with pytest.raises(StoreUnavailable, match="is corrupt"):
        open_existing(path)
    history = open_history(path, None)
    with pytest.raises(StoreUnavailable, match="could not be read: file is not a database"):
        history.overview(50)
    assert path.read_bytes() == b"no database at all\n" * 400
    open_sqlite(path, START + timedelta(days=1)).close()


def test_a_timeline_tells_of_one_delivery(outbox: Outbox, history: History) -> None:
    put(outbox, make_delivery(make_alert(n="0"), make_alert(n="1"), key="mine"))
    put(outbox, make_delivery(make_alert("Other"), key="other"))
    turn = take(outbox)
    body = b'{"at": {"atMobiles": ["13800000001"]}}'
    launch = msgspec.structs.replace(launch_of(entries_of(turn)), body=body)
    outbox.launch(turn, launch, now=START)
    settle(outbox, turn, "m-1", now=LATER)
    mine, other = (waiting.id for waiting in turn.head)
    timeline = history.timeline(mine)
    assert timeline is not None
    assert [life.name for life in timeline.lives] == ["TargetDown"] * 2
    [ringing] = timeline.messages
    assert (ringing.message.id, ringing.message.settled_at) == ("m-1", LATER)
    assert ringing.at.at_mobiles == ("13800000001",)
    contents = history.contents("m-1")
    assert contents is not None
    assert [(part.id, part.alerts) for part in contents.parts] == [(mine, 2), (other, 1)]
    assert not contents.cut
    assert history.timeline(99) is None
    assert history.contents("m-9") is None


def test_the_contents_of_a_digest_are_what_it_counted(outbox: Outbox, history: History) -> None:
    for number in range(52):
        put(outbox, make_delivery(make_alert(n=str(number)), key=str(number)))
    put(outbox, make_delivery(robot="db"))
    turn = take(outbox)
    outbox.launch(turn, digest_of(turn), now=START)
    contents = history.contents("d-1")
    assert contents is not None
    assert len(contents.parts) == 1, "what it will settle is not known before"
    settle(outbox, turn, "d-1", now=LATER)
    contents = history.contents("d-1")
    assert contents is not None
    assert (len(contents.parts), contents.cut) == (50, True)


def test_refused_webhooks_are_listed_and_looked_at(outbox: Outbox, history: History) -> None:
    outbox.keep_refused(b"{", code=400, reason="no JSON", now=START)
    outbox.keep_refused(b"\xffx" * 70_000, code=413, reason="large", now=LATER)
    found = history.overview(1)
    assert ([each.id for each in found.refused], found.refused_in_all) == (["refused:2"], 2)
    assert (found.refused[0].kept_bytes, found.refused[0].truncated) == (65_536, True)
    shown = history.show("refused:1")
    assert shown is not None
    assert shown.refused is not None
    assert (shown.refused.code, shown.refused.received_at, shown.body) == (400, START, "{")
    assert history.show("refused:3") is None
