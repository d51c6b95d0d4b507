"""What arrives while a token rests makes nobody ask the store; a reload does."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from adapter.core.delivery import Idle, Throttled
from support.alerts import make_alert, make_delivery
from support.bench import Bench

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any


class Counted:
    """Count how often a queue is asked for a turn."""

    def __init__(self, bench: Bench) -> None:
        self.asked = 0
        self._take_turn = bench.outbox.take_turn
        self.stirring = bench.outbox.stirring

    def take_turn(self, **turn: Any) -> Any:  # noqa: ANN401  # whatever the queue takes
        self.asked += 1
        return self._take_turn(**turn)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "adapter.db")
    yield bench
    bench.outbox.close()


def test_what_arrives_while_a_token_rests_asks_nobody(bench: Bench) -> None:
    bench.sender.answers = [Throttled("130101", "too fast")]
    bench.put(make_delivery(make_alert("First"), key="first"))
    bench.run()
    counted = Counted(bench)
    bench.dispatcher._queue = counted  # noqa: SLF001  # to count
    for number in range(10):
        bench.put(make_delivery(make_alert(f"A{number}"), key=f"{number}"))
        bench.dispatcher.step()
    assert counted.asked <= 1
    asked = counted.asked
    bench.dispatcher.wake_all()
    bench.dispatcher.step()
    assert counted.asked > asked
    bench.run(timedelta(minutes=30))
    assert bench.outbox.waiting() == 0


def test_a_token_without_room_says_that_it_rests(bench: Bench) -> None:
    bench.sender.answers = [Throttled("130101", "too fast")]
    bench.put(make_delivery(make_alert("First"), key="first"))
    bench.run()
    robot = bench.equipment.robots["ops"]
    found = bench.outbox.take_turn(
        token=robot.token_key,
        robot="ops",
        rate=robot.rate,
        now=bench.clock.now(),
        lease=timedelta(seconds=5),
    )
    assert isinstance(found, Idle)
    assert found.rests
