"""Heads: what waits first, decoded once for all the turns at which it is planned with.

A row that says the same means the same, in whichever store it stands: so nothing here can be out of
date.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

from adapter.outbox.compression import size_of
from adapter.outbox.rows import to_waiting

if TYPE_CHECKING:
    from sqlalchemy import Row

    from adapter.core.batch import Waiting

MOST_BYTES: Final = 4 * 2**20
"""Bytes of JSON kept at most; what is made of them takes a few times as much."""


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
