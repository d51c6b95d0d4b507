"""Posts: messages that somebody asked for, and words of the adapter itself, until they are sent.

Both lie in `notices`, named `mID` where a person meets them. A post is known by its robot and its
`msgUuid`: asked for again it is still one, as long as it is remembered.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec
from sqlalchemy import and_, func, insert, select, update

from adapter.outbox.accepting import lock
from adapter.outbox.ledger import OPEN, end_unsent
from adapter.outbox.letters import DISCARDED, Changed
from adapter.outbox.messages import DEAD, PENDING
from adapter.outbox.rows import asked_row
from adapter.outbox.tables import batches, items, notices, to_us

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from adapter.core.delivery import Post

_NAME: Final = re.compile(r"m([0-9]{1,18})")

WAITING: Final = (
    select(
        notices.c.robot,
        func.count().label("number"),
        func.min(notices.c.received_at).label("oldest"),
    )
    .where(notices.c.state == PENDING)
    .group_by(notices.c.robot)
)
"""How many wait at each robot, and since when."""


class Posted(msgspec.Struct, frozen=True):
    """Say how a message is known, and whether it had been asked for before."""

    id: str
    duplicate: bool


def name_of(notice_id: int) -> str:
    """Return how a person calls it."""
    return f"m{notice_id}"


def id_of(name: str) -> int | None:
    """Return the number in `mID`; None if the name is another kind of name."""
    found = _NAME.fullmatch(name)
    return None if found is None else int(found[1])


def put(connection: Connection, post: Post, now: datetime) -> Posted:
    """Store a message to be sent, unless it is stored already."""
    lock(connection, [post.robot])
    same = and_(notices.c.robot == post.robot, notices.c.uuid == post.msg_uuid)
    known = connection.execute(select(notices.c.id).where(same)).scalar()
    if known is not None:
        return Posted(name_of(known), duplicate=True)
    stored = connection.execute(insert(notices).values(asked_row(post, now)))
    key = stored.inserted_primary_key
    return Posted(name_of(key[0] if key else 0), duplicate=False)


def retry(connection: Connection, names: Sequence[str]) -> Changed:
    """Let messages that DingTalk refused wait again."""
    waits = {"state": PENDING, "settled_at": None, "reason": None}
    return _change(connection, names, (DEAD,), "is not dead; see `outbox list`", waits)


def discard(connection: Connection, names: Sequence[str], now: datetime) -> Changed:
    """Give up messages that wait or are dead."""
    ended = {"state": DISCARDED, "settled_at": to_us(now)}
    misfit = "neither waits nor is dead; see `outbox list`"
    return _change(connection, names, (PENDING, DEAD), misfit, ended)


def _change(
    connection: Connection,
    names: Sequence[str],
    states: Sequence[str],
    misfit: str,
    values: Mapping[str, object],
) -> Changed:
    changed = Changed()
    if names:
        end_unsent(connection)
    for name in names:
        row = connection.execute(select(notices).where(notices.c.id == id_of(name))).first()
        problem = _problem(connection, row, states, misfit)
        if row is None or problem:
            changed += Changed(problems=(f"{name}: {problem}",))
        else:
            connection.execute(update(notices).where(notices.c.id == row.id).values(**values))
            changed += Changed(done=(name,), robots=(str(row.robot),))
    return changed


def _problem(
    connection: Connection, row: Row[Any] | None, states: Sequence[str], misfit: str
) -> str:
    if row is None:
        return "is no message that is kept; see `outbox list`"
    if row.state not in states:
        return misfit
    held = (
        select(func.count())
        .select_from(items.join(batches, batches.c.id == items.c.batch))
        .where(items.c.delivery == -row.id, batches.c.state == OPEN)
    )
    if connection.execute(held).scalar():
        return "may have arrived; try again once that is settled"
    return ""
