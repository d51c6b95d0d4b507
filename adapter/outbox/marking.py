"""Marking: deliveries learn which of their alerts are told, and leave the sums and the queue.

A message may tell hundreds of deliveries, and whoever accepts waits while it is settled: so all of
them are read, counted and written together.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import bindparam, select, update

from adapter.outbox.accepting import add_deliveries
from adapter.outbox.bits import is_full, unite, unpack
from adapter.outbox.prepared import Prepared
from adapter.outbox.rows import to_delivery
from adapter.outbox.summing import take
from adapter.outbox.tables import deliveries, to_us
from adapter.outbox.weighing import count_rows, weigh

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from typing import Any

    from sqlalchemy import Connection, Row

    from adapter.core.delivery import Delivery
    from adapter.outbox.weighing import Weight

SENT: Final = "sent"
SUPERSEDED: Final = "superseded"

HALVED: Final = 4_096
"""Alerts that one message never reaches: what is suspect may stand beside so many again."""

_ASKED: Final = 500
"""Deliveries that one query asks for."""

_THESE: Final = select(deliveries).where(deliveries.c.id.in_(bindparam("ids", expanding=True)))
BY_ID: Final = Prepared(any=select(deliveries).where(deliveries.c.id == bindparam("of")))
_CHANGE: Final = Prepared(
    any=update(deliveries)
    .where(deliveries.c.id == bindparam("of"))
    .values({name: bindparam(f"new_{name}") for name in ("told", "state", "suspect", "settled_at")})
)


class Told(NamedTuple):
    """Hold what a message told of one delivery: `told` and `covered` are bits of its alerts."""

    row: Row[Any]
    delivery: Delivery
    told: str
    covered: str


def told_by(connection: Connection, items: Sequence[Row[Any]]) -> list[Told]:
    """Return the deliveries of these items of a message."""
    found = {row.id: row for row in _these(connection, [item.delivery for item in items])}
    rows_of = [(item, found[item.delivery]) for item in items]
    return [Told(row, to_delivery(row.payload), item.told, item.covered) for item, row in rows_of]


def _these(connection: Connection, ids: Sequence[int]) -> Iterator[Row[Any]]:
    if len(ids) == 1:  # as mostly
        yield from BY_ID.rows(connection, of=ids[0])
        return
    for start in range(0, len(ids), _ASKED):
        yield from connection.execute(_THESE, {"ids": ids[start : start + _ASKED]})


def mark(connection: Connection, told: Sequence[Told], now: datetime) -> int:
    """Note which alerts are told; return how many deliveries wait no more."""
    counted: list[Weight] = []
    left: Counter[tuple[str, int]] = Counter()
    changes: list[dict[str, object]] = []
    for each in told:
        gone = unite(each.told, each.covered)
        counted += gone_of(each.row, each.delivery, gone)
        after = unite(each.row.told, gone)
        done = is_full(after, each.row.alerts)
        left[each.row.robot, each.row.priority] += done
        changes.append(_change(each, after, now if done else None))
    take(connection, count_rows(counted, sign=-1))
    for robot in {each.row.robot for each in told}:
        leave_queue(connection, robot, {lane: n for (of, lane), n in left.items() if of == robot})
    if changes:
        _CHANGE.run(connection, changes)
    return left.total()


def _change(each: Told, after: str, settled_at: datetime | None) -> dict[str, object]:
    row = each.row
    state = row.state
    if settled_at is not None:
        state = SENT if int(each.told, 16) or row.told else SUPERSEDED
    return {
        "of": row.id,
        "new_told": after,
        "new_state": state,
        "new_suspect": row.suspect if settled_at else min(row.suspect * 2, HALVED),
        "new_settled_at": to_us(settled_at) if settled_at else row.settled_at,
    }


def gone_of(row: Row[Any], delivery: Delivery, bits: str) -> list[Weight]:
    """Return what the alerts of `bits` weigh that had waited until now."""
    return weigh(delivery, unpack(bits, row.alerts) - unpack(row.told, row.alerts))


def uncount(connection: Connection, row: Row[Any], bits: str) -> None:
    """Take alerts that wait no more out of the sums."""
    take(connection, count_rows(gone_of(row, to_delivery(row.payload), bits), sign=-1))


def leave_queue(connection: Connection, robot: str, numbers: Mapping[int, int]) -> None:
    """Count fewer deliveries that wait, by priority."""
    rows: list[dict[str, object]] = [
        {"robot": robot, "priority": priority, "deliveries": -number}
        for priority, number in numbers.items()
        if number
    ]
    add_deliveries(connection, rows)
