"""Look at reminders from time to time, and let those ring that are due."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol

import structlog

from adapter.core.reader import Readers
from adapter.core.reminder_notice import reminder_notices
from adapter.rounds import Rounds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from adapter.clock import Clock
    from adapter.config.settings import Settings
    from adapter.core.delivery import Notice
    from adapter.core.reminder_notice import Due

LOOK_EVERY: Final = timedelta(seconds=5)
"""How often it is looked, and how late at most an alert rings again."""

log = structlog.get_logger(__name__)


class Store(Protocol):
    """Where reminders are kept."""

    def remind(
        self, tell: Callable[[Sequence[Due]], Sequence[Notice]], *, now: datetime
    ) -> Sequence[Notice]:
        """Commit what `tell` makes of the reminders that are due; return the words."""
        ...


class Reminders:
    """Let alerts ring again that nobody looks after."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        settings: Callable[[], Settings],
        wake: Callable[[Iterable[str]], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._wake = wake
        self.rounds = Rounds("reminders", clock, self.step, every=LOOK_EVERY)

    def step(self) -> None:
        """Look once."""
        now = self._clock.now()
        readers = Readers(now, self._settings().style)
        words = self._store.remind(lambda due: reminder_notices(due, readers), now=now)
        for notice in words:
            log.info("nobody is on it", robot=notice.robot, title=notice.title)
        self._wake({notice.robot for notice in words})
