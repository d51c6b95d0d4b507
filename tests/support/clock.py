"""A clock that stands still until it is told to go on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import threading

START = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)


class FakeClock:
    """Tell the time that the test sets; waiting lets it pass at once."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start

    def now(self) -> datetime:
        """Return the instant the test has set."""
        return self._now

    def monotonic(self) -> float:
        """Return the same time as seconds."""
        return self._now.timestamp()

    def wait(self, event: threading.Event, span: timedelta) -> bool:
        """Let `span` pass, unless `event` is set."""
        if not event.is_set():
            self.advance(span)
        return event.is_set()

    def advance(self, span: timedelta) -> None:
        """Let time pass."""
        self._now += span
