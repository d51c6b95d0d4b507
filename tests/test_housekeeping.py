"""The house is kept whatever happens: what fails stops neither the rest nor the next time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from adapter.clock import SystemClock
from adapter.errors import StoreUnavailable
from adapter.housekeeping import Housekeeper
from support.clock import FakeClock
from support.processes import wait_until

if TYPE_CHECKING:
    import threading


class Store:
    """Fail a purge as told to, and count."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.fault = fault
        self.purges = 0
        self.recounts = 0

    def purge(
        self,
        *,
        before: datetime,
        dead_before: datetime,
        states_before: datetime,
        announced_before: datetime,
    ) -> int:
        assert dead_before < before < states_before
        assert announced_before <= before
        self.purges += 1
        if self.fault is not None:
            raise self.fault
        return 3 - self.purges

    def recount(self) -> None:
        self.recounts += 1

    def now(self) -> datetime | None:
        return None


class Hurried(SystemClock):
    """Wait a moment where others wait a minute."""

    def wait(self, event: threading.Event, span: timedelta) -> bool:
        return super().wait(event, span / 60_000)


def keeper(store: Store, probes: list[str], clock: SystemClock | FakeClock) -> Housekeeper:
    return Housekeeper(
        store,
        clock,
        retention=lambda: timedelta(days=30),
        follow=lambda _: None,
        probe=lambda: probes.append("probe"),
    )


def test_old_things_go_in_bites_and_the_store_is_probed() -> None:
    store, probes = Store(), list[str]()
    keeper(store, probes, FakeClock()).step()
    assert (store.purges, store.recounts, probes) == (3, 1, ["probe"])


def test_a_store_that_fails_is_probed_all_the_same() -> None:
    probes: list[str] = []
    keeper(Store(StoreUnavailable("the disk is full")), probes, FakeClock()).step()
    assert probes == ["probe"]


def test_a_fault_of_the_adapter_does_not_end_the_thread() -> None:
    store, probes = Store(ValueError("a bug")), list[str]()
    housekeeper = keeper(store, probes, Hurried())
    housekeeper.start()
    try:
        wait_until(lambda: len(probes) >= 3, what="it goes on")
    finally:
        housekeeper.stop()
    assert store.purges >= 3
