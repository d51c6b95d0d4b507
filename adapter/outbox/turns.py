"""Turns: who may send for a token now, what there is to send, and what it was charged.

A turn is a lease on the token (`leased_until`): a crash leaves nothing behind but a lease that
ends, and a message that is still open and goes out again with the same bytes.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec
import structlog
from sqlalchemy import and_, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from adapter.core.batch import Form, Totals
from adapter.core.delivery import Idle
from adapter.core.message import BODY_LIMIT
from adapter.core.priority import Priority
from adapter.core.quota import Quota
from adapter.core.turn import OpenBatch, StoredNotice, Turn
from adapter.outbox import deferring
from adapter.outbox.announced import known_of
from adapter.outbox.rows import to_count, to_notice, to_waiting
from adapter.outbox.tables import (
    batches,
    charges,
    deliveries,
    from_us,
    notices,
    queues,
    to_us,
    tokens,
    totals,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection, Row

    from adapter.core.batch import Waiting
    from adapter.core.quota import Rate

HEAD_ALERTS: Final = 2_000
"""Alerts that one plan looks at; the rest it knows by their sums."""

LONGEST_LEASE: Final = timedelta(minutes=10)
"""A lease that ends later was written by a clock that has been set back since."""

LONGEST_REST: Final = timedelta(days=32)
"""Likewise for a rest; the longest lasts until the month turns."""

_PAGE: Final = 200
log = structlog.get_logger(__name__)

PENDING: Final = "pending"
OPEN: Final = "open"

# SQLite has one writer and leaves FOR UPDATE out.
_TOKEN: Final = select(tokens).where(tokens.c.token == bindparam("key")).with_for_update()
_BEGIN: Final = {
    "sqlite": sqlite.insert(tokens).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(tokens).on_conflict_do_nothing(),
}
_CHARGES: Final = select(charges.c.ends_at).where(
    charges.c.token == bindparam("key"),
    charges.c.ends_at > bindparam("now"),
    charges.c.ends_at <= bindparam("latest"),
)
_OPEN_BATCH: Final = select(batches).where(
    batches.c.token == bindparam("key"), batches.c.state == OPEN
)
_NOTICE: Final = (
    select(notices)
    .where(notices.c.robot == bindparam("of"), notices.c.state == PENDING)
    .order_by(notices.c.asked, notices.c.id)
    .limit(1)
)
_LANE: Final = (
    select(deliveries)
    .where(deliveries.c.robot == bindparam("of"), deliveries.c.state == PENDING)
    .where(deliveries.c.priority == bindparam("lane"), deliveries.c.id > bindparam("after"))
    .order_by(deliveries.c.id)
    .limit(_PAGE)
)
_COUNTS: Final = select(totals).where(totals.c.robot == bindparam("of"), totals.c.alerts > 0)
_QUEUE: Final = select(queues).where(queues.c.robot == bindparam("of"))
_LAST: Final = select(func.max(deliveries.c.id)).where(
    deliveries.c.robot == bindparam("of"),
    deliveries.c.state == PENDING,
    deliveries.c.priority == int(Priority.NORMAL),
)
_OLDEST: Final = (
    select(deliveries.c.received_at)
    .where(deliveries.c.robot == bindparam("of"), deliveries.c.state == PENDING)
    .where(deliveries.c.priority == int(Priority.NORMAL))
    .order_by(deliveries.c.id)
    .limit(1)
)


def take_turn(  # noqa: PLR0913  # each is a different kind of thing, and named
    connection: Connection, *, token: str, robot: str, rate: Rate, now: datetime, until: datetime
) -> Turn | Idle:
    """Lease a token until then and return what its robot has to send, or when to ask again."""
    row = _token(connection, token)
    if to_us(now) < row.leased_until <= to_us(now + LONGEST_LEASE):
        return Idle(from_us(row.leased_until))
    open_row = connection.execute(_OPEN_BATCH, {"key": token}).first()
    if open_row is None and not _waits(connection, robot):
        due_at = deferring.next_due(connection, robot)
        if due_at is None or due_at > now:
            return Idle(due_at)
    quota = _quota(connection, row, rate, now, until)
    if quota.next_at(now) > now:
        return Idle(quota.next_at(now))
    _lease(connection, token, until)
    turn = Turn(
        token=token,
        robot=robot if open_row is None else open_row.robot,
        leased_until=until,
        quota=quota,
        room=row.room,
        throttles=row.throttles,
        failures=row.failures,
    )
    if open_row is not None:
        return _replace(turn, open=_to_open(open_row))
    return _with_work(connection, turn, now, posted=bool(row.posted))


def _with_work(connection: Connection, turn: Turn, now: datetime, *, posted: bool) -> Turn:
    """Return the turn with what is to be sent: words of the adapter itself before anything else.

    What was asked for lets alerts go first: high ones always, the others every second time.
    """
    held = deferring.held(connection, turn.robot, now, _readable, HEAD_ALERTS)
    row = connection.execute(_NOTICE, {"of": turn.robot}).first()
    notice = None if row is None else _to_stored(connection, row)
    if row is not None and notice is not None:
        passing = (Priority if posted else (Priority.HIGH,)) if row.asked else ()
        digest_passes = held is not None and Priority.NORMAL in passing
        if not digest_passes and not _has(connection, turn.robot, passing):
            return _replace(turn, notice=notice)
    head = _head(connection, turn.robot)
    return _replace(
        turn,
        notice=notice,
        head=head,
        totals=_totals(connection, turn.robot),
        held=held,
        announced=known_of(connection, turn.robot, head),
    )


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
    )


def _waits(connection: Connection, robot: str) -> bool:
    if connection.execute(_NOTICE, {"of": robot}).first() is not None:
        return True
    return _has(connection, robot, Priority)


def _has(connection: Connection, robot: str, lanes: Iterable[Priority]) -> bool:
    """Return whether a delivery waits in one of these lanes."""
    keys = ({"of": robot, "lane": int(lane), "after": 0} for lane in lanes)
    return any(connection.execute(_LANE.limit(1), key).first() is not None for key in keys)


def _quota(
    connection: Connection, row: Row[Any], rate: Rate, now: datetime, until: datetime
) -> Quota:
    """Return what a token has spent; what only a clock ahead of ours can have written is left out.

    A charge ends one `per` after its lease at the latest, and the burst is whole again within as
    many slots.
    """
    charged = {"key": row.token, "now": to_us(now), "latest": to_us(until + rate.per)}
    ends = connection.execute(_CHARGES, charged).scalars()
    steady_at = min(from_us(row.steady_at), now + rate.slot * rate.burst)
    rests_until = from_us(row.rests_until)
    return Quota(
        rate=rate,
        steady_at=steady_at,
        charges=tuple(from_us(end) for end in ends),
        rests_until=rests_until if rests_until <= now + LONGEST_REST else None,
    )


def _token(connection: Connection, token: str) -> Row[Any]:
    """Return the row of a token, locked; a new one where there is none, whoever makes it first."""
    row = connection.execute(_TOKEN, {"key": token}).first()
    if row is None:
        fresh = {
            "token": token,
            "leased_until": 0,
            "steady_at": 0,
            "rests_until": 0,
            "throttles": 0,
            "failures": 0,
            "room": BODY_LIMIT,
            "posted": 0,
        }
        connection.execute(_BEGIN[connection.dialect.name], fresh)
        row = connection.execute(_TOKEN, {"key": token}).one()
    return row


def _lease(connection: Connection, token: str, until: datetime) -> None:
    leased = update(tokens).where(tokens.c.token == token)
    connection.execute(leased.values(leased_until=to_us(until)))


def _head(connection: Connection, robot: str) -> tuple[Waiting, ...]:
    """Return the next deliveries, high before normal, of at most so many alerts in all."""
    head: list[Waiting] = []
    room = HEAD_ALERTS
    for lane in (Priority.HIGH, Priority.NORMAL):
        after = 0
        while room > 0:
            page = {"of": robot, "lane": int(lane), "after": after}
            rows = connection.execute(_LANE, page).all()
            for row in rows:
                waiting = _readable(connection, row) if room > 0 else None
                if waiting is not None:
                    head.append(waiting)
                    room -= len(waiting.left)
            if len(rows) < _PAGE:
                break
            after = rows[-1].id
    return tuple(head)


def _readable(connection: Connection, row: Row[Any]) -> Waiting | None:
    """Return a delivery; one that this program cannot read is set aside, and the rest goes on."""
    try:
        return to_waiting(row)
    except msgspec.MsgspecError:
        log.exception("a delivery cannot be read and is set aside", delivery=row.id)
        aside = update(deliveries).where(deliveries.c.id == row.id)
        connection.execute(aside.values(state="unreadable"))
        return None


def _totals(connection: Connection, robot: str) -> Totals:
    numbers = {row.priority: row.deliveries for row in connection.execute(_QUEUE, {"of": robot})}
    oldest = connection.execute(_OLDEST, {"of": robot}).scalar()
    return Totals(
        counts=tuple(to_count(row) for row in connection.execute(_COUNTS, {"of": robot})),
        deliveries=numbers.get(int(Priority.NORMAL), 0),
        high_deliveries=numbers.get(int(Priority.HIGH), 0),
        last_id=connection.execute(_LAST, {"of": robot}).scalar() or 0,
        oldest_received_at=None if oldest is None else from_us(oldest),
    )


def holds(connection: Connection, turn: Turn) -> bool:
    """Return whether the lease of a turn still is the one in force."""
    row = connection.execute(_TOKEN, {"key": turn.token}).first()
    return row is not None and row.leased_until == to_us(turn.leased_until)


def end_unsent(connection: Connection) -> None:
    """End the turns in which nothing is sent yet: what they plan by is about to change."""
    each = select(tokens.c.token).order_by(tokens.c.token).with_for_update()
    connection.execute(each).all()  # whoever launches a message now is waited for
    sending = select(batches.c.token).where(batches.c.state == OPEN)
    unsent = update(tokens).where(tokens.c.token.not_in(sending))
    connection.execute(unsent.values(leased_until=0))


def note_posted(connection: Connection, turn: Turn, *, posted: bool) -> None:
    """Note whether what a token sends tells no alert: next time alerts go first."""
    connection.execute(
        update(tokens).where(tokens.c.token == turn.token).values(posted=int(posted))
    )


def charge(connection: Connection, turn: Turn, batch_id: str, now: datetime) -> None:
    """Charge a request before it is sent, as if it took until the lease ends."""
    until = turn.leased_until + turn.quota.rate.per
    spent = turn.quota.spend(now, until)
    row = {"token": turn.token, "batch": batch_id, "ends_at": to_us(until)}
    connection.execute(insert(charges), row)
    steady_at = spent.steady_at or now
    connection.execute(
        update(tokens).where(tokens.c.token == turn.token).values(steady_at=to_us(steady_at))
    )


def end_charge(connection: Connection, turn: Turn, batch_id: str, now: datetime) -> None:
    """Let the charge of a request that has ended count for one more `per`, and forget old ones."""
    mine = and_(
        charges.c.token == turn.token,
        charges.c.batch == batch_id,
        charges.c.ends_at == to_us(turn.leased_until + turn.quota.rate.per),
    )
    connection.execute(update(charges).where(mine).values(ends_at=to_us(now + turn.quota.rate.per)))
    over = and_(charges.c.token == turn.token, charges.c.ends_at <= to_us(now))
    connection.execute(delete(charges).where(over))


def give_back(connection: Connection, turn: Turn, **values: int) -> None:
    """End the lease of a turn, and note what it taught about the token."""
    connection.execute(
        update(tokens).where(tokens.c.token == turn.token).values(leased_until=0, **values)
    )
