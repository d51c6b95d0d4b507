"""Listing: what waits, what is dead, what was sent last, and which robots cannot send."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec
from sqlalchemy import func, select

from adapter.core.advice import remedy
from adapter.core.life import Message
from adapter.core.priority import Priority
from adapter.outbox import refusals
from adapter.outbox.asked import Asked, unsent
from adapter.outbox.bits import unpack
from adapter.outbox.deferring import DEFERRED
from adapter.outbox.lives import deferred_until, newest_messages
from adapter.outbox.messages import PENDING
from adapter.outbox.refusals import Refused
from adapter.outbox.rows import to_ailing, to_delivery
from adapter.outbox.tables import dead, deliveries, from_us
from adapter.outbox.tables import tokens as table_of_tokens

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection, Row

    from adapter.core.alerts import Alert

NAMES: Final = 3
"""Alert names told of a delivery that waits."""


class Queued(msgspec.Struct, frozen=True, kw_only=True):
    """Describe a delivery that waits; `left` of its `alerts` are not told yet.

    It is told when `deferred_until` has come, or else as soon as may be.
    """

    id: str
    robot: str
    priority: str
    received_at: datetime
    deferred_until: datetime | None
    alerts: int
    left: int
    names: tuple[str, ...]


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """Describe an alert that DingTalk would not take in any form."""

    id: str
    robot: str
    died_at: datetime
    name: str
    fingerprint: str
    reason: str


class IllRobot(msgspec.Struct, frozen=True, kw_only=True):
    """Describe a robot that cannot send, or one of its pool, and what a person can do."""

    robot: str
    member: int  # 0 is the robot itself, 1 the first of its pool
    reason: str
    since: datetime
    tried_again_at: datetime
    answer: str  # DingTalk's own words
    next_step: str


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the oldest of what waits, and the newest dead letters and messages."""

    waiting: tuple[Queued, ...]
    waiting_in_all: int
    dead: tuple[DeadLetter, ...]
    dead_in_all: int
    messages: tuple[Message, ...]
    asked: tuple[Asked, ...] = ()
    refused: tuple[Refused, ...] = ()
    refused_in_all: int = 0
    ill: tuple[IllRobot, ...] = ()


def overview_of(connection: Connection, limit: int) -> Overview:
    """Return what waits, what is dead and what was sent, at most so many of each."""
    waits = deliveries.c.state.in_((PENDING, DEFERRED))
    oldest = select(deliveries).where(waits).order_by(deliveries.c.id).limit(limit)
    letters = (
        select(dead, deliveries.c.payload)
        .outerjoin(deliveries, deliveries.c.id == dead.c.delivery)
        .order_by(dead.c.died_at.desc(), dead.c.delivery, dead.c.alert)
        .limit(limit)
    )
    waiting = select(func.count()).select_from(deliveries).where(waits)
    return Overview(
        waiting=tuple(_queued(row) for row in connection.execute(oldest)),
        waiting_in_all=connection.execute(waiting).scalar_one(),
        dead=tuple(_letter(row) for row in connection.execute(letters)),
        dead_in_all=connection.execute(select(func.count()).select_from(dead)).scalar_one(),
        messages=newest_messages(connection, limit),
        asked=unsent(connection, limit),
        refused=refusals.newest(connection, limit),
        refused_in_all=refusals.count(connection),
    )


def ill_of(connection: Connection, tokens: Mapping[str, tuple[str, int]]) -> tuple[IllRobot, ...]:
    """Return which robots cannot send; `tokens` tells robot and place in its pool by key."""
    rows = connection.execute(select(table_of_tokens).where(table_of_tokens.c.ill != "")).all()
    found = [(*tokens[row.token], to_ailing(row)) for row in rows if row.token in tokens]
    return tuple(
        IllRobot(
            robot=robot,
            member=member,
            reason=ailing.reason,
            since=ailing.since,
            tried_again_at=ailing.rests_until,
            answer=ailing.why,
            next_step=remedy(ailing.reason),
        )
        for robot, member, ailing in sorted(found, key=lambda each: each[:2])
    )


def _queued(row: Row[Any]) -> Queued:
    names = dict.fromkeys(alert.name for alert in readable_alerts(row.payload))
    told = unpack(row.told, row.alerts)
    return Queued(
        id=str(row.id),
        robot=row.robot,
        priority=Priority(row.priority).name.lower(),
        received_at=from_us(row.received_at),
        deferred_until=deferred_until(row),
        alerts=row.alerts,
        left=row.alerts - len(told),
        names=tuple(names)[:NAMES],
    )


def _letter(row: Row[Any]) -> DeadLetter:
    alerts = () if row.payload is None else readable_alerts(row.payload)
    alert = alerts[row.alert] if row.alert < len(alerts) else None
    return DeadLetter(
        id=f"{row.delivery}.{row.alert}",
        robot=row.robot,
        died_at=from_us(row.died_at),
        name="" if alert is None else alert.name,
        fingerprint="" if alert is None else alert.fingerprint,
        reason=row.reason,
    )


def readable_alerts(payload: bytes) -> tuple[Alert, ...]:
    """Return the alerts of a stored delivery; none of one that this version cannot read."""
    try:
        return to_delivery(payload).group.alerts
    except msgspec.MsgspecError:
        return ()
