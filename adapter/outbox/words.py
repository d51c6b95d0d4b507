"""Words: what the adapter itself has to tell, queued with what it tells of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert

from adapter.outbox.rows import notice_row
from adapter.outbox.tables import notices

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import Connection

    from adapter.core.delivery import Notice


def say(connection: Connection, words: Iterable[Notice], now: datetime) -> int:
    """Queue words of the adapter; return how many."""
    rows = [notice_row(notice, now) for notice in words]
    if rows:
        connection.execute(insert(notices), rows)
    return len(rows)
