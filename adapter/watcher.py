"""Reload by itself when a file that the configuration was read from has changed.

Files are read again every few seconds rather than watched by the kernel: that sees the symbolic
links of a ConfigMap swapped, on any file system, and costs a few small reads.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from adapter.errors import ConfigError
from adapter.rounds import Rounds

if TYPE_CHECKING:
    from collections.abc import Callable

    from adapter.clock import Clock
    from adapter.config.footprint import Footprint

LOOK: Final = timedelta(seconds=2)
"""How often the files are looked at."""


class Watcher:
    """Watch the files of a configuration.

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
        self._enabled = enabled
        self._tried = tried
        self._reload = reload
        self._seen: Footprint | None = None
        self.rounds = Rounds("watcher", clock, self.step, every=LOOK, after=LOOK)

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
