"""Kept: small values that survive a restart and are the same for all replicas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from adapter.outbox import accepting
from adapter.outbox.tables import from_us, kept, to_us
from adapter.outbox.words import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime
    from typing import Any

    from sqlalchemy import Connection, Row, Select

    from adapter.core.delivery import Notice
    from adapter.outbox.writing import Writer


class Kept:
    """Keep values by key."""

    def __init__(self, writer: Writer, read: Callable[[Select[Any]], Sequence[Row[Any]]]) -> None:
        self._writer = writer
        self._read = read

    def get(self, key: str) -> bytes | None:
        """Return what is kept under a key, if anything; raises StoreUnavailable."""
        rows = self._read(select(kept.c.value).where(kept.c.key == key))
        return bytes(rows[0].value) if rows else None

    def put(self, key: str, value: bytes, *, now: datetime) -> None:
        """Keep a value in place of the one before; raises StoreUnavailable."""

        def operation(connection: Connection) -> None:
            accepting.lock(connection, [_lock(key)])
            keep(connection, key, value, now)

        self._writer.run(operation)

    def tell_once(
        self,
        key: str,
        *,
        before: bytes | None,
        after: bytes,
        words: Iterable[Notice],
        now: datetime,
    ) -> bool:
        """Keep `after` and queue the words, if `before` is still kept; return whether it was.

        Of several replicas that have the same to say, one does.
        """

        def operation(connection: Connection) -> bool:
            accepting.lock(connection, [_lock(key)])
            found = connection.execute(select(kept.c.value).where(kept.c.key == key)).first()
            if (None if found is None else bytes(found.value)) != before:
                return False
            keep(connection, key, after, now)
            say(connection, words, now)
            return True

        return self._writer.run(operation)


def keep(connection: Connection, key: str, value: bytes, now: datetime) -> None:
    """Keep a value in place of the one before, in a transaction that holds a lock for it."""
    connection.execute(delete(kept).where(kept.c.key == key))
    connection.execute(insert(kept), {"key": key, "value": value, "kept_at": to_us(now)})


def kept_at(connection: Connection, key: str) -> datetime | None:
    """Return when the value under a key was kept, if one is."""
    found = connection.execute(select(kept.c.kept_at).where(kept.c.key == key)).scalar()
    return None if found is None else from_us(found)


def _lock(key: str) -> str:
    return f"kept/{key}"  # no robot has a slash in its name
