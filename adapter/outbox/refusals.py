"""Refusals: bodies of webhooks that could not be accepted, kept for a person to look at.

A person calls one `refused:N`.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec
from sqlalchemy import delete, func, insert, select

from adapter.outbox.rows import RefusedBody
from adapter.outbox.tables import from_us, refused, to_us

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row, Select

KEPT: Final = 100
"""Refused bodies kept for inspection, the newest."""

KEPT_BYTES: Final = 64 * 1024
"""Bytes kept of a refused body."""

_NAME: Final = re.compile(r"refused:([0-9]{1,18})")

ALL: Final = select(refused).order_by(refused.c.id.desc())

_NEWEST: Final = select(refused.c.id).order_by(refused.c.id.desc()).limit(KEPT)
_SHOWN: Final[Select[Any]] = select(
    *(column for column in refused.c if column.name != "body"),
    func.length(refused.c.body).label("size"),
)


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """Describe a body that was refused: with which HTTP answer, why, and how much of it is kept."""

    id: str
    received_at: datetime
    code: int
    reason: str
    kept_bytes: int
    truncated: bool


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


def newest(connection: Connection, limit: int) -> tuple[Refused, ...]:
    """Return the newest bodies that are kept, at most so many, the newest first."""
    rows = connection.execute(_SHOWN.order_by(refused.c.id.desc()).limit(limit))
    return tuple(_describe(row) for row in rows)


def count(connection: Connection) -> int:
    """Return how many bodies are kept."""
    return connection.execute(select(func.count()).select_from(refused)).scalar_one()


def find(connection: Connection, name: str) -> tuple[Refused, bytes] | None:
    """Return the body that `refused:N` names, if it is kept."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    query = _SHOWN.add_columns(refused.c.body).where(refused.c.id == int(found[1]))
    row = connection.execute(query).first()
    return None if row is None else (_describe(row), row.body)


def _describe(row: Row[Any]) -> Refused:
    return Refused(
        id=f"refused:{row.id}",
        received_at=from_us(row.received_at),
        code=row.code,
        reason=row.reason,
        kept_bytes=row.size,
        truncated=row.truncated,
    )
