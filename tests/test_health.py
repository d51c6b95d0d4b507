"""The store's health: whoever notices a fault, it stands until a probe has succeeded."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from adapter.errors import StoreUnavailable
from adapter.health import StoreHealth
from adapter.metrics import Metrics
from support.clock import FakeClock

FULL = "the store failed: database or disk is full"


class Store:
    """Count probes, and fail them when told to."""

    def __init__(self) -> None:
        self.full = False
        self.probes = 0

    def probe(self, now: datetime) -> None:
        del now
        self.probes += 1
        if self.full:
            raise StoreUnavailable(FULL)


class Bench:
    """Hold a store, a clock that is moved by hand, and the health under test."""

    def __init__(self) -> None:
        self.store = Store()
        self.clock = FakeClock()
        self.metrics = Metrics()
        self.health = StoreHealth(self.store, self.clock, self.metrics.store_up)

    def up(self) -> float | None:
        return self.metrics.registry.get_sample_value("alertmanager_dingtalk_store_up")


def test_an_answer_is_believed_for_a_second() -> None:
    bench = Bench()
    assert bench.health.fault() == ""
    bench.store.full = True
    bench.clock.advance(timedelta(milliseconds=900))
    assert (bench.health.fault(), bench.store.probes, bench.up()) == ("", 1, 1)
    bench.clock.advance(timedelta(milliseconds=100))
    assert (bench.health.fault(), bench.store.probes, bench.up()) == (FULL, 2, 0)


def test_a_webhook_that_was_not_taken_counts_until_a_probe_succeeds() -> None:
    bench = Bench()
    assert bench.health.fault() == ""
    bench.health.failed(FULL)
    assert (bench.health.fault(), bench.up()) == (FULL, 0)
    bench.store.full = True
    bench.clock.advance(timedelta(seconds=1))
    assert (bench.health.fault(), bench.up()) == (FULL, 0)
    bench.store.full = False
    bench.clock.advance(timedelta(seconds=1))
    assert (bench.health.fault(), bench.up()) == ("", 1)


@pytest.mark.parametrize("jump", [timedelta(days=-1), timedelta(days=1)])
def test_a_clock_that_is_set_changes_nothing(jump: timedelta) -> None:
    """Only `monotonic()` measures: with the wall clock set back, no probe would come for a day."""

    class Jumping(FakeClock):
        offset = timedelta(0)

        def now(self) -> datetime:
            return super().now() + self.offset

        def monotonic(self) -> float:
            return super().now().timestamp()

    bench, clock = Bench(), Jumping()
    health = StoreHealth(bench.store, clock, bench.metrics.store_up)
    assert health.fault() == ""
    clock.offset = jump
    bench.store.full = True
    assert health.fault() == "", "not a second has passed"
    clock.advance(timedelta(seconds=1))
    assert health.fault() == FULL
