"""Swaps are known within seconds, and stay known while the store cannot be read."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from structlog.testing import capture_logs

from adapter.core.oncall import Schedule
from adapter.core.swaps import Swap
from adapter.errors import StoreUnavailable
from adapter.swaps import FRESH, Swaps
from support.clock import START, FakeClock

if TYPE_CHECKING:
    from collections.abc import Sequence

HOUR = timedelta(hours=1)
LEE = Swap(
    schedule="sre", person="lee", starts_at=START, ends_at=START + HOUR,
    who="boss", decided_at=START,
)  # fmt: skip


class Store:
    def __init__(self) -> None:
        self.known: list[Swap] = []
        self.fails = False
        self.looks = 0

    def swaps(self) -> Sequence[Swap]:
        self.looks += 1
        if self.fails:
            raise StoreUnavailable("gone")
        return list(self.known)


def test_swaps_are_read_again_after_a_while_or_at_once_when_one_is_made_here() -> None:
    store, clock = Store(), FakeClock()
    swaps = Swaps(store, clock, lambda: {"sre": Schedule(zone=UTC)})

    def people() -> list[tuple[str, ...]]:
        return [each.people for each in swaps.schedules()["sre"].overrides]

    assert people() == []
    store.known.append(LEE)
    assert people() == []
    clock.advance(FRESH)
    assert people() == [("lee",)]
    store.known.clear()
    swaps.renew()
    assert people() == []
    assert store.looks == 3


def test_what_was_known_counts_while_the_store_is_away() -> None:
    store, clock = Store(), FakeClock()
    store.known.append(LEE)
    swaps = Swaps(store, clock, lambda: {"sre": Schedule(zone=UTC)})
    assert swaps.schedules()["sre"].overrides
    store.fails = True
    clock.advance(FRESH)
    with capture_logs() as lines:
        assert swaps.schedules()["sre"].overrides
    assert [line["log_level"] for line in lines] == ["warning"]
