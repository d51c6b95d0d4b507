"""Heads: what waits first, decoded once for all the turns at which it is planned with.

A row that says the same means the same, in whichever store it stands: so nothing here can be out of
date.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

from adapter.outbox.rows import to_waiting

if TYPE_CHECKING:
    from sqlalchemy import Row

    from adapter.core.batch import Waiting

MOST_BYTES: Final = 4 * 2**20
"""Bytes of payloads kept at most; what is made of them takes a few times as much."""


class Heads:
    """Remember deliveries that wait; threads may share it."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most = most
        self._size = 0
        self._known: OrderedDict[tuple[bytes, *tuple[object, ...]], Waiting] = OrderedDict()
        self._lock = threading.Lock()

    def waiting(self, row: Row[Any]) -> Waiting:
        """Return a row as the planner knows it; raises what decoding raises."""
        payload: bytes = row.payload
        key = (payload, row.id, row.told, row.times, row.suspect, row.priority, row.received_at)
        with self._lock:
            found = self._known.get(key)
            if found is not None:
                self._known.move_to_end(key)
                return found
        found = to_waiting(row)
        with self._lock:
            if key not in self._known:
                self._size += len(payload)
                self._known[key] = found
            while self._size > self._most:
                gone, _ = self._known.popitem(last=False)
                self._size -= len(gone[0])
        return found
