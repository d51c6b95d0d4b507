"""Timelines: one delivery from its webhook to its messages, and what one message told.

It is what links of messages open, so it tells of nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
from sqlalchemy import or_, select

from adapter.core.alerts import Status
from adapter.core.life import Contents, Part, Ringing, Timeline
from adapter.core.message import At
from adapter.core.priority import Priority
from adapter.outbox.acts import acts_of
from adapter.outbox.lives import MESSAGE_COLUMNS, lives_of, to_message
from adapter.outbox.marking import SENT
from adapter.outbox.rows import to_delivery
from adapter.outbox.tables import batches, deliveries, from_us, items

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Connection, Row, Select

ALERTS: Final = 50
"""Alerts of a delivery that its timeline tells."""

MESSAGES: Final = 20
"""Messages of a delivery that it tells, the newest."""

DELIVERIES: Final = 50
"""Deliveries that are told of a message."""


class _Ringing(msgspec.Struct):
    at: At = msgspec.field(default_factory=At)


def timeline_of(connection: Connection, number: int) -> Timeline | None:
    """Return what became of a delivery, if it is known."""
    row = connection.execute(select(deliveries).where(deliveries.c.id == number)).first()
    if row is None:
        return None
    lives = lives_of(connection, row, range(min(row.alerts, ALERTS)))
    found = {message.id: message for life in lives for message in life.messages}
    newest = sorted(found.values(), key=lambda message: message.created_at)[-MESSAGES:]
    return Timeline(
        id=row.id,
        delivery=to_delivery(row.payload),
        received_at=from_us(row.received_at),
        priority=Priority(row.priority).name.lower(),
        deferred_until=None if row.deferred_until is None else from_us(row.deferred_until),
        lives=tuple(lives),
        messages=tuple(Ringing(message, _at(connection, message.id)) for message in newest),
        acts=tuple(acts_of(connection, row.id)),
    )


def contents_of(connection: Connection, name: str) -> Contents | None:
    """Return what a message told, if it is known."""
    query = select(*MESSAGE_COLUMNS).where(batches.c.id == name)
    batch = connection.execute(query).first()
    if batch is None:
        return None
    found = connection.execute(_told_by(batch).limit(DELIVERIES + 1)).all()
    return Contents(
        message=to_message(batch),
        parts=tuple(map(_part, found[:DELIVERIES])),
        cut=len(found) > DELIVERIES,
    )


def _told_by(batch: Row[Any]) -> Select[Any]:
    """Return a query of the deliveries that a message told."""
    named = select(items.c.delivery).where(items.c.batch == batch.id)
    told: ColumnElement[bool] = deliveries.c.id.in_(named)
    if batch.digested is not None:  # it names its last delivery, and counted all that it settled
        settled = deliveries.c.settled_at == batch.settled_at
        normal = deliveries.c.priority == int(Priority.NORMAL)
        counted = settled & (deliveries.c.robot == batch.robot) & normal
        told = or_(told, counted) if batch.state == SENT else told
    return select(deliveries.c.id, deliveries.c.payload).where(told).order_by(deliveries.c.id)


def _part(row: Row[Any]) -> Part:
    alerts = to_delivery(row.payload).group.alerts
    return Part(
        id=row.id,
        names=tuple(dict.fromkeys(alert.name for alert in alerts)),
        alerts=len(alerts),
        firing=sum(alert.status is Status.FIRING for alert in alerts),
    )


def _at(connection: Connection, name: str) -> At:
    bodies: Sequence[bytes] = (
        connection.execute(select(batches.c.body).where(batches.c.id == name)).scalars().all()
    )
    return msgspec.json.decode(bodies[0], type=_Ringing).at if bodies else At()
