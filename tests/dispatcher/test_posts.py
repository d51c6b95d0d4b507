"""Messages that were asked for, on their way to DingTalk: in order, as they are, in their turn."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from adapter.core.delivery import Outcome, Post, Refused, TooBig, Unreachable
from adapter.core.message_json import decode_message
from adapter.dispatcher import Equipment
from support.alerts import make_alert, make_delivery
from support.bench import Bench
from support.clock import START
from support.messages import EXAMPLES
from support.outbox_contract import a_post
from support.settings import make_robot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AMBIGUOUS = Unreachable("no answer", ambiguous=True)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "adapter.db")
    yield bench
    bench.outbox.close()


def ask(bench: Bench, *uuids: str) -> None:
    for uuid in uuids:
        bench.outbox.post(a_post(uuid, f"content of {uuid}"), now=bench.clock.now())
    bench.dispatcher.wake(["ops"])


def uuids(bench: Bench) -> list[str]:
    return [body["msgUuid"] for body in bench.sender.bodies]


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_every_type_is_sent_as_it_is_and_counted(bench: Bench, example: dict[str, Any]) -> None:
    message, _ = decode_message(json.dumps(example).encode())
    bench.outbox.post(Post(robot="ops", message=message, msg_uuid="mine"), now=START)
    bench.run()
    assert bench.sender.bodies == [{**example, "msgUuid": "mine"}]
    name = f'messages_sent_total{{msgtype="{example["msgtype"]}",robot="ops"}} 1.0'
    assert name in bench.page()


def test_the_keyword_of_the_robot_is_added(bench: Bench) -> None:
    robots = {"ops": make_robot(keyword="告警")}
    bench.equipment = Equipment(robots, bench.equipment.renderer)
    ask(bench, "a")
    bench.run()
    assert bench.sender.bodies[0]["text"]["content"] == "content of a\n\n告警"


def test_they_keep_their_order_and_the_rate(bench: Bench) -> None:
    names = [f"u{number:02d}" for number in range(25)]
    ask(bench, *names)
    bench.run()
    assert uuids(bench) == names[:5], "a quarter of a minute's messages at once"
    bench.run(timedelta(minutes=2))
    assert uuids(bench) == names


def test_after_an_ambiguous_answer_the_same_bytes_go_out(bench: Bench) -> None:
    bench.sender.answers = [AMBIGUOUS, AMBIGUOUS]
    ask(bench, "a", "b")
    bench.run(timedelta(minutes=1))
    assert uuids(bench) == ["a", "a", "a", "b"]
    assert len({body for _, body in bench.sender.sent[:3]}) == 1


@pytest.mark.parametrize("refusal", [Refused("430102", "x"), TooBig("460101", "x")])
@pytest.mark.parametrize("first", [(), (AMBIGUOUS,)])
def test_what_is_refused_is_dead_and_holds_up_nothing(
    bench: Bench, first: tuple[Outcome, ...], refusal: Outcome
) -> None:
    bench.sender.answers = [*first, refusal]
    ask(bench, "a", "b")
    bench.run(timedelta(minutes=1))
    assert uuids(bench) == ["a"] * (len(first) + 1) + ["b"]
    assert bench.outbox.waiting() == 0


def test_alerts_are_not_kept_waiting_by_many(bench: Bench) -> None:
    ask(bench, *(f"u{number}" for number in range(100)))
    bench.run(timedelta(minutes=1))
    sent = len(bench.sender.sent)
    bench.put(make_delivery(make_alert("Alert")))
    bench.run(timedelta(seconds=10))
    kinds = [body["msgtype"] for body in bench.sender.bodies[sent:]]
    assert "markdown" in kinds[:2], "at most one goes before it"


def test_an_answer_about_the_size_leaves_the_room_of_alerts_alone(bench: Bench) -> None:
    bench.sender.answers = [TooBig("460101", "x")]
    ask(bench, "a")
    bench.run()
    bench.put(make_delivery())
    turn = bench.outbox.take_turn(
        token=make_robot().token_key,
        robot="ops",
        rate=make_robot().rate,
        now=bench.clock.now(),
        lease=timedelta(seconds=10),
    )
    assert getattr(turn, "room", None) == 19_000
