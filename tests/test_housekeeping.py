"""The house is kept whatever happens: what fails stops neither the rest nor the next time."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from adapter.errors import StoreUnavailable
from adapter.housekeeping import Housekeeper
from support.clock import FakeClock


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


def keeper(store: Store, probes: list[str]) -> Housekeeper:
    return Housekeeper(
        store,
        FakeClock(),
        retention=lambda: timedelta(days=30),
        follow=lambda _: None,
        probe=lambda: probes.append("probe"),
    )


def test_old_things_go_in_bites_and_the_store_is_probed() -> None:
    store, probes = Store(), list[str]()
    keeper(store, probes).step()
    assert (store.purges, store.recounts, probes) == (3, 1, ["probe"])


def test_a_store_that_fails_is_probed_all_the_same() -> None:
    probes: list[str] = []
    with pytest.raises(StoreUnavailable):
        keeper(Store(StoreUnavailable("the disk is full")), probes).step()
    assert probes == ["probe"]


def test_who_stops_it_need_not_wait_for_all_that_is_old() -> None:
    store = Store()
    housekeeper = keeper(store, [])
    housekeeper.rounds.stop()
    housekeeper.step()
    assert store.purges == 0
