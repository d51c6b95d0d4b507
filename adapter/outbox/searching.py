"""Searching: the newest deliveries that fit, looking no further back at once than is quick.

What is rare (waiting, dead, discarded) is found through an index of its own; all else is looked at
from the newest on, `WINDOW` deliveries at a time. Where words are looked for, payloads without
their bytes are skipped, by the database unless they are compressed; the alerts of the rest are
compared.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import msgspec
from sqlalchemy import LargeBinary, func, literal, or_, select

from adapter.core.alerts import Status
from adapter.core.priority import Priority
from adapter.core.search import Hit, Hits
from adapter.outbox.compression import MARK, decompress, is_compressed
from adapter.outbox.deferring import DEFERRED
from adapter.outbox.letters import DISCARDED
from adapter.outbox.messages import DEAD, PENDING
from adapter.outbox.rows import to_delivery
from adapter.outbox.tables import dead, deliveries, discarded, from_us, to_us

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Row, Select

    from adapter.core.search import Search

PAGE: Final = 50
"""Deliveries that are shown at once."""

WINDOW: Final = 20_000
"""Deliveries that are looked at for one page, at most."""

RARE: Final = 5_000
"""The same for what is found through an index of its own: each is fetched by its id."""

NAMES: Final = 3
"""Alert names that are shown of a delivery."""

_ID: Final = deliveries.c.id
_FETCHED: Final = 4 * PAGE


def find(connection: Connection, search: Search) -> Hits:
    """Return the newest deliveries that fit."""
    low, high = _bounds(connection, search)
    among, bottom = _candidates(connection, search, low, high)
    needles = [term.needle for term in search.terms]
    matching = holding(connection, _matching(search, among), deliveries.c.payload, needles)
    rows = list(islice(matching, _FETCHED))
    hits = [hit for row in rows if (hit := _hit(row, search))]
    if len(hits) > PAGE:
        last, exhausted = hits[PAGE - 1].id, False
    else:
        full = len(rows) == _FETCHED
        last, exhausted = (rows[-1].id if full else bottom), not full and bottom <= low
    shown = tuple(hits[:PAGE])
    return Hits(
        found=_with_dead(connection, shown),
        more=None if exhausted else last,
        looked_back_to=None if exhausted else _received_at(connection, last),
    )


def _bounds(connection: Connection, search: Search) -> tuple[int, int]:
    """Return the lowest id that may fit, and the one above the highest."""
    ends = (select(end(_ID)).scalar_subquery() for end in (func.min, func.max))
    oldest, newest = connection.execute(select(*ends)).one()  # each by itself is found at once
    low, high = (oldest or 0), (newest or 0) + 1
    if search.since is not None:
        low = _first_since(connection, search.since, low, high)
    if search.until is not None:
        high = _first_since(connection, search.until, low, high)
    return low, high if search.before is None else min(high, search.before)


def _first_since(connection: Connection, instant: datetime, low: int, high: int) -> int:
    """Return the first id that was received then or later: ids grow with time."""
    at = to_us(instant)
    following = select(_ID, deliveries.c.received_at).order_by(_ID).limit(1)
    while low < high:
        middle = (low + high) // 2
        row = connection.execute(following.where(middle <= _ID)).first()
        if row is None or row.received_at >= at:
            high = middle
        else:
            low = row.id + 1
    return low


def _candidates(
    connection: Connection, search: Search, low: int, high: int
) -> tuple[ColumnElement[bool], int]:
    """Return a condition on what is looked at, and the lowest id that it reaches."""
    rare = _rare(search)
    if rare is None:
        bottom = max(low, high - WINDOW)
        return (bottom <= _ID) & (high > _ID), bottom
    column = rare.selected_columns[0]
    place = column + 0 if _by_state(search) else column  # a sum leaves the index to the state
    most = RARE if search.terms else _FETCHED
    mine = rare.where(place >= low, place < high).order_by(place.desc()).limit(most)
    ids = connection.execute(mine).scalars().all()
    return _ID.in_(ids), ids[-1] if len(ids) == most else low


def _by_state(search: Search) -> bool:
    return search.state in {PENDING, DEFERRED}


def _rare(search: Search) -> Select[Any] | None:
    """Return a query of the ids of a state that few have; None for the others."""
    if _by_state(search):
        query = select(_ID).where(deliveries.c.state == search.state)
        return query.where(deliveries.c.robot == search.robot) if search.robot else query
    if search.state in {DEAD, DISCARDED}:
        table = dead if search.state == DEAD else discarded
        query = select(table.c.delivery).distinct()
        return query.where(table.c.robot == search.robot) if search.robot else query
    return None


def _matching(search: Search, among: ColumnElement[bool]) -> Select[Any]:
    query = select(deliveries).where(among).order_by(_ID.desc())
    if search.robot:
        query = query.where(deliveries.c.robot == search.robot)
    if search.state and search.state not in {DEAD, DISCARDED}:
        query = query.where(deliveries.c.state == search.state)
    if search.since is not None:
        query = query.where(deliveries.c.received_at >= to_us(search.since))
    if search.until is not None:
        query = query.where(deliveries.c.received_at < to_us(search.until))
    return query


def holding(
    connection: Connection,
    query: Select[Any],
    payload: ColumnElement[bytes],
    needles: Sequence[bytes],
) -> Iterator[Row[Any]]:
    """Yield the rows of a query whose payloads hold all of these bytes, reading as few as that."""
    compressed = func.substr(payload, 1, len(MARK), type_=LargeBinary) == MARK
    for needle in needles:
        query = query.where(or_(compressed, _has(connection, payload, needle)))
    with connection.execute(query, execution_options={"yield_per": PAGE}) as rows:
        yield from (row for row in rows if _holds(row.payload, needles))


def _has(
    connection: Connection, payload: ColumnElement[bytes], needle: bytes
) -> ColumnElement[bool]:
    """Return a condition on bytes: LIKE is for text, and depends on how SQLite was built."""
    if connection.dialect.name == "sqlite":
        return func.instr(payload, needle) > 0
    return func.position(literal(needle).op("IN")(payload)) > 0


def _holds(payload: bytes, needles: Sequence[bytes]) -> bool:
    if not needles or not is_compressed(payload):
        return True  # the database has looked
    try:
        data = decompress(payload)
    except msgspec.DecodeError:
        return False
    return all(needle in data for needle in needles)


def _hit(row: Row[Any], search: Search) -> Hit | None:
    """Return a row as a hit, if its alerts fit; one that this version cannot read has none."""
    try:
        group = to_delivery(row.payload).group
    except msgspec.MsgspecError:
        return None
    fitting = search.fits(group.alerts)
    if not fitting:
        return None
    names = dict.fromkeys(group.alerts[index].name for index in fitting)
    return Hit(
        id=row.id,
        robot=row.robot,
        priority=Priority(row.priority).name.lower(),
        state=row.state,
        received_at=from_us(row.received_at),
        source=group.source or group.external_url,
        names=tuple(names)[:NAMES],
        alerts=row.alerts,
        firing=sum(alert.status is Status.FIRING for alert in group.alerts),
        fitting=len(fitting),
        dead=0,
    )


def _with_dead(connection: Connection, hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """Return hits with the number of their alerts that are dead letters."""
    number = func.count().label("number")
    query = select(dead.c.delivery, number).where(dead.c.delivery.in_([hit.id for hit in hits]))
    rows = connection.execute(query.group_by(dead.c.delivery)) if hits else ()
    found = {row.delivery: row.number for row in rows}
    return tuple(msgspec.structs.replace(hit, dead=found.get(hit.id, 0)) for hit in hits)


def _received_at(connection: Connection, number: int) -> datetime | None:
    query = select(deliveries.c.received_at).where(number <= _ID).order_by(_ID).limit(1)
    found = connection.execute(query).scalar()
    return None if found is None else from_us(found)
