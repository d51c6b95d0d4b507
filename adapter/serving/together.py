"""Collect the requests that one thread begins before it waits for any of them.

What arrives while that thread is at work waits for it, so that a batch grows with the load: each
request is then woken for, parsed and committed in the company of others. A second thread was
measured: it takes a fifth more of the processor, for the two fight for the interpreter.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from adapter.serving.arrival import Arrived
    from adapter.serving.connection import Connection

    Request = tuple[Connection, Arrived]

BATCH: Final = 16
"""Requests of one batch at most: the first is answered after the last has begun."""

BATCH_BYTES: Final = 1024 * 1024
"""Bytes of one batch, beside its last request."""


class Together:
    """Keep requests that begin with one of `starts`, method and path, until the thread is free."""

    def __init__(self, starts: tuple[bytes, ...]) -> None:
        self._starts = starts
        self._lock = threading.Lock()
        self._waiting: deque[Request] = deque()
        self._attended = False

    def take(self, connection: Connection, arrived: Arrived) -> bool:
        """Keep a request if it is one of these; return whether it was."""
        if not arrived.data.startswith(self._starts):
            return False
        self._waiting.append((connection, arrived))
        return True

    def wants_thread(self) -> bool:
        """Return whether a thread is to come for batches; it is then expected."""
        with self._lock:
            wanted = bool(self._waiting) and not self._attended
            self._attended = self._attended or wanted
            return wanted

    def next_batch(self) -> list[Request]:
        """Return what to answer together; after nothing, this thread is not counted on any more."""
        with self._lock:
            batch: list[Request] = []
            size = 0
            while self._waiting and len(batch) < BATCH and size < BATCH_BYTES:
                request = self._waiting.popleft()
                batch.append(request)
                size += len(request[1].data)
            self._attended = bool(batch)
            return batch
