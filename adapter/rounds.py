"""Rounds: what is done again and again, in a thread of its own, whatever fails."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

import structlog

from adapter.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from adapter.clock import Clock

log = structlog.get_logger(__name__)


class Part(Protocol):
    """Work in the background."""

    def start(self) -> None:
        """Begin."""
        ...

    def stop(self) -> None:
        """End."""
        ...


class Rounds:
    """Take a step `every` so often, or when the last step said to.

    The first comes `after` a while. `patience` is how long an end waits for a step that is on, by
    default as long as it takes.
    """

    def __init__(  # noqa: PLR0913  # each is a different kind of thing, and most are named
        self,
        name: str,
        clock: Clock,
        step: Callable[[], timedelta | None],
        *,
        every: timedelta,
        after: timedelta = timedelta(0),
        patience: timedelta | None = None,
    ) -> None:
        self._name = name
        self._clock = clock
        self._step = step
        self._every = every
        self._after = after
        self._patience = None if patience is None else patience.total_seconds()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, without waiting for more than the step that is on."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(self._patience)

    def stopping(self) -> bool:
        """Return whether a step that is long should come to its end."""
        return self._stopping.is_set()

    def _run(self) -> None:
        pause = self._after
        while not self._clock.wait(self._stopping, pause):
            pause = self._every
            try:
                said = self._step()
                pause = pause if said is None else said
            except StoreUnavailable as error:
                log.warning("the store is away, tried again later", part=self._name, why=str(error))
            except Exception:
                log.exception("a part failed and goes on", part=self._name)
