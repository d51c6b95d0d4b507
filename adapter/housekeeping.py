"""What must be done from time to time, whatever arrives.

Forget what is old, count what waits, see whether the store takes writes.
"""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol

import structlog

from adapter.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from adapter.clock import Clock

EVERY: Final = timedelta(minutes=1)
"""How often the house is kept."""

DEAD_KEPT: Final = 3
"""How many times as long as what was delivered a dead letter is kept."""

STATES_KEPT: Final = timedelta(days=1)
"""How long a group state is known beyond the window in which it matters."""

ANNOUNCED_KEPT: Final = timedelta(days=7)
"""How long an announced alert rings nobody again, at least: Alertmanager repeats it sooner."""

log = structlog.get_logger(__name__)


class Store(Protocol):
    """What is kept in order."""

    def purge(
        self,
        *,
        before: datetime,
        dead_before: datetime,
        states_before: datetime,
        announced_before: datetime,
    ) -> int:
        """Remove some of what is older; return how many rows."""
        ...

    def recount(self) -> None:
        """Learn how many deliveries wait."""
        ...

    def now(self) -> datetime | None:
        """Return the time that all go by who share the store; None where nobody does."""
        ...


class Housekeeper:
    """Keep a store in order, in a thread of its own."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        retention: Callable[[], timedelta],
        follow: Callable[[datetime], None],
        probe: Callable[[], None],
    ) -> None:
        self._store = store
        self._probe = probe
        self._follow = follow
        self._clock = clock
        self._retention = retention
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="housekeeper", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, without waiting for more than the step that is on."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def step(self) -> None:
        """Do all of it once; what fails, even by a fault of the adapter, is logged."""
        for part in self._tidy, self._probe:
            try:
                part()
            except Exception:
                log.exception("housekeeping failed and goes on")

    def _tidy(self) -> None:
        """Remove all that is older than the retention, in small bites, and count what waits."""
        now = self._clock.now()
        ages = {
            "before": now - self._retention(),
            "dead_before": now - DEAD_KEPT * self._retention(),
            "states_before": now - STATES_KEPT,
            "announced_before": now - max(self._retention(), ANNOUNCED_KEPT),
        }
        try:
            while not self._stopping.is_set():
                if self._store.purge(**ages) == 0:
                    break
            self._store.recount()
            shared = self._store.now()
            if shared is not None:
                self._follow(shared)
        except StoreUnavailable as error:
            log.warning("old deliveries could not be removed", why=str(error))

    def _run(self) -> None:
        while not self._clock.wait(self._stopping, EVERY):
            self.step()
