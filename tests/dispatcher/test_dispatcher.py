"""From a committed delivery to DingTalk's ok, with a clock that jumps and a real outbox."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from adapter.core.delivery import (
    Broken,
    Exhausted,
    Notice,
    Outcome,
    Refused,
    Sent,
    Throttled,
    TooBig,
    Unreachable,
)
from adapter.core.turn import Fate, Settlement, Turn
from adapter.errors import StoreUnavailable
from support.alerts import make_alert, make_delivery
from support.bench import Bench
from support.clock import START
from support.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from adapter.config.settings import RobotSettings

MINUTE = timedelta(minutes=1)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "adapter.db")
    yield bench
    bench.outbox.close()


def test_a_delivery_becomes_one_message(bench: Bench) -> None:
    bench.put(make_delivery(make_alert("磁盘满", instance="db-1")))
    bench.run()
    [(robot, _)], [body] = bench.sender.sent, bench.sender.bodies
    assert robot == "ops"
    assert body["msgtype"] == "markdown"
    assert body["msgUuid"] == "uuid-0"
    assert "磁盘满" in body["markdown"]["title"]
    assert bench.outbox.waiting() == 0
    assert 'messages_sent_total{msgtype="markdown",robot="ops"} 1.0' in bench.page()


def test_a_robot_gets_its_messages_in_order(bench: Bench) -> None:
    for number in range(5):
        bench.put(make_delivery(make_alert(f"Alert{number}"), key=str(number)))
    bench.run()
    titles = [body["markdown"]["title"] for body in bench.sender.bodies]
    assert [f"Alert{number}" in title for number, title in enumerate(titles)] == [True] * 5


AMBIGUOUS = Unreachable("no answer within the timeout", ambiguous=True)
REFUSED_CONNECTION = Unreachable("the connection was refused", ambiguous=False)


def test_after_an_unknown_outcome_the_same_bytes_go_out_again(bench: Bench) -> None:
    bench.sender.answers = [AMBIGUOUS, AMBIGUOUS]
    bench.put(make_delivery())
    bench.run(MINUTE)
    bodies = [body for _, body in bench.sender.sent]
    assert len(bodies) == 3
    assert len(set(bodies)) == 1


def test_after_a_known_failure_the_alerts_are_told_anew_under_a_new_id(bench: Bench) -> None:
    bench.sender.answers = [REFUSED_CONNECTION]
    bench.put(make_delivery())
    bench.run(MINUTE)
    assert [body["msgUuid"] for body in bench.sender.bodies] == ["uuid-0", "uuid-1"]
    assert bench.outbox.waiting() == 0


@pytest.mark.parametrize(
    ("outcome", "rest"),
    [
        (Throttled("660026", "too many"), timedelta(minutes=1)),
        (Exhausted("90030", "over"), datetime(2026, 11, 30, 16, tzinfo=UTC) - START),
        (Broken("300005", "no token", "token"), timedelta(minutes=10)),
    ],
)
def test_a_robot_that_is_refused_rests_whole(
    bench: Bench, outcome: Outcome, rest: timedelta
) -> None:
    bench.sender.answers = [outcome]
    bench.put(make_delivery(key="a"), make_delivery(robot="db"))
    bench.put(make_delivery(key="b"))
    bench.run(rest - timedelta(seconds=1))
    assert [robot for robot, _ in bench.sender.sent].count("ops") == 1
    assert [robot for robot, _ in bench.sender.sent].count("db") == 1
    bench.run(timedelta(seconds=10))
    assert [robot for robot, _ in bench.sender.sent].count("ops") >= 2
    assert bench.outbox.waiting() == 0


def test_throttled_rests_double_up_to_ten_minutes(bench: Bench) -> None:
    bench.sender.answers = [Throttled("660026", "too many")] * 6
    bench.put(make_delivery())
    times = []
    for _ in range(6):
        before = len(bench.sender.sent)
        while len(bench.sender.sent) == before:
            bench.run(timedelta(seconds=1))
        times.append(bench.clock.now())
    gaps = [round((b - a).total_seconds() / 60) for a, b in itertools.pairwise(times)]
    assert gaps == [1, 2, 4, 8, 10]


def test_a_refused_message_holds_up_no_other_group(bench: Bench) -> None:
    bench.sender.answers = [Refused("430102", "text")]
    bench.put(make_delivery(make_alert("Bad"), key="a"))
    bench.put(make_delivery(make_alert("Good"), key="b"))
    bench.run(MINUTE)
    texts = [body["markdown"]["text"] for body in bench.sender.bodies]
    assert [("Bad" in text, "Good" in text) for text in texts[:1]] == [(True, False)]
    assert any("Good" in text for text in texts[1:])
    assert any("Bad" in text for text in texts[1:])
    assert bench.outbox.waiting() == 0


def test_an_alert_that_is_refused_in_every_form_is_a_dead_letter(bench: Bench) -> None:
    def refuse_bad(_robot: RobotSettings, body: bytes) -> Outcome:
        bench.sender.sent.append(("ops", body))
        return Refused("430102", "inappropriate") if b"BadWord" in body else Sent()

    bench.sender.send = refuse_bad  # type: ignore[method-assign, assignment]  # with a filter
    alerts = [make_alert(instance=f"node-{number}") for number in range(40)]
    alerts[17] = make_alert(instance="BadWord")
    bench.put(make_delivery(*alerts))
    bench.run(timedelta(hours=1))
    accepted = [body for _, body in bench.sender.sent if b"BadWord" not in body]
    assert all(
        any(f"node-{number}".encode() in body for body in accepted)
        for number in range(40)
        if number != 17
    )
    assert bench.outbox.dead() == {"ops": 1}
    assert bench.outbox.waiting() == 0


def test_what_is_too_big_is_made_smaller(bench: Bench) -> None:
    bench.sender.answers = [TooBig("460101", "size")]
    alerts = [make_alert(instance=f"node-{number}" + "x" * 150) for number in range(200)]
    bench.put(make_delivery(*alerts))
    bench.run(MINUTE)
    sizes = [len(body) for _, body in bench.sender.sent]
    assert max(sizes[1:]) <= 14_250 < sizes[0]
    assert bench.outbox.waiting() == 0


def test_a_crash_after_sending_sends_the_same_bytes_once_the_lease_ends(bench: Bench) -> None:
    bench.sender.answers = [StoreUnavailable("as if the process had been killed here")]
    bench.put(make_delivery())
    bench.run()
    bench.dispatcher = bench.new_dispatcher()
    bench.run(timedelta(seconds=9))
    assert len(bench.sender.sent) == 1, "the lease still holds"
    bench.run(timedelta(seconds=2))
    assert len({body for _, body in bench.sender.sent}) == 1
    assert (len(bench.sender.sent), bench.outbox.waiting()) == (2, 0)


def test_what_a_killed_replica_accepted_is_found_though_nobody_wakes_for_it(bench: Bench) -> None:
    bench.run()
    accepted = [make_delivery()]
    bench.outbox.enqueue(accepted, now=bench.clock.now(), dedup_window=timedelta(0))
    bench.run(MINUTE)
    assert bench.sender.sent == [], "nobody knows of it"
    bench.dispatcher.start()
    wait_until(lambda: not bench.outbox.waiting(), within=10)
    bench.dispatcher.stop()
    assert len(bench.sender.sent) == 1


def test_a_fault_of_the_adapter_loses_nothing(bench: Bench) -> None:
    bench.sender.answers = [RuntimeError("a bug")]
    bench.put(make_delivery())
    bench.run(MINUTE)
    assert (len(bench.sender.sent), bench.outbox.waiting()) == (2, 0)


def turn_of(bench: Bench) -> Turn:
    robot = bench.equipment.robots["ops"]
    turn = bench.outbox.take_turn(
        token=robot.token_key,
        robot="ops",
        rate=robot.rate,
        now=bench.clock.now(),
        lease=timedelta(seconds=10),
    )
    assert isinstance(turn, Turn)
    return turn


def test_nothing_is_sent_on_a_lease_that_the_request_could_outlast(bench: Bench) -> None:
    bench.put(make_delivery())
    turn = turn_of(bench)
    bench.clock.advance(timedelta(seconds=6))
    robot = bench.equipment.robots["ops"]
    look_at = bench.courier.take(turn, robot, bench.equipment)
    assert bench.sender.sent == []
    assert look_at == turn.leased_until


def test_an_answer_after_the_lease_changes_nothing_of_its_next_holder(bench: Bench) -> None:
    bench.put(make_delivery())
    turn, others = turn_of(bench), []

    def send(robot: RobotSettings, body: bytes) -> Outcome:
        del robot, body
        bench.clock.advance(timedelta(seconds=11))
        others.append(turn_of(bench))
        return Refused("430102", "text")

    bench.sender.send = send  # type: ignore[method-assign]  # a DingTalk that is very slow
    robot = bench.equipment.robots["ops"]
    bench.courier.take(turn, robot, bench.equipment)
    [other] = others
    assert other.open is not None
    settlement = Settlement(fate=Fate.SENT)
    assert bench.outbox.settle(other, other.open.id, settlement, now=bench.clock.now(), outcome="")
    assert bench.outbox.waiting() == 0


def test_a_template_that_fails_is_counted_and_the_alert_still_goes_out(tmp_path: Path) -> None:
    source = (
        '{% extends "default.j2" %}{% block title %}{{ 1 / (alerts | length - 1) }}{% endblock %}'
    )
    bench = Bench(tmp_path / "t.db", {"mine.j2": source})
    bench.put(make_delivery(make_alert("DiskFull"), template="mine"))
    bench.run()
    assert "DiskFull" in bench.sender.bodies[0]["markdown"]["text"]
    assert 'render_failures_total{template="mine"} 1.0' in bench.page()
    bench.outbox.close()


def test_a_notice_is_sent_as_it_is(bench: Bench) -> None:
    bench.outbox.notify([Notice(robot="ops", title="题", text="### 文")], now=START)
    bench.run()
    assert bench.sender.bodies[0]["markdown"] == {"title": "题", "text": "### 文"}


def test_a_robot_that_is_not_configured_keeps_its_deliveries(bench: Bench) -> None:
    bench.put(make_delivery(robot="gone"))
    bench.run(MINUTE)
    assert bench.sender.sent == []
    assert bench.outbox.waiting() == 1


def test_a_broken_robot_is_shown_until_a_message_passes(bench: Bench) -> None:
    bench.sender.answers = [Broken("300005", "x", "token"), Broken("310000", "x", "sign")]
    bench.put(make_delivery())
    bench.run()
    assert 'robot_broken{reason="token",robot="ops"} 1.0' in bench.page()
    bench.run(timedelta(minutes=10))
    assert 'robot_broken{reason="sign",robot="ops"} 1.0' in bench.page()
    assert 'robot_broken{reason="token"' not in bench.page()
    bench.run(timedelta(minutes=10))
    assert "robot_broken{" not in bench.page()


def test_a_queue_that_cannot_be_read_is_asked_again(bench: Bench) -> None:
    bench.put(make_delivery())
    take_turn, broken = bench.outbox.take_turn, [True]

    def fail_once(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # passes all on
        if broken:
            broken.clear()
            raise StoreUnavailable("disk full")
        return take_turn(*args, **kwargs)

    bench.outbox.take_turn = fail_once  # type: ignore[method-assign]  # a store that fails once
    bench.run(timedelta(seconds=2))
    assert len(bench.sender.sent) == 1


def test_every_alert_arrives_whatever_happens_on_the_way(bench: Bench) -> None:
    """Alerts of several groups, with each kind of failure in turn."""
    failures: list[Outcome | Exception] = [
        AMBIGUOUS,
        Throttled("130101", "x"),
        REFUSED_CONNECTION,
        Refused("430104", "x"),
        RuntimeError("bug"),
        Broken("310000", "x", "keyword"),
    ]
    bench.sender.answers = failures * 3
    names = [f"Alert-{number:02d}" for number in range(30)]
    for number, name in enumerate(names):
        bench.put(make_delivery(make_alert(name), key=str(number % 7)))
    bench.run(timedelta(hours=8))
    told = [body["markdown"]["text"] for body in bench.sender.bodies]
    assert all(any(name in text for text in told) for name in names)
    assert bench.outbox.waiting() == 0
