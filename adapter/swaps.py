"""Shifts that were swapped on the page, over what the configuration and calendars say.

They are read again every few seconds, since another replica may have taken one in; while the store
cannot be read, what was known last counts.
"""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol

import structlog

from adapter.core.swaps import with_swaps
from adapter.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from adapter.clock import Clock
    from adapter.core.oncall import Schedule
    from adapter.core.swaps import Swap

FRESH: Final = timedelta(seconds=5)
"""For how long what was read counts without another look."""

log = structlog.get_logger(__name__)


class Store(Protocol):
    """Where swaps are kept."""

    def swaps(self) -> Sequence[Swap]:
        """Return all that count, in order; raises StoreUnavailable."""
        ...


class Swaps:
    """Know who is on call when, swaps included."""

    def __init__(
        self, store: Store, clock: Clock, schedules: Callable[[], Mapping[str, Schedule]]
    ) -> None:
        self._store = store
        self._clock = clock
        self._schedules = schedules
        self._known: Sequence[Swap] = ()
        self._due = 0.0
        self._lock = threading.Lock()

    def schedules(self) -> Mapping[str, Schedule]:
        """Return all schedules as they are now."""
        return with_swaps(self._schedules(), self._standing())

    def renew(self) -> None:
        """Look again at once: something has changed."""
        with self._lock:
            self._due = 0.0

    def _standing(self) -> Sequence[Swap]:
        with self._lock:
            now = self._clock.monotonic()
            if now >= self._due:
                self._due = now + FRESH.total_seconds()
                self._known = self._read()
            return self._known

    def _read(self) -> Sequence[Swap]:
        try:
            return self._store.swaps()
        except StoreUnavailable as error:
            log.warning("swaps of shifts could not be read; the last known count", why=str(error))
            return self._known
