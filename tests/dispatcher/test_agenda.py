"""A round costs by what stirs, not by the robots that there are."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from adapter.core.delivery import Post, Unreachable
from adapter.core.message import Text, TextMessage
from adapter.dispatcher.agenda import NEVER
from adapter.errors import StoreUnavailable
from adapter.outbox import digests
from support.alerts import make_alert, make_delivery
from support.bench import Bench
from support.settings import make_robot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from adapter.core.turn import Stirring

ROBOTS = ("ops", *(f"r{number}" for number in range(50)))
HOUR = timedelta(hours=1)


class Watched:
    """Note which queues are asked for a turn."""

    def __init__(self, bench: Bench, *, broken: bool = False) -> None:
        self.asked: list[str] = []
        self._outbox = bench.outbox
        self._broken = broken

    def take_turn(self, **turn: Any) -> Any:  # noqa: ANN401  # whatever the queue takes
        self.asked.append(turn["robot"])
        return self._outbox.take_turn(**turn)

    def stirring(self, until: Any) -> Stirring:  # noqa: ANN401  # same
        if self._broken:
            raise StoreUnavailable("away")
        return self._outbox.stirring(until)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "adapter.db")
    bench.configure(*(make_robot(name) for name in ROBOTS))
    yield bench
    bench.outbox.close()


def asked_at_start(bench: Bench, *, broken: bool = False) -> list[str]:
    """Return whose turn is asked for by a dispatcher that begins."""
    dispatcher, watched = bench.new_dispatcher(), Watched(bench, broken=broken)
    dispatcher._queue = watched  # noqa: SLF001  # to count
    dispatcher.look_around()
    dispatcher.step()
    return sorted(set(watched.asked))


def test_nobody_is_asked_where_nothing_waits(bench: Bench) -> None:
    assert asked_at_start(bench) == []


def test_who_has_something_to_send_is_asked(bench: Bench) -> None:
    now = bench.clock.now()
    bench.outbox.enqueue([make_delivery(robot="r7")], now=now, dedup_window=HOUR)
    post = Post(robot="r8", message=TextMessage(Text("x")), msg_uuid="u")
    bench.outbox.post(post, now=now)
    for robot, wait in (("r9", timedelta(seconds=1)), ("r10", HOUR)):
        held = msgspec.structs.replace(make_delivery(robot=robot), deferred_until=now + wait)
        bench.outbox.enqueue([held], now=now, dedup_window=HOUR)
    assert asked_at_start(bench) == ["r7", "r8", "r9"]


def test_who_has_left_a_message_open_is_asked(bench: Bench) -> None:
    bench.sender.answers = [Unreachable("timeout", ambiguous=True)]
    bench.put(make_delivery(robot="r7"))
    bench.run()
    assert len(bench.sender.sent) == 1
    assert asked_at_start(bench) == ["r7"]


def test_who_told_a_digest_that_is_not_settled_wholly_is_asked(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digests, "SLICE", 300)
    monkeypatch.setattr(digests, "SLICE_ALERTS", 9_000)
    for number in range(400):
        alerts = [make_alert(f"A{number}", instance=str(each)) for each in range(30)]
        bench.outbox.enqueue(
            [make_delivery(*alerts, key=str(number))], now=bench.clock.now(), dedup_window=HOUR
        )
    bench.dispatcher.step()
    assert bench.outbox.waiting() == 100
    assert asked_at_start(bench) == ["ops"]
    bench.run()
    assert bench.outbox.waiting() == 0
    assert bench.forms() == ["digest"]


def test_all_are_asked_if_the_store_cannot_say_who(bench: Bench) -> None:
    assert asked_at_start(bench, broken=True) == sorted(ROBOTS)


def test_who_is_configured_no_more_is_looked_at_no_more(bench: Bench) -> None:
    agenda = bench.dispatcher._agenda  # noqa: SLF001  # no other way to see it
    bench.dispatcher.step()
    [seat] = [seat for seat in agenda._seats.values() if seat.queue == "r7"]  # noqa: SLF001  # same
    bench.configure(make_robot("ops"))
    bench.run()
    agenda.come_back(seat, bench.clock.now())
    assert not agenda.wake(["r7"])
    assert bench.dispatcher.step() == NEVER
