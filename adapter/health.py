"""Whether the store takes writes: learnt from probes, and from webhooks that it did not take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from adapter.errors import StoreUnavailable

if TYPE_CHECKING:
    from datetime import datetime

    from adapter.clock import Clock

PROBE_EVERY: Final = 1.0
"""Seconds for which the answer to "does writing work?" is believed."""


class Store(Protocol):
    """What is probed."""

    def probe(self, now: datetime) -> None:
        """Write as much as a webhook does; raises StoreUnavailable."""
        ...


class Gauge(Protocol):
    """Where the answer is shown."""

    def set(self, value: float, /) -> None:
        """Show 1 for yes and 0 for no."""
        ...


class StoreHealth:
    """Know what is wrong with a store, and keep its gauge true."""

    def __init__(self, store: Store, clock: Clock, up: Gauge) -> None:
        self._store = store
        self._clock = clock
        self._up = up
        self._believed_until = float("-inf")
        self._fault = ""

    def fault(self) -> str:
        """Return why nothing can be written now, probing unless that is known; empty if it can."""
        if self._clock.monotonic() >= self._believed_until:
            self.probe()
        return self._fault

    def probe(self) -> None:
        """Write, and learn whether that works."""
        try:
            self._store.probe(self._clock.now())
        except StoreUnavailable as error:
            self.failed(str(error))
        else:
            self._learn("")

    def failed(self, why: str) -> None:
        """Learn that something was not written; believed until a probe succeeds."""
        self._learn(why)

    def _learn(self, fault: str) -> None:
        self._fault = fault
        self._believed_until = self._clock.monotonic() + PROBE_EVERY
        self._up.set(0 if fault else 1)
