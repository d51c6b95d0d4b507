"""Purging: what is over is forgotten, a limited number of rows at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, delete, select

from adapter.outbox.announced import catch_up
from adapter.outbox.messages import DEAD
from adapter.outbox.tables import (
    acts,
    announced,
    batches,
    dead,
    decisions,
    deferred,
    deliveries,
    discarded,
    items,
    notices,
    reminders,
    states,
    stranded,
    swaps,
    to_us,
    unnoted,
)

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Column, Connection, Table

CHUNK: Final = 1000
"""Rows that one transaction removes at most, so that accepting never waits long behind it."""


def purge(
    connection: Connection,
    *,
    before: datetime,
    dead_before: datetime,
    states_before: datetime,
    announced_before: datetime,
) -> int:
    """Remove what was settled, died, the group states accepted, the alerts told, before these.

    Return how many rows. A delivery stays as long as a dead letter of it does, for that may be
    tried again.
    """
    _note_digests(connection, before, announced_before)
    removed = _messages(connection, before)
    removed += _older(connection, dead, dead.c.died_at, dead_before)
    removed += _older(connection, discarded, discarded.c.discarded_at, dead_before)
    removed += _older(connection, decisions, decisions.c.at, dead_before)
    removed += _older(connection, reminders, reminders.c.heard_at, announced_before)
    removed += _older(connection, acts, acts.c.at, dead_before)
    removed += _older(connection, swaps, swaps.c.ends_at, dead_before)
    removed += _settled(connection, before, dead_before)
    gone = stranded.c.delivery.not_in(select(deliveries.c.id))
    connection.execute(delete(stranded).where(stranded.c.sent_at < to_us(before), gone))
    removed += _older(connection, states, states.c.accepted_at, states_before)
    return removed + _older(connection, announced, announced.c.told_at, announced_before)


def _note_digests(connection: Connection, before: datetime, announced_before: datetime) -> None:
    """Note what digests announced before their deliveries go, unless that is old as well."""
    _older(connection, unnoted, unnoted.c.settled_at, announced_before)
    owed = select(unnoted.c.robot).where(unnoted.c.settled_at < to_us(before)).distinct()
    for robot in sorted(connection.execute(owed).scalars()):
        catch_up(connection, robot)


def _messages(connection: Connection, before: datetime) -> int:
    some = select(batches.c.id).where(batches.c.settled_at < to_us(before)).limit(CHUNK)
    these = some.scalar_subquery()
    connection.execute(delete(items).where(items.c.batch.in_(these)))
    return connection.execute(delete(batches).where(batches.c.id.in_(these))).rowcount


def _settled(connection: Connection, before: datetime, dead_before: datetime) -> int:
    """Remove deliveries and notices, but for those that are dead letters still."""
    with_letter = deliveries.c.id.in_(select(dead.c.delivery))
    is_letter = and_(notices.c.state == DEAD, notices.c.settled_at >= to_us(dead_before))
    removed = 0
    for table, spared in ((deliveries, with_letter), (notices, is_letter)):
        old = select(table.c.id).where(table.c.settled_at < to_us(before), ~spared)
        some = old.order_by(table.c.id).limit(CHUNK).scalar_subquery()
        if table is deliveries:
            connection.execute(delete(deferred).where(deferred.c.delivery.in_(some)))
        removed += connection.execute(delete(table).where(table.c.id.in_(some))).rowcount
    return removed


def _older(connection: Connection, table: Table, since: Column[Any], limit: datetime) -> int:
    return connection.execute(delete(table).where(since < to_us(limit))).rowcount
