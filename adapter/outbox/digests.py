"""Digests: what one has told is settled a slice at a time, since whoever accepts waits meanwhile.

A digest may count a hundred thousand deliveries. That it was told is committed with the first slice
of them; until the last one nothing else is planned, settled or decided of its robot. Whoever comes
next carries on, so a crash between two slices costs nothing.

First the deliveries leave the queue. Then what is left in the normal lane is newer than the digest,
so the sums are not counted down but brought, a range of names at a time, to what that comes to.
Until then nobody reads them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import msgspec
from sqlalchemy import and_, bindparam, case, delete, insert, select, tuple_, update

from adapter.core.priority import Priority
from adapter.outbox.accepting import add, lock
from adapter.outbox.announced import remember_digested
from adapter.outbox.bits import unpack
from adapter.outbox.marking import SENT, leave_queue
from adapter.outbox.prepared import Prepared
from adapter.outbox.rows import to_delivery
from adapter.outbox.tables import deliveries, from_us, to_us, totals, unsettled
from adapter.outbox.weighing import Weight, count_rows, weigh

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Row


PENDING: Final = "pending"

SLICE: Final = 1_000
"""Deliveries, or sums, that one transaction settles at most."""

SLICE_ALERTS: Final = 2_000
"""Alerts that the deliveries of a slice hold about: whatever a delivery holds is written again."""

NEWER: Final = 500
"""Deliveries newer than the digest that one transaction reads at most, to sum them up."""

NEWER_ALERTS: Final = 10_000
"""Alerts that it reads about; how many deliveries have so many, those before it tell."""

_FEW: Final = 10
"""Deliveries that tell how many alerts the next ones hold."""

UNFINISHED: Final = select(unsettled.c.robot).distinct()
"""A query: the robots of which a digest is not settled wholly."""

_NORMAL: Final = int(Priority.NORMAL)
_ANY: Final = Prepared(
    any=select(unsettled.c.batch).where(unsettled.c.robot == bindparam("of")).limit(1)
)
_FIRST: Final = (
    select(unsettled)
    .where(unsettled.c.robot == bindparam("of"))
    .order_by(unsettled.c.settled_at, unsettled.c.batch)
    .limit(1)
)
_WHOLE: Final = and_(deliveries.c.told.is_(None), deliveries.c.weights.is_not(None))
_READ: Final = (
    *(deliveries.c.id, deliveries.c.alerts, deliveries.c.told, deliveries.c.weights),
    case((_WHOLE, None), else_=deliveries.c.payload).label("payload"),
)
_decode_weights: Final = msgspec.json.Decoder(list[Weight]).decode
_Read = Any  # a row of that
_NAME: Final = (totals.c.template, totals.c.name, totals.c.severity, totals.c.status)
_SUMMED: Final = and_(totals.c.robot == bindparam("of"), totals.c.priority == _NORMAL)

_Name = tuple[str, str, str, str]
"""What tells the sums of a robot's normal lane apart: template, alert name, severity, status."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Remember how far the sums are settled after a digest; what is forgotten is done again.

    `newer` are the sums of what came after it, up to the delivery `seen`, which may be `all_seen`;
    the next `page` of deliveries is looked at next. `name` is the last that was brought to them.
    """

    batch: str
    seen: int
    newer: Mapping[_Name, dict[str, object]] = field(default_factory=dict)
    name: _Name = ("", "", "", "")
    page: int = _FEW
    all_seen: bool = False


def waiting(robot: str, through_id: int) -> ColumnElement[bool]:
    """Return a condition: the normal deliveries that wait at a robot, up to there."""
    return and_(_waiting(robot), deliveries.c.id <= through_id)


def _waiting(robot: str) -> ColumnElement[bool]:
    return and_(
        deliveries.c.robot == robot,
        deliveries.c.state == PENDING,
        deliveries.c.priority == _NORMAL,
    )


def begin(connection: Connection, batch: Row[Any], through_id: int, now: datetime) -> int:
    """Note that a digest was told and settle what a slice holds; return how many wait no more."""
    row = {
        "batch": batch.id,
        "robot": batch.robot,
        "through_id": through_id,
        "settled_at": to_us(now),
    }
    connection.execute(insert(unsettled), row)
    number, _ = go_on(connection, batch.robot)
    more, _ = go_on(connection, batch.robot) if number < SLICE else (0, None)
    return number + more


def unfinished(connection: Connection, robot: str) -> bool:
    """Return whether something of a digest that a robot has told is not settled yet."""
    return bool(_ANY.find(connection, of=robot))


def go_on(
    connection: Connection, robot: str, progress: Progress | None = None
) -> tuple[int, Progress | None]:
    """Settle a slice of what a robot's digest has told.

    Return how many deliveries wait no more, and how far that has come once it is committed.
    """
    lock(connection, [robot])
    digest = connection.execute(_FIRST, {"of": robot}).first()
    if digest is None:
        return 0, None
    if number := _leave(connection, digest):
        return number, None
    if progress is None or progress.batch != digest.batch:
        progress = Progress(digest.batch, digest.through_id)
    progress = _look_at_newer(connection, robot, progress)
    return _sum_up(connection, digest, progress) if progress.all_seen else (0, progress)


def _leave(connection: Connection, digest: Row[Any]) -> int:
    """Let a slice of the deliveries leave the queue; return how many."""
    told = waiting(digest.robot, digest.through_id)
    some = select(deliveries.c.id, deliveries.c.alerts).where(told).order_by(deliveries.c.id)
    few = connection.execute(some.limit(_FEW)).all()
    most = min(SLICE, _as_many(SLICE_ALERTS, few))
    numbers = connection.execute(some.limit(most)).scalars().all()
    if numbers:
        these = waiting(digest.robot, numbers[-1])
        done = {"state": SENT, "settled_at": digest.settled_at}
        connection.execute(update(deliveries).where(these).values(**done))
        leave_queue(connection, digest.robot, {_NORMAL: len(numbers)})
    return len(numbers)


def _look_at_newer(connection: Connection, robot: str, progress: Progress) -> Progress:
    """Return the progress with the sums of what has come since; not all of it, if that is much."""
    newer = and_(_waiting(robot), deliveries.c.id > progress.seen)
    most = min(progress.page, NEWER)
    rows = connection.execute(
        select(*_READ).where(newer).order_by(deliveries.c.id).limit(most)
    ).all()
    sums = dict(progress.newer)
    for row in count_rows(_left(rows)):
        name = _name_of(row)
        known = sums.get(name)
        sums[name] = row if known is None else {**row, **_united(known, row)}
    seen = rows[-1].id if rows else progress.seen
    page = _as_many(NEWER_ALERTS, rows)
    return replace(progress, seen=seen, newer=sums, page=page, all_seen=len(rows) < most)


def _as_many(alerts: int, rows: Sequence[_Read]) -> int:
    """Return how many deliveries such as these hold so many alerts: at least one."""
    held: int = sum(row.alerts for row in rows)
    return max(1, alerts * len(rows) // max(held, 1))


def _left(rows: Iterable[_Read]) -> Iterator[Weight]:
    """Yield what the alerts weigh that wait; of a delivery that waits as it came, that is known."""
    for row in rows:
        if row.payload is None:
            yield from _decode_weights(row.weights)
            continue
        try:
            delivery = to_delivery(row.payload)
        except msgspec.MsgspecError:  # of another version: it will not be planned either
            continue
        told = unpack(row.told, row.alerts)
        yield from weigh(delivery, [index for index in range(row.alerts) if index not in told])


def _name_of(row: Mapping[str, Any]) -> _Name:
    return row["template"], row["name"], row["severity"], row["status"]


def _united(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, object]:
    return {name: first[name] + second[name] for name in ("alerts", "full_bytes", "line_bytes")}


def _sum_up(
    connection: Connection, digest: Row[Any], progress: Progress
) -> tuple[int, Progress | None]:
    """Bring a range of the sums to what is newer than the digest."""
    at = tuple_(*_NAME)
    beyond = and_(_SUMMED, at > tuple_(*progress.name))
    page = select(*_NAME).where(beyond).order_by(*_NAME).limit(SLICE)
    names: list[_Name] = [tuple(row) for row in connection.execute(page, {"of": digest.robot})]
    if names:
        these = delete(totals).where(beyond, at <= tuple_(*names[-1]))
        connection.execute(these, {"of": digest.robot})
        add(connection, [progress.newer[name] for name in names if name in progress.newer])
    if len(names) < SLICE:
        _finish(connection, digest)
        return 0, None
    return 0, replace(progress, name=names[-1])


def _finish(connection: Connection, digest: Row[Any]) -> None:
    settled_at = from_us(digest.settled_at)
    remember_digested(connection, digest.robot, digest.batch, settled_at)
    connection.execute(delete(unsettled).where(unsettled.c.batch == digest.batch))
