"""Refusals: bodies of webhooks that could not be accepted, kept for a person to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, insert, select

from adapter.outbox.rows import RefusedBody
from adapter.outbox.tables import from_us, refused, to_us

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Row

KEPT: Final = 100
"""Refused bodies kept for inspection, the newest."""

KEPT_BYTES: Final = 64 * 1024
"""Bytes kept of a refused body."""

ALL: Final = select(refused).order_by(refused.c.id.desc())

_NEWEST: Final = select(refused.c.id).order_by(refused.c.id.desc()).limit(KEPT)


def keep(connection: Connection, body: bytes, *, code: int, reason: str, now: datetime) -> None:
    """Keep the start of a body, and forget the oldest of too many."""
    row = {
        "received_at": to_us(now),
        "code": code,
        "reason": reason,
        "body": body[:KEPT_BYTES],
        "truncated": len(body) > KEPT_BYTES,
    }
    connection.execute(insert(refused), row)
    connection.execute(delete(refused).where(refused.c.id.not_in(_NEWEST)))


def to_refused(row: Row[Any]) -> RefusedBody:
    """Return a row as it is looked at."""
    return RefusedBody(from_us(row.received_at), row.code, row.reason, row.body)
