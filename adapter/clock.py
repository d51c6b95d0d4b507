"""The only reader of the time. Everything else takes `now` or a `Clock` as an argument."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import threading
    from datetime import timedelta


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
