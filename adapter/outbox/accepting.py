"""Accept: what a webhook brings is new to a robot or not; what is new is stored and counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import bindparam, delete, insert, select, text
from sqlalchemy.dialects import postgresql, sqlite

from adapter.outbox import deferring
from adapter.outbox.tables import deliveries, queues, states, to_us, totals

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime, timedelta

    from sqlalchemy import Connection, Row, Table
    from sqlalchemy.sql.dml import Insert

    from adapter.outbox.rows import Part

_STATE: Final = select(states).where(states.c.key == bindparam("key"))
_FORGET: Final = delete(states).where(states.c.key == bindparam("known_key"))
_REMEMBER: Final = insert(states)
_INSERT: Final = insert(deliveries)
_LOCK: Final = text("SELECT pg_advisory_xact_lock(hashtextextended(:robot, 0))")


class Taken(NamedTuple):
    """Count the deliveries that were stored, and those that wait no more for them."""

    fresh: int
    superseded: int


def accept(
    connection: Connection, parts: Sequence[Part], now: datetime, window: timedelta
) -> Taken:
    """Store what is new of these parts."""
    lock(connection, [part.robot for part in parts])
    told = [(part, connection.execute(_STATE, {"key": part.key}).first()) for part in parts]
    fresh = [(part, last) for part, last in told if not _is_known(last, part, now, window)]
    superseded = 0
    for part, last in fresh:
        times = last.times + 1 if last is not None and last.digest == part.digest else 1
        superseded += _store(connection, part, times, now)
        add(connection, part.counts)
        add_deliveries(connection, part.queues)
        connection.execute(_FORGET, {"known_key": part.key})
        state = {"key": part.key, "digest": part.digest, "times": times, "accepted_at": to_us(now)}
        connection.execute(_REMEMBER, state)
    return Taken(sum(len(part.rows) for part, _ in fresh), superseded)


def _store(connection: Connection, part: Part, times: int, now: datetime) -> int:
    """Store the deliveries of a part; return how many others wait no more for them."""
    rows = [{**row, "times": times} for row in part.rows]
    defers = any(delivery.deferred_until is not None for delivery in part.accepted)
    if not defers and not deferring.any_held(connection, part.robot):
        connection.execute(_INSERT, rows)
        return 0
    superseded = 0
    for row, delivery in zip(rows, part.accepted, strict=True):
        [number] = connection.execute(_INSERT, row).inserted_primary_key or [0]
        superseded += deferring.take_place(connection, number, delivery, now)
    return superseded


def lock(connection: Connection, robots: Iterable[str]) -> None:
    """Let only one transaction at a time change what waits at these robots."""
    if connection.dialect.name == "postgresql":  # SQLite has one writer
        for robot in sorted(set(robots)):
            connection.execute(_LOCK, {"robot": robot})


def _is_known(last: Row[Any] | None, part: Part, now: datetime, window: timedelta) -> bool:
    """Return whether a robot was given this very state last, and nothing speaks for a repeat.

    A repeat is legitimate once the window has passed, unless its sender says that something changed
    which then must be in another robot's part of the group.
    """
    if not window or last is None or last.digest != part.digest:
        return False
    if last.accepted_at >= to_us(now + window):
        return False  # the clock was set back: nothing is known of how long ago that was
    return part.changed_elsewhere or bool(last.accepted_at > to_us(now - window))


def _adding(table: Table, *sums: str) -> dict[str, Insert]:
    """Return by dialect the statement that adds to the sums of a key, or begins them."""
    keys = [column.name for column in table.primary_key]
    statements = {}
    for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql)):
        statement = dialect.insert(table)
        added = {each: table.c[each] + statement.excluded[each] for each in sums}
        statements[name] = statement.on_conflict_do_update(index_elements=keys, set_=added)
    return statements


_ADD: Final = _adding(totals, "alerts", "full_bytes", "line_bytes")
_ADD_DELIVERIES: Final = _adding(queues, "deliveries")
_EMPTY: Final = delete(totals).where(totals.c.alerts <= 0, totals.c.robot == bindparam("of"))


def add(connection: Connection, rows: Sequence[dict[str, object]]) -> None:
    """Change the sums of what waits."""
    if rows:
        connection.execute(_ADD[connection.dialect.name], rows)


def add_deliveries(connection: Connection, rows: Sequence[dict[str, object]]) -> None:
    """Change how many deliveries wait."""
    if rows:
        connection.execute(_ADD_DELIVERIES[connection.dialect.name], rows)


def drop_empty(connection: Connection, robot: str) -> None:
    """Remove the sums of a robot that have come down to nothing."""
    connection.execute(_EMPTY, {"of": robot})
