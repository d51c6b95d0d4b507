"""Opening: the store that the configuration names, and a word of what became of the old one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from adapter.core.queue_notices import corrupt, gone
from adapter.outbox import open_postgresql, open_sqlite

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from adapter.clock import SharedClock
    from adapter.config.settings import StorageSettings
    from adapter.outbox import Outbox

log = structlog.get_logger(__name__)


def open_store(storage: StorageSettings, clock: SharedClock) -> Outbox:
    """Open the outbox and go by its time, if others share it."""
    if storage.postgresql is None:
        return open_sqlite(storage.path, clock.now())
    store = open_postgresql(storage.postgresql)
    now = store.now()
    if now is not None:
        clock.follow(now)
    return store


def tell_loss(store: Outbox, robots: Iterable[str], now: datetime) -> bool:
    """Tell every robot if the queue was corrupt or gone; return whether it was corrupt."""
    aside = store.moved_aside
    if aside is not None:
        log.error("the database was corrupt; a fresh one is used", moved_to=str(aside))
        store.notify((corrupt(robot, aside.name) for robot in robots), now=now)
    elif store.vanished:
        log.error("the database was gone; a fresh one is used")
        store.notify(map(gone, robots), now=now)
    return aside is not None
