"""Turns: who may send for a token now, what there is to send, and what it was charged.

A turn is a lease on the token (`leased_until`): a crash leaves nothing behind but a lease that
ends, and a message that is still open and goes out again with the same bytes.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec
import structlog
from sqlalchemy import bindparam, select, update

from adapter.core.batch import Form
from adapter.core.delivery import Idle
from adapter.core.illness import GONE
from adapter.core.priority import Priority
from adapter.core.turn import OpenBatch, Refusal, StoredNotice, Turn
from adapter.outbox import deferring
from adapter.outbox.announced import known_of
from adapter.outbox.heads import HEAD_ALERTS, PENDING, head_of, readable
from adapter.outbox.ledger import (
    OPEN,
    end_leases,
    is_leased,
    lease,
    lock_tokens,
    quota_of,
    rests_until,
)
from adapter.outbox.months import is_paced
from adapter.outbox.overlap import overlap_with
from adapter.outbox.prepared import Prepared
from adapter.outbox.rows import to_notice
from adapter.outbox.summing import totals_of
from adapter.outbox.tables import batches, deliveries, from_us, notices

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from adapter.core.monthly import Allowance
    from adapter.core.quota import Rate
    from adapter.core.turn import Relief
    from adapter.outbox.overlap import Overlap

PLANNING: Final = timedelta(milliseconds=100)
"""How long a token waits for another one of its queue to store the message it plans."""

log = structlog.get_logger(__name__)

_OPEN_BATCH: Final = Prepared(
    any=select(batches).where(batches.c.token == bindparam("key"), batches.c.state == OPEN)
)
_SENDING: Final = select(batches.c.token).where(
    batches.c.token.in_(bindparam("keys", expanding=True)), batches.c.state == OPEN
)
_NOTICE: Final = Prepared(
    any=select(notices)
    .where(notices.c.robot == bindparam("of"), notices.c.state == PENDING)
    .order_by(notices.c.asked, notices.c.id)
    .limit(1)
)
_WAITS: Final = Prepared(
    any=select(deliveries.c.id)
    .where(deliveries.c.robot == bindparam("of"), deliveries.c.state == PENDING)
    .where(deliveries.c.priority == bindparam("lane"))
    .limit(1)
)


def take_turn(  # noqa: PLR0911, PLR0913  # reasons to wait; and what is different, and named
    connection: Connection,
    *,
    token: str,
    robot: str,
    rate: Rate,
    now: datetime,
    until: datetime,
    peers: Sequence[str] = (),
    others: Sequence[str] = (),
    relief: Relief | None = None,
    allowance: Allowance | None = None,
) -> Turn | Idle:
    """Lease a token until then and return what its robot has to send, or when to ask again.

    `peers` and `others` send from this robot's queue too; with the peers the token shares the load.
    With `relief` it is another robot's, and sends only while all of the robot's own are ill.
    `allowance` is what the month allows the token's robot.
    """
    others = (*peers, *others)
    rows = lock_tokens(connection, [token, *others])
    row = rows[token]
    if is_leased(row, now):
        return Idle(from_us(row.leased_until))
    relieved_at = None if relief is None else _relieved_at(relief, rows, now)
    if relief is not None and relieved_at != now:
        return Idle(relieved_at)
    open_row = _OPEN_BATCH.first(connection, key=token)
    if open_row is None:
        if _planning(connection, [rows[each] for each in others], now):
            return Idle(now + PLANNING)
        due_at = (
            now if _anything_waits(connection, robot) else deferring.next_due(connection, robot)
        )
        if due_at is None or due_at > now:
            return Idle(due_at)
    quota = quota_of(connection, row, rate, now, until)
    if quota.next_at(now) > now:
        return Idle(quota.next_at(now), rests=True)
    lease(connection, token, until)
    turn = Turn(
        token=token,
        robot=robot if open_row is None else open_row.robot,
        leased_until=until,
        quota=quota,
        room=row.room,
        throttles=row.throttles,
        failures=row.failures,
        ill=row.ill,
        refusal=Refusal(row.refused, from_us(row.refused_at)) if row.refused else None,
        plain_until=from_us(row.plain_until) if row.plain_until else None,
        allowance=allowance,
        paced=is_paced(connection, allowance, now),
        senders=1 + sum(not rows[peer].ill for peer in peers),
        stands_in_for=_suffering(relief, rows),
    )
    if open_row is not None:
        return _replace(turn, open=_to_open(open_row))
    overlap = overlap_with(connection, robot, token)
    return _with_work(connection, turn, now, overlap, posted=bool(row.posted))


def _suffering(relief: Relief | None, rows: Mapping[str, Row[Any]]) -> str:
    """Return why another robot's token sends; empty where the queue's own does."""
    if relief is None:
        return ""
    return str(rows[relief.tokens[0]].ill) if relief.tokens else GONE


def _relieved_at(relief: Relief, rows: Mapping[str, Row[Any]], now: datetime) -> datetime | None:
    """Return when tokens that are all ill must be stood in for; None if that depends on them.

    One that no longer rests is tried itself first.
    """
    if not relief.tokens:
        return now
    ill = [rows[token] for token in relief.tokens]
    since = max(min(from_us(row.ill_since), now) for row in ill) + relief.after
    rest_ends = [rests_until(row, now) or now for row in ill]
    if not all(row.ill for row in ill) or min(rest_ends) <= max(since, now):
        return None
    return max(since, now)


def _planning(connection: Connection, others: Sequence[Row[Any]], now: datetime) -> bool:
    """Return whether another token of the queue has a lease and has not stored a message yet.

    One whose lease is over loses it, lest it store a message of what is planned here.
    """
    if not others:
        return False
    keys = [row.token for row in others]
    sending = set(connection.execute(_SENDING, {"keys": keys}).scalars())
    unsent = [row for row in others if row.leased_until and row.token not in sending]
    end_leases(connection, [row.token for row in unsent if not is_leased(row, now)])
    return any(is_leased(row, now) for row in unsent)


def _with_work(
    connection: Connection, turn: Turn, now: datetime, overlap: Overlap, *, posted: bool
) -> Turn:
    """Return the turn with what is to be sent: high alerts, words of the adapter itself, the rest.

    What was asked for lets the rest go first as well, every second time. It is the robot's own to
    send, and waits for it.
    """
    held = None
    if not overlap.anything:
        held = deferring.held(connection, turn.robot, now, readable, HEAD_ALERTS)
    row = None if overlap.notices else _NOTICE.first(connection, of=turn.robot)
    if row is not None and row.asked and turn.stands_in_for:
        row = None
    notice = None if row is None else _to_stored(connection, row)
    if row is not None and notice is not None:
        passing = _passing(row, turn, now, posted=posted)
        digest_passes = held is not None and Priority.NORMAL in passing
        if not digest_passes and not waits(connection, turn.robot, passing):
            return _replace(turn, notice=notice)
    head = overlap.free(head_of(connection, turn.robot, overlap))
    return _replace(
        turn,
        notice=notice,
        head=head,
        totals=totals_of(connection, turn.robot),
        held=held,
        announced=known_of(connection, turn.robot, head),
        digests=not overlap.anything,
    )


def _passing(row: Row[Any], turn: Turn, now: datetime, *, posted: bool) -> Iterable[Priority]:
    """Return which alerts go before a notice: high ones, unless it has waited for them long."""
    if row.asked:
        return Priority if posted else (Priority.HIGH,)
    waited = now - from_us(row.received_at)
    return () if waited > turn.quota.rate.per and not posted else (Priority.HIGH,)


def _to_stored(connection: Connection, row: Row[Any]) -> StoredNotice | None:
    """Return a notice; one that this program cannot read is set aside, and the rest goes on."""
    try:
        notice = to_notice(row.payload)
    except msgspec.MsgspecError:
        log.exception("a message cannot be read and is set aside", notice=row.id)
        aside = update(notices).where(notices.c.id == row.id)
        connection.execute(aside.values(state="unreadable"))
        return None
    return StoredNotice(id=row.id, notice=notice, received_at=from_us(row.received_at))


def _replace(turn: Turn, **changes: Any) -> Turn:  # noqa: ANN401  # the fields of Turn
    fields = {name: getattr(turn, name) for name in Turn.__struct_fields__}
    return Turn(**{**fields, **changes})


def _to_open(row: Row[Any]) -> OpenBatch:
    return OpenBatch(
        id=row.id,
        body=row.body,
        form=Form(row.form),
        alerts=row.alerts,
        attempts=row.attempts,
        oldest_received_at=from_us(row.oldest_received_at),
        minimal=bool(row.minimal),
    )


def _anything_waits(connection: Connection, robot: str) -> bool:
    if _NOTICE.first(connection, of=robot) is not None:
        return True
    return waits(connection, robot, Priority)


def waits(connection: Connection, robot: str, lanes: Iterable[Priority]) -> bool:
    """Return whether a delivery waits in one of these lanes."""
    return any(_WAITS.find(connection, of=robot, lane=int(lane)) for lane in lanes)
