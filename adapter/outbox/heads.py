"""Heads: what waits first, decoded once for all the turns at which it is planned with.

A row that says the same means the same, in whichever store it stands: so nothing here can be out of
date.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

import msgspec
import structlog
from sqlalchemy import Integer, bindparam, select, update

from adapter.core.priority import Priority
from adapter.outbox.compression import size_of
from adapter.outbox.prepared import Prepared
from adapter.outbox.rows import to_waiting
from adapter.outbox.tables import deliveries

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

    from adapter.core.batch import Waiting
    from adapter.outbox.overlap import Overlap

HEAD_ALERTS: Final = 2_000
"""Alerts that one plan looks at; the rest it knows by their sums."""

KEPT_ALERTS: Final = 10 * HEAD_ALERTS
"""Alerts that one plan passes over at most because another token keeps them."""

MOST_BYTES: Final = 4 * 2**20
"""Bytes of JSON kept at most; what is made of them takes a few times as much."""

_FIRST_PAGE: Final = 20
_PAGE: Final = 200
"""Deliveries that one query reads at most: the first ones tell how many are enough."""

PENDING: Final = "pending"

log = structlog.get_logger(__name__)

_LANE: Final = Prepared(
    any=select(deliveries)
    .where(deliveries.c.robot == bindparam("of"), deliveries.c.state == PENDING)
    .where(deliveries.c.priority == bindparam("lane"), deliveries.c.id > bindparam("after"))
    .order_by(deliveries.c.id)
    .limit(bindparam("page", type_=Integer))
)


class Heads:
    """Remember deliveries that wait; threads may share it."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most = most
        self._size = 0
        self._known: OrderedDict[tuple[object, ...], tuple[bytes, int, Waiting]] = OrderedDict()
        self._lock = threading.Lock()

    def waiting(self, row: Row[Any]) -> Waiting:
        """Return a row as the planner knows it; raises what decoding raises."""
        payload: bytes = row.payload
        # Bytes are compared, which takes far less than to hash them.
        key = (row.id, row.told, row.times, row.suspect, row.priority, row.received_at)
        with self._lock:
            known = self._known.get(key)
            if known is not None and known[0] == payload:
                self._known.move_to_end(key)
                return known[2]
        found, size = to_waiting(row), size_of(payload)
        with self._lock:
            self._forget(key)
            self._size += size
            self._known[key] = payload, size, found
            while self._size > self._most:
                self._forget(next(iter(self._known)))
        return found

    def _forget(self, key: tuple[object, ...]) -> None:
        _, size, _ = self._known.pop(key, (b"", 0, None))
        self._size -= size


_heads: Final = Heads()


def head_of(connection: Connection, robot: str, overlap: Overlap) -> tuple[Waiting, ...]:
    """Return the next deliveries, high before normal, of at most so many alerts in all.

    What another token keeps is looked at as well, but not without end.
    """
    head: list[Waiting] = []
    room, kept_room = HEAD_ALERTS, KEPT_ALERTS
    for lane in (Priority.HIGH, Priority.NORMAL):
        after, page = 0, _FIRST_PAGE
        while room > 0 and kept_room > 0:
            rows = _LANE.rows(connection, of=robot, lane=int(lane), after=after, page=page)
            for row in rows:
                waiting = readable(connection, row) if room > 0 else None
                if waiting is None:
                    continue
                head.append(waiting)
                if overlap.keeps(waiting):
                    kept_room -= len(waiting.left)
                else:
                    room -= len(waiting.left)
            if len(rows) < page:
                break
            after = rows[-1].id
            alerts = sum(row.alerts for row in rows)
            page = min(_PAGE, max(1, HEAD_ALERTS * len(rows) // max(alerts, 1)))
    return tuple(head)


def readable(connection: Connection, row: Row[Any]) -> Waiting | None:
    """Return a delivery; one that this program cannot read is set aside, and the rest goes on."""
    try:
        return _heads.waiting(row)
    except msgspec.MsgspecError:
        log.exception("a delivery cannot be read and is set aside", delivery=row.id)
        aside = update(deliveries).where(deliveries.c.id == row.id)
        connection.execute(aside.values(state="unreadable"))
        return None
