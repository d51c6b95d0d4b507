"""Stranding: what no robot can take goes to the last resort, each delivery once, high first.

It waits on for its robots all the same. The last resort has a row among the tokens: a lease, so
that one replica sends at a time, and a rest after a failure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
from sqlalchemy import exists, func, insert, select, update

from adapter.core.delivery import Idle
from adapter.core.priority import Priority
from adapter.core.stranded import Strand, Stranded
from adapter.outbox import deferring
from adapter.outbox.bits import pack
from adapter.outbox.ledger import is_leased, lease, lock_tokens, rests_until
from adapter.outbox.messages import PENDING
from adapter.outbox.rows import to_waiting
from adapter.outbox.tables import deliveries, from_us, stranded, to_us, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import Connection, Row

KEY: Final = "last resort"

_UNTOLD: Final = (
    select(deliveries).where(~exists().where(stranded.c.delivery == deliveries.c.id)).limit(1)
)


def take(
    connection: Connection, strands: Iterable[Strand], *, now: datetime, until: datetime
) -> Stranded | Idle:
    """Lease the last resort and return a delivery for it, or when to ask again."""
    row = lock_tokens(connection, [KEY])[KEY]
    if is_leased(row, now):
        return Idle(from_us(row.leased_until))
    rests = rests_until(row, now)
    if rests is not None and rests > now:
        return Idle(rests)
    for strand in strands:
        found = _next(connection, strand, now) if _is_stuck(connection, strand, now) else None
        if found is not None:
            lease(connection, KEY, until)
            waiting = to_waiting(found)
            return Stranded(
                id=waiting.id,
                delivery=waiting.delivery,
                left=waiting.left,
                leased_until=until,
                failures=row.failures,
            )
    return Idle(None)


def settle(
    connection: Connection, told: Stranded, *, rests: datetime | None, now: datetime
) -> bool:
    """Note that a delivery was taken, or until when to rest; return whether the lease held."""
    row = lock_tokens(connection, [KEY])[KEY]
    if row.leased_until != to_us(told.leased_until):
        return False
    values = {
        "leased_until": 0,
        "rests_until": 0 if rests is None else to_us(rests),
        "failures": 0 if rests is None else told.failures + 1,
    }
    connection.execute(update(tokens).where(tokens.c.token == KEY).values(**values))
    if rests is None:
        note = {
            "delivery": told.id,
            "robot": told.delivery.robot,
            "priority": int(told.delivery.priority),
            "told": pack(told.left),
            "sent_at": to_us(now),
        }
        connection.execute(insert(stranded), note)
    return True


def _is_stuck(connection: Connection, strand: Strand, now: datetime) -> bool:
    keys = {*strand.tokens, *strand.relief}
    query = select(tokens).where(tokens.c.token.in_(keys), tokens.c.ill != "")
    ill = {row.token: from_us(row.ill_since) for row in connection.execute(query)}
    if len(ill) < len(keys):
        return False
    return all(ill[token] + strand.after <= now for token in strand.tokens)


def _next(connection: Connection, strand: Strand, now: datetime) -> Row[Any] | None:
    """Return the first delivery that was not sent there yet: what was deferred and is due last."""
    waited = to_us(now - strand.after)
    for lane in (Priority.HIGH, Priority.NORMAL):
        mine = (stranded.c.robot == strand.robot, stranded.c.priority == int(lane))
        last = connection.execute(select(func.max(stranded.c.delivery)).where(*mine)).scalar() or 0
        query = (
            _UNTOLD.where(deliveries.c.robot == strand.robot, deliveries.c.state == PENDING)
            .where(deliveries.c.priority == int(lane), deliveries.c.id > last)
            .where(deliveries.c.received_at <= waited)
            .order_by(deliveries.c.id)
        )
        found = connection.execute(query).first()
        if found is not None and _is_readable(found):
            return found
    # All that waits and is older was sent above: these push no mark past what was not.
    due = deferring.due_by(strand.robot, from_us(waited))
    found = connection.execute(_UNTOLD.where(due).order_by(deliveries.c.id)).first()
    return found if found is not None and _is_readable(found) else None


def _is_readable(row: Row[Any]) -> bool:
    try:
        return bool(to_waiting(row).left)
    except msgspec.MsgspecError:
        return False  # of another version; the turns of its robot set it aside
