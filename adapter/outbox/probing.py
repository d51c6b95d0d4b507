"""Probing: whether the database takes writes, whatever else goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, insert

from adapter.outbox.tables import probe as table
from adapter.outbox.tables import to_us

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

FILLER: Final = 64 * 1024
"""Bytes that a probe writes: where a small row still fits, a webhook may not."""


def probe(connection: Connection, now: datetime) -> None:
    """Write as much as a webhook may need."""
    connection.execute(delete(table))
    connection.execute(insert(table), {"id": 1, "probed_at": to_us(now), "filler": bytes(FILLER)})
