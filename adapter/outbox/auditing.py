"""Auditing: what people decided, kept in the transaction that did it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select

from adapter.core.audit import Decision
from adapter.outbox.letters import parse_name
from adapter.outbox.tables import decisions, from_us, to_us

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection, Row

    from adapter.core.audit import By


def note(connection: Connection, action: str, subjects: Iterable[str], by: By | None) -> None:
    """Keep who decided so about each of these; nothing where nobody is known."""
    if by is None:
        return
    rows = [
        {
            "at": to_us(by.at),
            "who": by.who,
            "action": action,
            "subject": subject,
            "delivery": (parse_name(subject) or (None, None))[0],
        }
        for subject in subjects
    ]
    if rows:
        connection.execute(insert(decisions), rows)


def about(connection: Connection, delivery: int) -> tuple[Decision, ...]:
    """Return what was decided about a delivery, the oldest first."""
    query = select(decisions).where(decisions.c.delivery == delivery).order_by(decisions.c.id)
    return tuple(map(_decision, connection.execute(query)))


def newest(connection: Connection, limit: int) -> tuple[Decision, ...]:
    """Return what was decided last, the newest first."""
    query = select(decisions).order_by(decisions.c.id.desc()).limit(limit)
    return tuple(map(_decision, connection.execute(query)))


def _decision(row: Row[Any]) -> Decision:
    return Decision(who=row.who, at=from_us(row.at), action=row.action, subject=row.subject)
