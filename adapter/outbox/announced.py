"""Announced: which alerts a robot has told as firing, and whom a digest of the others rings.

It is noted in the transaction that settles a message, whichever form it has, so an alert is new to
its robot exactly until DingTalk has taken it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from adapter.core.alerts import Status
from adapter.core.mentions import announcement, occasion_of, wanted_by
from adapter.outbox.bits import unpack
from adapter.outbox.rows import to_delivery
from adapter.outbox.tables import announced, deliveries, to_us

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Row

    from adapter.core.batch import Waiting
    from adapter.core.delivery import Delivery
    from adapter.core.mentions import Wanted

_PAGE: Final = 500
"""Alerts asked for at once, and deliveries of a digest read at once."""

_Told = tuple["Delivery", "Iterable[int]"]
"""A delivery, and some of its alerts."""

_KNOWN: Final = select(announced.c.alert).where(
    announced.c.robot == bindparam("of"), announced.c.alert.in_(bindparam("these", expanding=True))
)
_FORGET: Final = delete(announced).where(
    announced.c.robot == bindparam("of"), announced.c.alert == bindparam("this")
)
_NEXT: Final = select(deliveries).order_by(deliveries.c.id.desc()).limit(_PAGE)


def _remembering() -> dict[str, Any]:
    statements = {}
    for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql)):
        statement = dialect.insert(announced)
        told_at = {"told_at": statement.excluded.told_at}
        keys = ["robot", "alert"]
        statements[name] = statement.on_conflict_do_update(index_elements=keys, set_=told_at)
    return statements


_REMEMBER: Final = _remembering()


def remember(
    connection: Connection,
    robot: str,
    told: Iterable[tuple[Delivery, Iterable[int]]],
    now: datetime,
) -> None:
    """Note that a robot has told these alerts of these deliveries."""
    firing: dict[str, None] = {}
    ended: dict[str, None] = {}
    for delivery, indexes in told:
        for index in indexes:
            alert = delivery.group.alerts[index]
            name = announcement(delivery.group.source, alert)
            if alert.status is Status.FIRING:
                firing[name] = None
            elif alert.started_at is None:  # nothing but the end tells one outbreak from the next
                ended[name] = None
    rows = [{"robot": robot, "alert": name, "told_at": to_us(now)} for name in firing]
    if rows:
        connection.execute(_REMEMBER[connection.dialect.name], rows)
    if ended:
        connection.execute(_FORGET, [{"of": robot, "this": name} for name in ended])


def remember_digested(
    connection: Connection, robot: str, counted: ColumnElement[bool], now: datetime
) -> None:
    """Note that a robot has told, in numbers, what is left of these deliveries."""
    for page in _pages(connection, counted):
        remember(connection, robot, page, now)


def known_of(connection: Connection, robot: str, head: Iterable[Waiting]) -> frozenset[str]:
    """Return which of the alerts that may ring somebody a robot has announced."""
    return _known(
        connection,
        robot,
        ((waiting.delivery, waiting.left) for waiting in head if waiting.delivery.mentions),
    )


def wanted_by_digest(
    connection: Connection, robot: str, counted: ColumnElement[bool]
) -> tuple[Wanted, ...]:
    """Return whom all that a digest counts asks for: of each alert the newest state.

    It reads all that waits, as settling a digest does: no sum could say what is new to the robot.
    """
    seen: set[tuple[str, str]] = set()
    found: dict[Wanted, None] = {}
    for page in _pages(connection, counted):
        known = _known(connection, robot, (each for each in page if each[0].mentions))
        for delivery, left in page:
            source = delivery.group.source
            for index in left:
                alert = delivery.group.alerts[index]
                if (source, alert.fingerprint) not in seen:
                    seen.add((source, alert.fingerprint))
                    occasion = occasion_of(source, alert, known) if delivery.mentions else None
                    wanted = wanted_by(delivery.mentions, index, alert, occasion)
                    found.update(dict.fromkeys(wanted))
    return tuple(found)


def _pages(connection: Connection, counted: ColumnElement[bool]) -> Iterator[list[_Told]]:
    """Yield these deliveries and what is left of each, the newest first."""
    query = _NEXT.where(counted)
    rows = connection.execute(query).all()
    while rows:
        yield [left for row in rows if (left := _left(row)) is not None]
        rows = connection.execute(query.where(deliveries.c.id < rows[-1].id)).all()


def _left(row: Row[Any]) -> _Told | None:
    """Return what is left of a delivery; None of one that this program cannot read."""
    try:
        delivery = to_delivery(row.payload)
    except msgspec.MsgspecError:
        return None
    told = unpack(row.told, row.alerts)
    return delivery, tuple(index for index in range(row.alerts) if index not in told)


def _known(connection: Connection, robot: str, asked: Iterable[_Told]) -> frozenset[str]:
    names = sorted(
        {
            announcement(delivery.group.source, delivery.group.alerts[index])
            for delivery, indexes in asked
            for index in indexes
        }
    )
    known: set[str] = set()
    for first in range(0, len(names), _PAGE):
        some = {"of": robot, "these": names[first : first + _PAGE]}
        known.update(connection.execute(_KNOWN, some).scalars())
    return frozenset(known)
