"""Swapping: shifts that people swapped on the page; one that is undone is kept, and counts no more.

Every change is noted with who made it, in its own transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from adapter.core.audit import Action
from adapter.core.swaps import Swap
from adapter.outbox.auditing import note
from adapter.outbox.tables import from_us, swaps, to_us

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

    from adapter.core.audit import By

STANDING = select(swaps).where(swaps.c.undone_at.is_(None)).order_by(swaps.c.id)
"""All that count, in the order in which they were made."""


def put(connection: Connection, swap: Swap) -> None:
    """Keep a swap, unless the same stands already: somebody has tapped twice."""
    row: dict[str, object] = {
        "schedule": swap.schedule,
        "person": swap.person,
        "starts_at": to_us(swap.starts_at),
        "ends_at": to_us(swap.ends_at),
        "who": swap.who,
        "decided_at": to_us(swap.decided_at),
    }
    same = (swaps.c[name] == row[name] for name in ("schedule", "person", "starts_at", "ends_at"))
    if connection.execute(STANDING.where(*same)).first() is not None:
        return
    connection.execute(insert(swaps), row)
    note(connection, Action.SWAP, [_subject(swap)], swap.by)


def undo(connection: Connection, number: int, by: By) -> bool:
    """Let a swap count no more; return whether it did."""
    mine = (swaps.c.id == number) & swaps.c.undone_at.is_(None)
    row = connection.execute(select(swaps).where(mine).with_for_update()).first()
    if row is None:
        return False
    connection.execute(update(swaps).where(mine).values(undone_at=to_us(by.at)))
    note(connection, Action.UNDO, [_subject(to_swap(row))], by)
    return True


def to_swap(row: Row[Any]) -> Swap:
    """Return a row as a value."""
    return Swap(
        id=row.id,
        schedule=row.schedule,
        person=row.person,
        starts_at=from_us(row.starts_at),
        ends_at=from_us(row.ends_at),
        who=row.who,
        decided_at=from_us(row.decided_at),
    )


def _subject(swap: Swap) -> str:
    span = f"{swap.starts_at:%Y-%m-%dT%H:%MZ}/{swap.ends_at:%Y-%m-%dT%H:%MZ}"
    return f"{swap.schedule}: {swap.person} {span}"
