"""Reload by itself when a file that the configuration was read from has changed.

Files are read again every few seconds rather than watched by the kernel: that sees the symbolic
links of a ConfigMap swapped, on any file system, and costs a few small reads.
"""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from adapter.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from adapter.clock import Clock
    from adapter.config.footprint import Footprint

LOOK: Final = timedelta(seconds=2)
"""How often the files are looked at."""

log = structlog.get_logger(__name__)


class Watcher:
    """Watch the files of a configuration, in a thread of its own.

    `tried` is what the last reload read, even if it failed: so the same mistake is told once.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        enabled: Callable[[], bool],
        tried: Callable[[], Footprint],
        reload: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._enabled = enabled
        self._tried = tried
        self._reload = reload
        self._seen: Footprint | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, without waiting for more than the step that is on."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def step(self) -> None:
        """Look once, and reload what has changed and stood still since the last look.

        A file that is still being written may be valid, and lack its second half.
        """
        if not self._enabled():
            return
        tried = self._tried()
        found = tried.again()
        still, self._seen = found == self._seen, found
        if still and found != tried:
            try:
                self._reload()
            except ConfigError:  # it has been told
                return

    def _run(self) -> None:
        while not self._clock.wait(self._stopping, LOOK):
            try:
                self.step()
            except Exception:
                log.exception("watching the configuration failed and goes on")
