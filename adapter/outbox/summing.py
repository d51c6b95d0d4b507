"""Summing: what waits at a robot as the planner knows it, without looking at each delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, func, select

from adapter.core.alerts import Status
from adapter.core.batch import Count, Totals
from adapter.core.priority import Priority
from adapter.outbox.tables import deliveries, from_us, queues, totals

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

_PENDING: Final = "pending"
_SUMMED: Final = tuple(name for name in Count.__struct_fields__ if name != "fired")
"""The columns of the sums, in the order in which `_to_counts` reads them."""

_PRIORITIES: Final[dict[int, Priority]] = {int(each): each for each in Priority}
_STATUSES: Final[dict[str, Status]] = {each.value: each for each in Status}

_QUEUE: Final = select(queues).where(queues.c.robot == bindparam("of"))
_LAST: Final = select(func.max(deliveries.c.id)).where(
    deliveries.c.robot == bindparam("of"),
    deliveries.c.state == _PENDING,
    deliveries.c.priority == int(Priority.NORMAL),
)
# One statement: on PostgreSQL a delivery may come between two, and a digest would settle it untold.
_COUNTS: Final = select(
    *[totals.c[name] for name in _SUMMED], _LAST.scalar_subquery().label("last_id")
).where(totals.c.robot == bindparam("of"), totals.c.alerts > 0)
_OLDEST: Final = (
    select(deliveries.c.received_at)
    .where(deliveries.c.robot == bindparam("of"), deliveries.c.state == _PENDING)
    .where(deliveries.c.priority == int(Priority.NORMAL))
    .order_by(deliveries.c.id)
    .limit(1)
)


def totals_of(connection: Connection, robot: str) -> Totals:
    """Return the sums of all that waits at a robot."""
    numbers = {row.priority: row.deliveries for row in connection.execute(_QUEUE, {"of": robot})}
    oldest = connection.execute(_OLDEST, {"of": robot}).scalar()
    rows = connection.execute(_COUNTS, {"of": robot}).all()
    return Totals(
        counts=_to_counts(rows),
        deliveries=numbers.get(int(Priority.NORMAL), 0),
        high_deliveries=numbers.get(int(Priority.HIGH), 0),
        last_id=(rows[0].last_id or 0) if rows else 0,
        oldest_received_at=None if oldest is None else from_us(oldest),
    )


def _to_counts(rows: Iterable[Iterable[Any]]) -> tuple[Count, ...]:
    """Return rows of the sums, which begin with the columns `_SUMMED`, as the planner knows them.

    There may be as many as there are names of alerts, and whoever accepts waits for them.
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
