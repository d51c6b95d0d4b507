"""Digests: what one has told is settled a slice at a time, since whoever accepts waits meanwhile.

A digest may count a hundred thousand deliveries. That it was told is committed with the first slice
of them; until the last one nothing else is planned, settled or decided of its robot. Whoever comes
next carries on, so a crash between two slices costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
from sqlalchemy import and_, bindparam, delete, insert, select, update

from adapter.core.priority import Priority
from adapter.outbox.accepting import lock
from adapter.outbox.announced import remember_digested
from adapter.outbox.bits import unpack
from adapter.outbox.marking import SENT, leave_queue
from adapter.outbox.prepared import Prepared
from adapter.outbox.rows import to_delivery
from adapter.outbox.summing import forget, take
from adapter.outbox.tables import deliveries, from_us, to_us, unsettled
from adapter.outbox.weighing import count_rows, weigh

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Row

    from adapter.outbox.weighing import Weight

PENDING: Final = "pending"

SLICE: Final = 500
"""Deliveries that one transaction settles at most."""

SLICE_ALERTS: Final = 1_000
"""Alerts from which on a slice takes no further delivery: each is read, to be counted out."""

UNFINISHED: Final = select(unsettled.c.robot).distinct()
"""A query: the robots of which a digest is not settled wholly."""

_ANY: Final = Prepared(
    any=select(unsettled.c.batch).where(unsettled.c.robot == bindparam("of")).limit(1)
)
_FIRST: Final = (
    select(unsettled)
    .where(unsettled.c.robot == bindparam("of"))
    .order_by(unsettled.c.settled_at, unsettled.c.batch)
    .limit(1)
)


def waiting(robot: str, through_id: int) -> ColumnElement[bool]:
    """Return a condition: the normal deliveries that wait at a robot, up to there."""
    return and_(_normal(robot), deliveries.c.id <= through_id)


def _normal(robot: str) -> ColumnElement[bool]:
    return and_(
        deliveries.c.robot == robot,
        deliveries.c.state == PENDING,
        deliveries.c.priority == int(Priority.NORMAL),
    )


def begin(connection: Connection, batch: Row[Any], through_id: int, now: datetime) -> int:
    """Note that a digest was told and settle the first slice; return how many wait no more."""
    row = {
        "batch": batch.id,
        "robot": batch.robot,
        "through_id": through_id,
        "settled_at": to_us(now),
    }
    connection.execute(insert(unsettled), row)
    return go_on(connection, batch.robot)


def unfinished(connection: Connection, robot: str) -> bool:
    """Return whether something of a digest that a robot has told is not settled yet."""
    return bool(_ANY.find(connection, of=robot))


def counts(connection: Connection, row: Row[Any]) -> bool:
    """Return whether a delivery is still to be settled by a digest that was told."""
    told = select(unsettled.c.batch).where(unsettled.c.robot == row.robot)
    return connection.execute(told.where(unsettled.c.through_id >= row.id)).first() is not None


def go_on(connection: Connection, robot: str) -> int:
    """Settle a slice of what a robot's digest has told; return how many deliveries wait no more."""
    lock(connection, [robot])
    digest = connection.execute(_FIRST, {"of": robot}).first()
    if digest is None:
        return 0
    told = waiting(robot, digest.through_id)
    page = select(deliveries).where(told).order_by(deliveries.c.id).limit(SLICE)
    found = connection.execute(page).all()
    rows = _slice(found)
    if rows:
        _settle(connection, robot, rows, digest.settled_at)
    if len(rows) == len(found) < SLICE:
        _finish(connection, digest)
    return len(rows)


def _slice(rows: Sequence[Row[Any]]) -> Sequence[Row[Any]]:
    """Return the first of these deliveries, as many as one transaction should settle."""
    alerts = 0
    for number, row in enumerate(rows):
        if alerts >= SLICE_ALERTS:
            return rows[:number]
        alerts += row.alerts
    return rows


def _settle(connection: Connection, robot: str, rows: Sequence[Row[Any]], at: int) -> None:
    take(connection, count_rows(_left(rows), sign=-1))
    these = waiting(robot, rows[-1].id)
    connection.execute(update(deliveries).where(these).values(state=SENT, settled_at=at))
    leave_queue(connection, robot, {int(Priority.NORMAL): len(rows)})


def _left(rows: Sequence[Row[Any]]) -> Iterator[Weight]:
    """Yield what the alerts weigh that waited until now."""
    for row in rows:
        try:
            delivery = to_delivery(row.payload)
        except msgspec.MsgspecError:  # of another version: nobody can tell what it counted for
            continue
        told = unpack(row.told, row.alerts)
        yield from weigh(delivery, [index for index in range(row.alerts) if index not in told])


def _finish(connection: Connection, digest: Row[Any]) -> None:
    settled_at = from_us(digest.settled_at)
    remember_digested(connection, digest.robot, digest.batch, settled_at)
    connection.execute(delete(unsettled).where(unsettled.c.batch == digest.batch))
    newer = select(deliveries.c.id).where(_normal(digest.robot)).limit(1)
    if connection.execute(newer).first() is None:
        forget(connection, digest.robot)  # what could not be read was not counted out
