"""Deferring: alerts that are held back until a time interval ends, and then told as one digest.

Each such state has a row, so that a digest is counted from sums. A newer state of the alert takes
the place of an older one, whether it is held back itself or not: nothing is told twice, and nothing
old is told after something new. No deferred delivery counts in the sums of what waits.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

import msgspec
from sqlalchemy import and_, bindparam, delete, exists, func, insert, select, update

from adapter.core.alerts import Status
from adapter.core.batch import Count, Held, Totals
from adapter.core.priority import Priority
from adapter.outbox.bits import is_full, pack, unite
from adapter.outbox.prepared import Prepared, as_list, listed
from adapter.outbox.tables import deferred, deliveries, from_us, to_us
from adapter.outbox.weighing import count_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Row, Select

    from adapter.core.batch import Waiting
    from adapter.core.delivery import Delivery

DEFERRED: Final = "deferred"
SUPERSEDED: Final = "superseded"

_ASKED: Final = 500
"""Alerts that one query asks for."""

_LIVE: Final = and_(deferred.c.robot == bindparam("of"), deferred.c.superseded_by.is_(None))
_HELD: Final = Prepared(
    (),
    **{
        dialect: select(robots.c.value).where(
            exists().where(deferred.c.robot == robots.c.value, deferred.c.superseded_by.is_(None))
        )
        for dialect, robots in listed("robots").items()
    },
)
_OLDER: Final = select(deferred).where(
    _LIVE, deferred.c.identity.in_(bindparam("ids", expanding=True))
)
_REPLACE: Final = (
    update(deferred)
    .where(deferred.c.delivery == bindparam("in_delivery"), deferred.c.alert == bindparam("at"))
    .values(superseded_by=bindparam("by"))
)
_NEXT: Final = Prepared(
    any=select(func.min(deliveries.c.deferred_until)).where(
        deliveries.c.robot == bindparam("of"), deliveries.c.state == DEFERRED
    )
)
_DUE: Final = Prepared(
    any=select(
        func.max(deliveries.c.id).label("last"),
        func.min(deliveries.c.deferred_until).label("since"),
        func.min(deliveries.c.received_at).label("oldest"),
        func.count().label("number"),
    )
    .where(deliveries.c.robot == bindparam("of"), deliveries.c.state == DEFERRED)
    .where(deliveries.c.deferred_until <= bindparam("now"))
)


def identity(source: str, fingerprint: str) -> str:
    """Return what names an alert whatever its state: hashed, since it may be long."""
    named = msgspec.json.encode((source, fingerprint))
    return hashlib.blake2b(named, digest_size=16).hexdigest()


def held_of(connection: Connection, robots: Iterable[str]) -> set[str]:
    """Return those of these robots for which anything is held back."""
    return {robot for (robot,) in _HELD.find(connection, robots=as_list(robots))}


def take_place(connection: Connection, delivery_id: int, delivery: Delivery, now: datetime) -> int:
    """Let the alerts of a new delivery replace their older states that are held back.

    Keep them, if they are to be held back too; return how many deliveries wait no more.
    """
    group = delivery.group
    known = [identity(group.source, alert.fingerprint) for alert in group.alerts]
    older: dict[str, list[Row[Any]]] = {}
    for start in range(0, len(known), _ASKED):
        asked = {"of": delivery.robot, "ids": known[start : start + _ASKED]}
        for row in connection.execute(_OLDER, asked):
            older.setdefault(row.identity, []).append(row)
    newest = {each: index for index, each in enumerate(known)}
    replaced = [
        {"in_delivery": row.delivery, "at": row.alert, "by": f"{delivery_id}.{newest[each]}"}
        for each, rows in older.items()
        for row in rows
    ]
    if replaced:
        connection.execute(_REPLACE, replaced)
    if delivery.deferred_until is not None:
        rows = _rows(delivery_id, delivery, known, _fired(older))
        connection.execute(insert(deferred), list(rows))
    return _leave(connection, [row for rows in older.values() for row in rows], now)


def _fired(older: dict[str, list[Row[Any]]]) -> frozenset[str]:
    """Return the alerts that fired while they were held back."""
    firing = Status.FIRING.value
    return frozenset(
        each for each, rows in older.items() if any(r.fired or r.status == firing for r in rows)
    )


def _rows(
    delivery_id: int, delivery: Delivery, known: Sequence[str], fired: frozenset[str]
) -> Iterator[dict[str, object]]:
    for index, (alert, each) in enumerate(zip(delivery.group.alerts, known, strict=True)):
        _, _, _, name, severity, status = count_key(delivery, alert)
        yield {
            "delivery": delivery_id,
            "alert": index,
            "robot": delivery.robot,
            "identity": each,
            "until": to_us(delivery.deferred_until) if delivery.deferred_until else 0,
            "name": name,
            "severity": severity,
            "status": status,
            "fired": each in fired,
        }


def _leave(connection: Connection, replaced: Iterable[Row[Any]], now: datetime) -> int:
    """Note in their deliveries which alerts are replaced; return how many of these are done."""
    indexes: dict[int, list[int]] = {}
    for row in replaced:
        indexes.setdefault(row.delivery, []).append(row.alert)
    done = 0
    for delivery_id, gone in indexes.items():
        mine = deliveries.c.id == delivery_id
        row = connection.execute(select(deliveries).where(mine)).one()
        told = unite(row.told, pack(gone))
        change: dict[str, object] = {"told": told}
        if is_full(told, row.alerts):
            change |= {"state": SUPERSEDED, "settled_at": to_us(now)}
            done += 1
        connection.execute(update(deliveries).where(mine).values(**change))
    return done


def next_due(connection: Connection, robot: str) -> datetime | None:
    """Return when the first of what is held back for a robot is to be told."""
    [(until,)] = _NEXT.find(connection, of=robot)
    return None if until is None else from_us(until)


def overdue(now: datetime) -> Select[Any]:
    """Return a query: how many deliveries of each robot are due, and since when the first is."""
    since = func.min(deliveries.c.deferred_until).label("since")
    due = (deliveries.c.state == DEFERRED, deliveries.c.deferred_until <= to_us(now))
    query = select(deliveries.c.robot, func.count().label("number"), since).where(*due)
    return query.group_by(deliveries.c.robot)


def held(
    connection: Connection,
    robot: str,
    now: datetime,
    read: Callable[[Connection, Row[Any]], Waiting | None],
    most: int,
) -> Held | None:
    """Return what was held back and is due, summed up, with the first deliveries of it."""
    due = due_by(robot, now)
    sums = _DUE.first(connection, of=robot, now=to_us(now))
    if not sums.number:
        return None
    head: list[Waiting] = []
    room = most
    rows = select(deliveries).where(due).order_by(deliveries.c.id).limit(most)
    for due_row in connection.execute(rows).all():
        waiting = read(connection, due_row) if room > 0 else None
        if waiting is not None:
            head.append(waiting)
            room -= len(waiting.left)
    totals = Totals(
        counts=_counts(connection, robot, now),
        deliveries=sums.number,
        last_id=sums.last,
        oldest_received_at=from_us(sums.oldest),
    )
    return Held(since=from_us(sums.since), until=now, totals=totals, head=tuple(head))


def _counts(connection: Connection, robot: str, now: datetime) -> tuple[Count, ...]:
    kind = (deferred.c.name, deferred.c.severity, deferred.c.status, deferred.c.fired)
    number = func.count().label("alerts")
    live = select(*kind, number).where(_LIVE, deferred.c.until <= to_us(now)).group_by(*kind)
    return tuple(
        Count(
            priority=Priority.NORMAL,
            template="",
            name=row.name,
            severity=row.severity,
            status=Status(row.status),
            alerts=row.alerts,
            full_bytes=0,
            line_bytes=0,
            fired=row.fired,
        )
        for row in connection.execute(live, {"of": robot})
    )


def due_by(robot: str, until: datetime) -> ColumnElement[bool]:
    """Return a condition: the deliveries that were held back until then."""
    return and_(
        deliveries.c.robot == robot,
        deliveries.c.state == DEFERRED,
        deliveries.c.deferred_until <= to_us(until),
    )


def counted_by(batch: Row[Any], through_id: int) -> ColumnElement[bool]:
    """Return a condition: the deliveries that a digest of what was held back tells."""
    return due(batch.robot, from_us(batch.deferred_until), through_id)


def due(robot: str, until: datetime, through_id: int) -> ColumnElement[bool]:
    """Return a condition: the deliveries up to there that were held back until then."""
    return and_(due_by(robot, until), deliveries.c.id <= through_id)


def settle(connection: Connection, batch: Row[Any], through_id: int, **done: object) -> int:
    """Settle every delivery that such a digest told; return how many."""
    told = counted_by(batch, through_id)
    _forget(connection, select(deliveries.c.id).where(told).scalar_subquery())
    return connection.execute(update(deliveries).where(told).values(**done)).rowcount


def release(connection: Connection, batch: Row[Any], through_id: int) -> Sequence[Row[Any]]:
    """Let the deliveries that such a digest told wait under suspicion; return them."""
    told = counted_by(batch, through_id)
    rows = connection.execute(select(deliveries).where(told)).all()
    _forget(connection, select(deliveries.c.id).where(told).scalar_subquery())
    change = {"state": "pending", "suspect": batch.alerts}
    connection.execute(update(deliveries).where(told).values(**change))
    return rows


def _forget(connection: Connection, ids: Any) -> None:  # noqa: ANN401  # a subquery
    """Remove the live states of deliveries; what was superseded is kept, to be traced."""
    gone = and_(deferred.c.delivery.in_(ids), deferred.c.superseded_by.is_(None))
    connection.execute(delete(deferred).where(gone))


def give_up(connection: Connection, delivery_id: int, alerts: Iterable[int]) -> None:
    """Forget states that a person has given up."""
    gone = and_(deferred.c.delivery == delivery_id, deferred.c.alert.in_(list(alerts)))
    connection.execute(delete(deferred).where(gone))
