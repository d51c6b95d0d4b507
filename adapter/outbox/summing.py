"""Summing: what waits at a robot as the planner knows it, without looking at each delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, delete, func, select, text, update

from adapter.core.alerts import Status
from adapter.core.batch import Count, Totals
from adapter.core.priority import Priority
from adapter.outbox.prepared import Prepared
from adapter.outbox.tables import deliveries, from_us, queues, totals

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

_PENDING: Final = "pending"
SUMMED: Final = tuple(name for name in Count.__struct_fields__ if name in totals.columns)
"""The columns of the sums, in the order in which `to_counts` reads them."""

_PRIORITIES: Final[dict[int, Priority]] = {int(each): each for each in Priority}
_STATUSES: Final[dict[str, Status]] = {each.value: each for each in Status}

_QUEUE: Final = Prepared(
    any=select(queues.c.priority, queues.c.deliveries).where(queues.c.robot == bindparam("of"))
)
WAITING: Final = (totals.c.robot == bindparam("of"), totals.c.alerts > 0)
"""A condition: the sums of what waits at a robot."""

COUNTED: Final = 2_000
"""Sums that are read while whoever accepts waits."""

LATER: Final = Totals()
"""Stands for sums that are too many for that: `outlining.py` reads them beside the writer."""

_LAST: Final = select(func.max(deliveries.c.id)).where(
    deliveries.c.robot == bindparam("of"),
    deliveries.c.state == _PENDING,
    deliveries.c.priority == int(Priority.NORMAL),
)
# One statement: on PostgreSQL a delivery may come between two, and a digest would settle it untold.
_COUNTS: Final = Prepared(
    any=select(*[totals.c[name] for name in SUMMED], _LAST.scalar_subquery().label("last_id"))
    .where(*WAITING)
    .limit(COUNTED + 1)
)
_OLDEST: Final = Prepared(
    any=select(deliveries.c.received_at)
    .where(deliveries.c.robot == bindparam("of"), deliveries.c.state == _PENDING)
    .where(deliveries.c.priority == int(Priority.NORMAL))
    .order_by(deliveries.c.id)
    .limit(1)
)
_KEY: Final = tuple(column.name for column in totals.primary_key.columns)
_MINE: Final = [totals.c[name] == bindparam(f"of_{name}") for name in _KEY]
_NUMBERS: Final = ("alerts", "full_bytes", "line_bytes")
_CHANGE: Final = Prepared(
    any=update(totals)
    .where(*_MINE)
    .values({name: totals.c[name] + bindparam(f"new_{name}") for name in _NUMBERS})
)
_DROP: Final = Prepared(any=delete(totals).where(*_MINE, text("alerts <= 0")))


def take(connection: Connection, rows: Sequence[dict[str, object]]) -> None:
    """Take what waits no more out of the sums: `rows` are changes below zero, each of its key.

    What has come down to nothing is removed by its key: there may be a hundred thousand others.
    """
    mine = [{f"of_{name}": row[name] for name in _KEY} for row in rows]
    changes = [
        {**key, **{f"new_{name}": row[name] for name in _NUMBERS}}
        for key, row in zip(mine, rows, strict=True)
    ]
    if rows:
        _CHANGE.run(connection, changes)
        _DROP.run(connection, mine)


def totals_of(connection: Connection, robot: str) -> Totals:
    """Return the sums of all that waits at a robot; `LATER` if there are too many."""
    rows = _COUNTS.rows(connection, of=robot)
    if len(rows) > COUNTED:
        return LATER
    last_id = (rows[0].last_id or 0) if rows else 0
    return summed_up(connection, robot, to_counts(rows), last_id)


def last_id_of(connection: Connection, robot: str) -> int:
    """Return the newest normal delivery that waits at a robot."""
    return int(connection.execute(_LAST, {"of": robot}).scalar() or 0)


def summed_up(
    connection: Connection, robot: str, counts: tuple[Count, ...], last_id: int
) -> Totals:
    """Return what waits at a robot, with these sums of it."""
    numbers = dict(map(tuple, _QUEUE.find(connection, of=robot)))
    oldest = _OLDEST.first(connection, of=robot)
    return Totals(
        counts=counts,
        deliveries=numbers.get(int(Priority.NORMAL), 0),
        high_deliveries=numbers.get(int(Priority.HIGH), 0),
        last_id=last_id,
        oldest_received_at=None if oldest is None else from_us(oldest.received_at),
    )


def to_counts(rows: Iterable[Iterable[Any]]) -> tuple[Count, ...]:
    """Return rows of the sums, which begin with the columns `SUMMED`, as the planner knows them.

    There may be many, and whoever accepts waits for them.
    """
    return tuple(
        [
            Count(
                priority=_PRIORITIES[priority],
                template=template,
                name=name,
                severity=severity,
                status=_STATUSES[status],
                alerts=alerts,
                full_bytes=full,
                line_bytes=line,
            )
            for priority, template, name, severity, status, alerts, full, line, *_ in rows
        ]
    )
