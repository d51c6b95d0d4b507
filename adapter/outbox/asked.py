"""Asked: what became of the messages that tell no alert, for a person to read."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import or_, select

from adapter.core.delivery import Post
from adapter.core.life import Message
from adapter.core.message import headline
from adapter.outbox.lives import MESSAGE_COLUMNS, to_message
from adapter.outbox.messages import DEAD, PENDING
from adapter.outbox.posts import id_of, name_of
from adapter.outbox.rows import to_notice
from adapter.outbox.tables import batches, from_us, items, notices

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Describe a message that somebody asked for, or a word of the adapter itself.

    `messages` are the requests that it became, in order; more than one if it was tried again.
    """

    id: str
    robot: str
    msgtype: str
    title: str
    msg_uuid: str
    received_at: datetime
    state: str
    settled_at: datetime | None
    reason: str
    messages: tuple[Message, ...] = ()


def unsent(connection: Connection, limit: int) -> tuple[Asked, ...]:
    """Return what waits, the oldest first, then what is dead."""
    waits = notices.c.state == PENDING
    query = select(notices).where(or_(waits, notices.c.state == DEAD))
    rows = connection.execute(query.order_by(notices.c.state.desc(), notices.c.id).limit(limit))
    return tuple(_asked(row) for row in rows)


def asked_by(connection: Connection, name: str) -> tuple[Asked, ...]:
    """Return what `mID` or a `msgUuid` names; robots may have the latter in common."""
    number = id_of(name)
    named = notices.c.uuid == name
    query = select(notices).where(named if number is None else or_(notices.c.id == number, named))
    rows = connection.execute(query.order_by(notices.c.id)).all()
    return tuple(_asked(row, _messages(connection, row.id)) for row in rows)


def _messages(connection: Connection, notice_id: int) -> tuple[Message, ...]:
    query = (
        select(*MESSAGE_COLUMNS)
        .join(items, items.c.batch == batches.c.id)
        .where(items.c.delivery == -notice_id)
        .order_by(batches.c.created_at, batches.c.id)
    )
    return tuple(to_message(row) for row in connection.execute(query))


def _asked(row: Row[Any], messages: tuple[Message, ...] = ()) -> Asked:
    msgtype, title = _words(row.payload)
    return Asked(
        id=name_of(row.id),
        robot=row.robot,
        msgtype=msgtype,
        title=title,
        msg_uuid=row.uuid or "",
        received_at=from_us(row.received_at),
        state=row.state,
        settled_at=None if row.settled_at is None else from_us(row.settled_at),
        reason=row.reason or "",
        messages=messages,
    )


def _words(payload: bytes) -> tuple[str, str]:
    """Return type and title of a stored message; nothing of one that cannot be read."""
    try:
        notice = to_notice(payload)
    except msgspec.MsgspecError:
        return "", ""
    if isinstance(notice, Post):
        return str(notice.message.__struct_config__.tag), headline(notice.message)
    return "markdown", notice.title
