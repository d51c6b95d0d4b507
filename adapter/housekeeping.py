"""What must be done from time to time, whatever arrives.

Forget what is old, count what waits, see whether the store takes writes.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol

from adapter.rounds import Rounds

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
    """Keep a store in order."""

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
        self.rounds = Rounds("housekeeper", clock, self.step, every=EVERY, after=EVERY)

    def step(self) -> None:
        """Do all of it once; a store that fails is probed all the same."""
        try:
            self._tidy()
        finally:
            self._probe()

    def _tidy(self) -> None:
        """Remove all that is older than the retention, in small bites, and count what waits."""
        now = self._clock.now()
        ages = {
            "before": now - self._retention(),
            "dead_before": now - DEAD_KEPT * self._retention(),
            "states_before": now - STATES_KEPT,
            "announced_before": now - max(self._retention(), ANNOUNCED_KEPT),
        }
        while not self.rounds.stopping() and self._store.purge(**ages):
            continue
        self._store.recount()
        shared = self._store.now()
        if shared is not None:
            self._follow(shared)
