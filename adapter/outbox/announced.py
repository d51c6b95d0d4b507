"""Announced: which alerts a robot has told as firing, and whom a digest of the others rings.

It is noted in the transaction that settles a message, so an alert is new to its robot exactly until
DingTalk has taken it. A digest may tell a hundred thousand alerts, and whoever accepts would wait:
of it only its name is noted, until something waits that may ring anybody (`catch_up`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
from sqlalchemy import and_, bindparam, delete, insert, select, text
from sqlalchemy.dialects import postgresql, sqlite

from adapter.core.alerts import Status
from adapter.core.mentions import announcement, occasion_of, wanted_by
from adapter.outbox.accepting import lock
from adapter.outbox.bits import unpack
from adapter.outbox.marking import SENT
from adapter.outbox.prepared import Prepared
from adapter.outbox.rows import to_delivery
from adapter.outbox.tables import announced, deliveries, to_us, unnoted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
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
    announced.c.robot == bindparam("of"),
    announced.c.alert == bindparam("this"),
    announced.c.told_at <= bindparam("at"),
)
_OWED: Final = select(unnoted).where(unnoted.c.robot == bindparam("of"))
_OWES: Final = Prepared(any=_OWED.limit(1))
_MAY_RING: Final = text("state IN ('pending', 'deferred') AND rings = 1")
_RINGING: Final = Prepared(
    any=select(deliveries.c.id).where(deliveries.c.robot == bindparam("of"), _MAY_RING).limit(1)
)
_NEXT: Final = select(deliveries).order_by(deliveries.c.id.desc()).limit(_PAGE)


def _remembering() -> Prepared:
    statements = {}
    for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql)):
        statement = dialect.insert(announced)
        new = statement.excluded
        statements[name] = statement.on_conflict_do_update(
            index_elements=["robot", "alert"],
            set_={"told_at": new.told_at},
            where=announced.c.told_at < new.told_at,
        )
    return Prepared(("robot", "alert", "told_at"), **statements)


_REMEMBER: Final = _remembering()


def remember(connection: Connection, robot: str, told: Iterable[_Told], now: datetime) -> None:
    """Note that a robot has told these alerts of these deliveries."""
    names = _names(told)
    if names.ended and _OWES.find(connection, of=robot):
        catch_up(connection, robot)  # a digest of before must not undo what an end does
    _note(connection, robot, names, to_us(now))


def remember_digested(connection: Connection, robot: str, batch_id: str, now: datetime) -> None:
    """Note that a robot has told, in numbers, what is left of the deliveries settled by now."""
    row = {"batch": batch_id, "robot": robot, "settled_at": to_us(now)}
    connection.execute(insert(unnoted), row)


def owes(connection: Connection, robot: str) -> bool:
    """Return whether something waits that may ring, and `catch_up` must say first what is new."""
    return bool(_OWES.find(connection, of=robot) and _RINGING.find(connection, of=robot))


def catch_up(connection: Connection, robot: str) -> None:
    """Note the alerts of the digests that a robot has told, as of then."""
    lock(connection, [robot])
    rows = connection.execute(_OWED.order_by(unnoted.c.settled_at), {"of": robot}).all()
    for row in rows:
        counted = and_(
            deliveries.c.robot == robot,
            deliveries.c.state == SENT,
            deliveries.c.settled_at == row.settled_at,
        )
        for page in _pages(connection, counted):
            _note(connection, robot, _names(page), row.settled_at)
        connection.execute(delete(unnoted).where(unnoted.c.batch == row.batch))


class _Names(NamedTuple):
    """Hold alerts by their names: those that fire, and those that leave no trace when they end."""

    firing: Collection[str]
    ended: Collection[str]


def _names(told: Iterable[_Told]) -> _Names:
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
    return _Names(firing, ended)


def _note(connection: Connection, robot: str, names: _Names, at: int) -> None:
    if names.firing:
        rows = [{"robot": robot, "alert": name, "told_at": at} for name in names.firing]
        _REMEMBER.run(connection, rows)
    if names.ended:
        rows = [{"of": robot, "this": name, "at": at} for name in names.ended]
        connection.execute(_FORGET, rows)


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

    If any may ring, it reads all that waits: no sum could say what is new to the robot.
    """
    if not _RINGING.find(connection, of=robot):
        return ()
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
