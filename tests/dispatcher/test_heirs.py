"""What waits for a robot that is configured no more is told by its heir, until it comes back."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from adapter.core.delivery import Broken, Notice, Outcome, Unreachable
from adapter.dispatcher import Dispatcher, strands_of
from support.alerts import make_alert, make_delivery
from support.bench import Bench
from support.settings import make_pool, make_robot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MINUTE = timedelta(minutes=1)
REMOVED = Broken("400106", "机器人不存在", "removed")
AMBIGUOUS = Unreachable("no answer within the timeout", ambiguous=True)
OLD = make_robot("old")
OPS = make_robot("ops")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "adapter.db")
    bench.configure(OPS, OLD)
    yield bench
    bench.outbox.close()


def put(bench: Bench, name: str, robot: str = "old", status: str = "firing") -> None:
    bench.put(make_delivery(make_alert(name, status=status), key=name, robot=robot))


def texts(bench: Bench, robot: str) -> list[str]:
    bodies = zip(bench.sender.sent, bench.sender.bodies, strict=True)
    return [body["markdown"]["text"] for (name, _), body in bodies if name == robot]


def dissolve(bench: Bench) -> int:
    robots = bench.equipment.robots.values()
    known = {member.token_key for robot in robots for member in robot.members}
    return bench.outbox.dissolve(known, now=bench.clock.now(), age=timedelta(0))


def test_the_heir_tells_at_once_and_says_for_whom(bench: Bench) -> None:
    put(bench, "A")
    bench.configure(OPS, old="ops")
    bench.run(MINUTE)
    [text] = texts(bench, "ops")
    assert text.startswith("> 代 old 发送 · for old: 已从配置中删除")
    assert bench.outbox.waiting() == 0
    put(bench, "B", robot="ops")
    bench.run(MINUTE)
    assert "for old" not in texts(bench, "ops")[-1]


def test_without_an_heir_it_waits(bench: Bench) -> None:
    put(bench, "A")
    bench.configure(OPS)
    bench.run(10 * MINUTE)
    assert (bench.sender.sent, bench.outbox.waiting()) == ([], 1)


def test_words_of_the_adapter_are_told_by_the_heir_too(bench: Bench) -> None:
    bench.outbox.notify([Notice(robot="old", title="T", text="words")], now=bench.clock.now())
    bench.configure(OPS, old="ops")
    bench.run(MINUTE)
    [text] = texts(bench, "ops")
    assert "removed from the configuration" in text or "已从配置中删除" in text
    assert "words" in text


def test_a_robot_that_comes_back_takes_its_own(bench: Bench) -> None:
    bench.sender.refuse("token-of-ops", REMOVED)
    bench.configure(OPS, old="ops")
    put(bench, "A")
    bench.run(MINUTE)
    assert bench.outbox.waiting() == 1
    bench.configure(OPS, make_robot("old", access_token=OLD.access_token), old="ops")
    bench.run(MINUTE)
    [text] = texts(bench, "old")
    assert "for old" not in text
    assert bench.outbox.waiting() == 0


def test_all_of_the_heirs_pool_share_it(bench: Bench) -> None:
    bench.configure(make_pool("ops", 2), old="ops")
    for number in range(30):
        put(bench, f"A{number}")
        bench.run()
    assert len(set(bench.sender.tokens)) == 2


def test_a_message_whose_token_is_gone_dissolves_and_is_told_by_the_heir(bench: Bench) -> None:
    """Only while it may be on its way are its alerts kept from the heir."""
    bench.sender.refuse("token-of-old", AMBIGUOUS)
    put(bench, "A")
    bench.run()
    assert texts(bench, "old")
    bench.configure(OPS, old="ops")
    bench.run(MINUTE)
    assert texts(bench, "ops") == [], "it may have arrived, and could still be sent again"
    assert dissolve(bench) == 1
    bench.dispatcher.wake(["old"])
    bench.run(MINUTE)
    [text] = texts(bench, "ops")
    assert "A" in text
    assert bench.outbox.waiting() == 0
    assert dissolve(bench) == 0


def test_a_token_that_is_replaced_leaves_its_message_to_the_new_one(bench: Bench) -> None:
    bench.sender.refuse("token-of-old", AMBIGUOUS)
    put(bench, "A")
    bench.run()
    bench.configure(OPS, make_robot("old", access_token=make_robot("new").access_token))
    assert dissolve(bench) == 1
    bench.run(MINUTE)
    assert bench.sender.tokens == ["token-of-old", "token-of-new"]
    assert bench.outbox.waiting() == 0


def test_a_message_whose_token_is_known_is_left_alone(bench: Bench) -> None:
    bench.sender.refuse("token-of-old", AMBIGUOUS)
    put(bench, "A")
    bench.run()
    assert dissolve(bench) == 0


def test_what_is_on_its_way_at_the_reload_is_waited_for(bench: Bench) -> None:
    """Neither told a second time by the heir, nor taken for one that nobody can send."""
    calls: list[Callable[[], None]] = []

    class Later(Executor):
        def submit(self, call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ANN401  # Executor's own signature
            calls.append(lambda: call(*args, **kwargs))
            return Future()

    bench.dispatcher = Dispatcher(
        queue=bench.outbox,
        courier=bench.courier,
        clock=bench.clock,
        equipment=lambda: bench.equipment,
        executor=Later(),
    )
    put(bench, "A")
    bench.dispatcher.step()
    bench.configure(OPS, old="ops")
    put(bench, "B", robot="ops")
    bench.dispatcher.step()
    assert [*bench.dispatcher._in_flight.values()] == ["old", "ops"], "others go on"  # noqa: SLF001  # what is in flight
    bench.dispatcher.step()
    during: list[int] = []
    send = bench.sender.send

    def slowly(robot: Any, body: bytes) -> Outcome:  # noqa: ANN401  # what the sender takes
        during.append(dissolve(bench))
        return send(robot, body)

    bench.sender.send = slowly  # type: ignore[method-assign]  # with a look beside it
    while calls:
        calls.pop(0)()
        bench.dispatcher.step()
    assert during == [0, 0]
    assert [name for name, _ in bench.sender.sent] == ["old", "ops"]
    assert bench.outbox.waiting() == 0


def test_what_an_heir_cannot_tell_is_stuck_and_known_to_the_last_resort() -> None:
    robots = {"ops": OPS}
    own, inherited = strands_of(robots, {"old": "ops", "gone": "nobody", "ops": "ops"})
    assert (own.robot, inherited.robot) == ("ops", "old")
    assert inherited.tokens == own.tokens
