"""Messages: stored whole before they are sent, and settled when it is known what became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
from sqlalchemy import and_, bindparam, insert, select, text, update

from adapter.core.turn import Fate
from adapter.outbox import deferring, digests
from adapter.outbox.accepting import add
from adapter.outbox.announced import remember, remember_digested
from adapter.outbox.bits import pack, unpack
from adapter.outbox.ledger import OPEN
from adapter.outbox.marking import BY_ID, SENT, leave_queue, mark, told_by
from adapter.outbox.prepared import Prepared
from adapter.outbox.rows import to_delivery
from adapter.outbox.tables import batches, dead, deliveries, items, notices, to_us
from adapter.outbox.weighing import count_rows, weigh

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Row

    from adapter.core.batch import Totals
    from adapter.core.turn import Launch, Turn
    from adapter.outbox.marking import Told

PENDING: Final = "pending"
DEAD: Final = "dead"

_UNHURRIED: Final = text("SET LOCAL statement_timeout = 0")
_BATCH: Final = Prepared(any=select(batches).where(batches.c.id == bindparam("of")))
_ITEMS: Final = Prepared(any=select(items).where(items.c.batch == bindparam("of")))
_STORED: Final = (
    *("id", "token", "robot", "state", "form", "alerts", "body", "digested", "deferred_until"),
    *("minimal", "oldest_received_at", "created_at", "attempts"),
)
_STORE: Final = Prepared(_STORED, any=insert(batches).inline())
_STORE_ITEM: Final = Prepared(items.columns.keys(), any=insert(items).inline())
_CLOSED: Final = ("state", "outcome", "settled_at")
_CLOSE: Final = Prepared(
    any=update(batches)
    .where(batches.c.id == bindparam("of"))
    .values({name: bindparam(f"new_{name}") for name in _CLOSED})
)


def store(connection: Connection, turn: Turn, launch: Launch, now: datetime) -> None:
    """Store a message about to be sent, and which alerts it tells."""
    until = launch.deferred_until
    row = {
        "id": launch.id,
        "token": turn.token,
        "robot": turn.robot,
        "state": Fate.FROZEN.value,  # until its outcome is known
        "form": launch.form.value,
        "alerts": launch.alerts,
        "body": launch.body,
        "digested": None if launch.digested is None else _without_counts(launch.digested),
        "deferred_until": None if until is None else to_us(until),
        "minimal": launch.minimal,
        "oldest_received_at": to_us(launch.oldest_received_at),
        "created_at": to_us(now),
        "attempts": 0,
    }
    _STORE.do(connection, **row)
    rows = _items(launch)
    if rows:
        _STORE_ITEM.run(connection, rows)


def _without_counts(summed: Totals) -> bytes:
    """Return the sums of a digest as they are kept: what it told is counted out one by one."""
    return msgspec.json.encode(msgspec.structs.replace(summed, counts=()))


def _items(launch: Launch) -> list[dict[str, object]]:
    """Return by delivery which of its alerts the message tells, or tells a newer state of.

    A notice is kept as an item of delivery minus its id, a digest by the id it reaches through.
    """
    if launch.notice_id:
        return [{"batch": launch.id, "delivery": -launch.notice_id, "told": "0", "covered": "0"}]
    if launch.through_id:
        last = launch.through_id
        return [{"batch": launch.id, "delivery": last, "told": "0", "covered": "0"}]
    told: dict[int, list[int]] = {}
    covered: dict[int, list[int]] = {}
    for entry in launch.entries:
        told.setdefault(entry.delivery_id, []).append(entry.index)
        for delivery_id, index in entry.covers:
            covered.setdefault(delivery_id, []).append(index)
    return [
        {
            "batch": launch.id,
            "delivery": delivery_id,
            "told": pack(told.get(delivery_id, ())),
            "covered": pack(covered.get(delivery_id, ())),
        }
        for delivery_id in {**told, **covered}
    ]


def _items_of(connection: Connection, batch_id: str) -> Sequence[Row[Any]]:
    return _ITEMS.rows(connection, of=batch_id)


def close(
    connection: Connection, batch_id: str, *, state: str, outcome: str, now: datetime
) -> None:
    """Note what became of a message that will not be sent again."""
    _CLOSE.do(
        connection, of=batch_id, new_state=state, new_outcome=outcome, new_settled_at=to_us(now)
    )


def keep_open(connection: Connection, batch_id: str, outcome: str) -> None:
    """Note that it is not known what became of a message."""
    values = {"attempts": batches.c.attempts + 1, "outcome": outcome}
    connection.execute(update(batches).where(batches.c.id == batch_id).values(**values))


def left_open(connection: Connection, known: Iterable[str], until: datetime) -> list[str]:
    """Return the tokens other than these that have left open a message made until then."""
    left = and_(batches.c.state == OPEN, batches.c.token.not_in(known))
    query = select(batches.c.token).where(left, batches.c.created_at <= to_us(until))
    return list(connection.execute(query).scalars())


def dissolve(connection: Connection, keys: Iterable[str], now: datetime) -> int:
    """Give up the open messages of these tokens; return how many."""
    mine = and_(batches.c.state == OPEN, batches.c.token.in_(keys))
    gone = {
        "state": Fate.DISSOLVED.value,
        "outcome": "its access token is configured no more",
        "settled_at": to_us(now),
    }
    return connection.execute(update(batches).where(mine).values(**gone)).rowcount


def mark_sent(connection: Connection, batch_id: str, now: datetime) -> int:
    """Settle all that a message told; return how many deliveries (and notices) wait no more."""
    batch = _BATCH.first(connection, of=batch_id)
    rows = _items_of(connection, batch_id)
    if batch.digested is not None:
        return _mark_digested(connection, batch, rows[0].delivery, now)
    if rows and rows[0].delivery < 0:
        done = {"state": SENT, "settled_at": to_us(now)}
        connection.execute(update(notices).where(notices.c.id == -rows[0].delivery).values(**done))
        return 1
    told = told_by(connection, rows)
    named = ((each.delivery, unpack(each.told, each.row.alerts)) for each in told)
    remember(connection, batch.robot, named, now)
    return mark(connection, told, now)


def _mark_digested(connection: Connection, batch: Row[Any], through_id: int, now: datetime) -> int:
    """Settle the deliveries that a digest counted: those that were deferred, or normal ones.

    Of the latter these may be the first only; the others follow in transactions of their own.
    """
    _take_time(connection)
    if batch.deferred_until is None:
        return digests.begin(connection, batch, through_id, now)
    remember_digested(connection, batch.robot, batch.id, now)
    done = {"state": SENT, "settled_at": to_us(now)}
    return deferring.settle(connection, batch, through_id, **done)


def _take_time(connection: Connection) -> None:
    """Let this transaction last: a digest that cannot be settled would be sent again for ever."""
    if connection.dialect.name == "postgresql":
        connection.execute(_UNHURRIED)


def _counted_by(batch: Row[Any], through_id: int) -> ColumnElement[bool]:
    """Return a condition: the deliveries that a digest tells."""
    if batch.deferred_until is not None:
        return deferring.counted_by(batch, through_id)
    return digests.waiting(batch.robot, through_id)


def mark_refused(connection: Connection, batch_id: str, reason: str, now: datetime) -> int:
    """Tell what was refused more plainly next time, then in halves; what stands alone is dead.

    Return how many deliveries wait no more.
    """
    rows = _items_of(connection, batch_id)
    batch = connection.execute(select(batches).where(batches.c.id == batch_id)).one()
    if rows and rows[0].delivery < 0:
        done = {"state": DEAD, "settled_at": to_us(now), "reason": reason}
        connection.execute(update(notices).where(notices.c.id == -rows[0].delivery).values(**done))
        return 1
    if batch.deferred_until is not None:
        _take_time(connection)
        _release(connection, batch, rows[0].delivery)
        return 0
    if batch.digested is not None:
        _take_time(connection)
        suspected = {"suspect": batch.alerts}
        counted = _counted_by(batch, rows[0].delivery)
        connection.execute(update(deliveries).where(counted).values(**suspected))
        return 0
    suspects = [BY_ID.first(connection, of=row.delivery) for row in rows]
    if batch.alerts == 1 and suspects and suspects[0].suspect:
        told = told_by(connection, rows)
        _bury(connection, told, reason, now)
        return mark(connection, told, now)
    known = any(row.suspect for row in suspects)
    beside = max(1, batch.alerts // 2) if known else batch.alerts
    for row in suspects:
        changed = update(deliveries).where(deliveries.c.id == row.id)
        connection.execute(changed.values(suspect=beside))
    return 0


def _release(connection: Connection, batch: Row[Any], through_id: int) -> None:
    """Let what a refused digest told wait like all else, under suspicion: it is told in lines."""
    for row in deferring.release(connection, batch, through_id):
        delivery = to_delivery(row.payload)
        told = unpack(row.told, row.alerts)
        left = [index for index in range(row.alerts) if index not in told]
        add(connection, count_rows(weigh(delivery, left)))
        leave_queue(connection, row.robot, {row.priority: -1})


def _bury(connection: Connection, told: Sequence[Told], reason: str, now: datetime) -> None:
    buried = [
        {
            "delivery": each.row.id,
            "alert": index,
            "robot": each.row.robot,
            "died_at": to_us(now),
            "reason": reason,
        }
        for each in told
        for index in sorted(unpack(each.told, each.row.alerts))
    ]
    if buried:
        connection.execute(insert(dead), buried)
