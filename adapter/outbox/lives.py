"""Lives: what became of each alert of a delivery, and in which messages.

A message tells an alert in words (`told`), as an older state that a newer one replaced (`covered`),
or in the numbers of a digest (`counted`). An alert is named `DELIVERY.INDEX`.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, or_, select

from adapter.core.life import Life, Message
from adapter.core.priority import Priority
from adapter.outbox.acts import acts_of
from adapter.outbox.bits import unpack
from adapter.outbox.deferring import DEFERRED
from adapter.outbox.ledger import OPEN
from adapter.outbox.letters import DISCARDED
from adapter.outbox.marking import SENT, SUPERSEDED
from adapter.outbox.messages import DEAD, PENDING
from adapter.outbox.rows import to_delivery
from adapter.outbox.tables import batches, dead, deferred, discarded, from_us, items, stranded

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection, Row, Table

TOLD: Final = "told"
COVERED: Final = "covered"
COUNTED: Final = "counted"

MESSAGE_COLUMNS: Final = tuple(column for column in batches.c if column.name != "body")


def lives_of(connection: Connection, row: Row[Any], indexes: Iterable[int]) -> list[Life]:
    """Return what became of these alerts of a delivery."""
    delivery = to_delivery(row.payload)
    ends = {
        **_ends(connection, dead, DEAD, row.id),
        **_ends(connection, discarded, DISCARDED, row.id),
        **_replaced(connection, row),
    }
    held = _held(connection, row.id)
    last_resort = _last_resort(connection, row)
    digests = _digests(connection, row)
    acts = acts_of(connection, row.id)
    untold = frozenset(range(row.alerts)) - unpack(row.told, row.alerts)
    lives = []
    for index in indexes:
        alert = delivery.group.alerts[index]
        messages = _messages(held, row.alerts, index)
        if index in untold:
            messages = [*messages, *digests]
        state, ended_at, reason = ends.get(index) or _state(
            messages, row, waits=row.state in {PENDING, DEFERRED} and index in untold
        )
        life = Life(
            id=f"{row.id}.{index}",
            robot=row.robot,
            priority=Priority(row.priority).name.lower(),
            received_at=from_us(row.received_at),
            deferred_until=deferred_until(row),
            receiver=delivery.group.receiver,
            group_key=delivery.group.group_key,
            source=delivery.group.source,
            name=alert.name,
            fingerprint=alert.fingerprint,
            status=alert.status.value,
            labels=alert.labels,
            state=state,
            ended_at=ended_at,
            reason=reason,
            messages=tuple(sorted(messages, key=lambda message: message.created_at)),
            last_resort_at=last_resort.get(index),
            acts=tuple(act for act in acts if act.fingerprint in {"", alert.fingerprint}),
        )
        lives.append(life)
    return lives


def _last_resort(connection: Connection, row: Row[Any]) -> dict[int, datetime]:
    """Return which alerts of a delivery the last resort was told of, and when."""
    found = connection.execute(select(stranded).where(stranded.c.delivery == row.id)).first()
    if found is None:
        return {}
    return dict.fromkeys(unpack(found.told, row.alerts), from_us(found.sent_at))


_End = tuple[str, datetime | None, str]


def _ends(connection: Connection, table: Table, state: str, delivery_id: int) -> dict[int, _End]:
    """Return the alerts of a delivery that came to such an end, when, and why."""
    ended_at = table.c.died_at if state == DEAD else table.c.discarded_at
    query = select(table.c.alert, ended_at.label("ended_at"), table.c.reason)
    rows = connection.execute(query.where(table.c.delivery == delivery_id)).all()
    return {row.alert: (state, from_us(row.ended_at), row.reason) for row in rows}


def deferred_until(row: Row[Any]) -> datetime | None:
    """Return until when a delivery is, or was, held back."""
    return None if row.deferred_until is None else from_us(row.deferred_until)


def _replaced(connection: Connection, row: Row[Any]) -> dict[int, _End]:
    """Return the alerts of a delivery that a newer state replaced while they were held back."""
    query = select(deferred.c.alert, deferred.c.superseded_by)
    mine = query.where(deferred.c.delivery == row.id, deferred.c.superseded_by.is_not(None))
    return {
        each.alert: (SUPERSEDED, None, f"by a newer state, {each.superseded_by}")
        for each in connection.execute(mine)
    }


def _held(connection: Connection, delivery_id: int) -> list[Row[Any]]:
    """Return the messages that tell alerts of a delivery in words, and which."""
    query = (
        select(*MESSAGE_COLUMNS, items.c.told, items.c.covered)
        .join(items, items.c.batch == batches.c.id)
        .where(items.c.delivery == delivery_id, batches.c.digested.is_(None))
    )
    return list(connection.execute(query))


def _messages(held: Sequence[Row[Any]], count: int, index: int) -> list[Message]:
    found = []
    for row in held:
        if index in unpack(row.told, count):
            found.append(to_message(row, TOLD))
        elif index in unpack(row.covered, count):
            found.append(to_message(row, COVERED))
    return found


def _digests(connection: Connection, row: Row[Any]) -> list[Message]:
    """Return the digest that settled a delivery, or that may yet."""
    if row.priority != int(Priority.NORMAL):
        return []
    settled = and_(batches.c.state == SENT, batches.c.settled_at == row.settled_at)
    held = batches.c.deferred_until.is_not(None) == (row.state == DEFERRED)
    query = (
        select(*MESSAGE_COLUMNS)
        .join(items, items.c.batch == batches.c.id)
        .where(batches.c.robot == row.robot, batches.c.digested.is_not(None))
        .where(items.c.delivery >= row.id, or_(settled, and_(batches.c.state == OPEN, held)))
        .where(batches.c.created_at >= row.received_at)
    )
    return [to_message(each, COUNTED) for each in connection.execute(query)]


def _state(messages: Iterable[Message], row: Row[Any], *, waits: bool) -> _End:
    """Return how an alert fares that is neither dead nor discarded."""
    if waits:
        return row.state, None, ""
    sent = [message for message in messages if message.state == SENT]
    if not sent:  # its message is forgotten by now
        settled_at = None if row.settled_at is None else from_us(row.settled_at)
        return (SENT if row.state == PENDING else row.state), settled_at, ""
    last = max(sent, key=lambda message: message.created_at)
    return (SUPERSEDED if last.how == COVERED else SENT), last.settled_at, ""


def to_message(row: Row[Any], how: str = "") -> Message:
    """Return a row of the messages as a person sees it."""
    return Message(
        id=row.id,
        robot=row.robot,
        form=row.form,
        alerts=row.alerts,
        state=row.state,
        created_at=from_us(row.created_at),
        settled_at=None if row.settled_at is None else from_us(row.settled_at),
        attempts=row.attempts,
        outcome=row.outcome or "",
        how=how,
    )


def newest_messages(connection: Connection, limit: int) -> tuple[Message, ...]:
    """Return the newest messages, the newest first."""
    query = select(*MESSAGE_COLUMNS).order_by(batches.c.created_at.desc(), batches.c.id)
    return tuple(to_message(row) for row in connection.execute(query.limit(limit)))
