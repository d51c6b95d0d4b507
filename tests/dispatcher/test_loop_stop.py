"""The end of the loop: it waits for what is in flight, and not for ever."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from adapter.clock import SystemClock
from adapter.core.delivery import Outcome, Sent
from adapter.dispatcher import Courier, Dispatcher, Memory, loop
from adapter.dispatcher.pool import Pool
from support.alerts import make_delivery
from support.bench import Bench
from support.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from adapter.config.settings import RobotSettings

CLOCK = SystemClock()


class SlowSender:
    """Answer once `go_on` is set."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.go_on = threading.Event()

    def send(self, robot: RobotSettings, body: bytes) -> Outcome:
        del robot, body
        self.asked.set()
        self.go_on.wait(20)
        return Sent()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "adapter.db")
    yield bench
    bench.outbox.close()


def sending(bench: Bench, sender: SlowSender) -> Dispatcher:
    """Return a dispatcher that has a message on its way, from a thread of a real pool."""
    courier = Courier(
        store=bench.outbox,
        sender=sender,
        observer=bench.metrics,
        clock=bench.clock,
        memory=Memory(),
        new_uuid=lambda: "uuid",
        jitter=lambda: 0.5,
    )
    dispatcher = Dispatcher(
        queue=bench.outbox, courier=courier, clock=CLOCK, equipment=lambda: bench.equipment
    )
    bench.put(make_delivery())
    dispatcher.start()
    assert sender.asked.wait(10)
    return dispatcher


def test_a_stop_waits_until_what_is_in_flight_is_settled(bench: Bench) -> None:
    sender = SlowSender()
    dispatcher = sending(bench, sender)
    threading.Timer(0.3, sender.go_on.set).start()
    dispatcher.stop()
    assert bench.outbox.waiting() == 0
    assert not dispatcher.alive()


@pytest.mark.timed
def test_a_stop_waits_no_longer_than_its_limit(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "STOP_LIMIT", timedelta(seconds=0.3))
    sender = SlowSender()
    dispatcher = sending(bench, sender)
    began = CLOCK.monotonic()
    dispatcher.stop()
    assert 0.2 < CLOCK.monotonic() - began < 2
    assert bench.outbox.waiting() == 1
    sender.go_on.set()
    wait_until(lambda: not bench.outbox.waiting(), what="the courier has ended by itself")


def test_what_hangs_does_not_keep_the_process_alive() -> None:
    program = (
        "import threading\n"
        "from adapter.dispatcher.pool import Pool\n"
        "begun = threading.Event()\n"
        "pool = Pool(1, 'courier')\n"
        "pool.submit(lambda: (begun.set(), threading.Event().wait(60)))\n"
        "begun.wait()\n"
        "pool.shutdown(wait=False)\n"
    )
    subprocess.run([sys.executable, "-c", program], timeout=20, check=True)


def test_a_pool_carries_out_as_many_calls_at_once_as_it_has_threads() -> None:
    pool, at_once, most, lock = Pool(3, "courier"), [0], [0], threading.Lock()
    all_three = threading.Barrier(3)

    def work() -> None:
        with lock:
            at_once[0] += 1
            most[0] = max(most[0], at_once[0])
        all_three.wait(10)
        with lock:
            at_once[0] -= 1

    for future in [pool.submit(work) for _ in range(9)]:
        future.result(10)
    assert most == [3]
    pool.shutdown()


def test_a_pool_that_is_shut_down_ends_what_has_begun_and_begins_nothing() -> None:
    pool, go_on, begun = Pool(1, "courier"), threading.Event(), threading.Event()

    def work() -> str:
        begun.set()
        go_on.wait(10)
        return "done"

    first, second = pool.submit(work), pool.submit(work)
    assert begun.wait(10)
    threading.Timer(0.1, go_on.set).start()
    pool.shutdown(cancel_futures=True)
    assert (first.result(0), second.cancelled()) == ("done", True)
    with pytest.raises(RuntimeError, match="shut down"):
        pool.submit(work)


def test_a_call_that_fails_tells_whoever_asks_and_harms_no_other() -> None:
    pool = Pool(1, "courier")
    failed, fine = pool.submit(int, "x"), pool.submit(int, "7")
    with pytest.raises(ValueError, match="invalid literal"):
        failed.result(10)
    assert fine.result(10) == 7
    pool.shutdown()
