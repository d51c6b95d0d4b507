"""The only reader of the time. Everything else takes `now` or a `Clock` as an argument."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import threading


class Clock(Protocol):
    """Tell the time and wait for it to pass."""

    def now(self) -> datetime:
        """Return the current instant, aware and in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never jump, for measuring spans."""
        ...

    def wait(self, event: threading.Event, span: timedelta) -> bool:
        """Wait until `event` is set or `span` has passed; return whether it is set."""
        ...


class SystemClock:
    """Read the machine's clock."""

    def now(self) -> datetime:
        """Return the current instant, aware and in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never jump, for measuring spans."""
        return time.monotonic()

    def wait(self, event: threading.Event, span: timedelta) -> bool:
        """Wait until `event` is set or `span` has passed; return whether it is set."""
        return event.wait(max(0.0, span.total_seconds()))


class SharedClock:
    """Read the machine's clock, set right by another that several machines go by."""

    def __init__(self) -> None:
        self._system = SystemClock()
        self._offset = timedelta(0)

    def follow(self, instant: datetime) -> None:
        """Go by a clock that reads `instant` now."""
        self._offset = instant - self._system.now()

    def now(self) -> datetime:
        """Return the current instant by the clock that is followed, aware and in UTC."""
        return self._system.now() + self._offset

    def monotonic(self) -> float:
        """Return seconds that never jump, for measuring spans."""
        return self._system.monotonic()

    def wait(self, event: threading.Event, span: timedelta) -> bool:
        """Wait until `event` is set or `span` has passed; return whether it is set."""
        return self._system.wait(event, span)
