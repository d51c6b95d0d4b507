"""The threads that answer requests, and how a connection goes to them and back.

One lock guards the handing over: `busy`, `next`, `paused` and `ended` of a connection change under
it. Most connections do not come back at all: when the answer is out and nothing else is to be done,
`busy` ends and the poller, which never stopped listening, is not woken.

Some requests are answered together (`Together`): one thread begins them all, and only then waits
for what they wait for, which is one commit. A thread for each would spend more on waking the other
and on fighting for the interpreter than on the requests.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gunicorn.glogging import Logger

    from adapter.clock import Clock
    from adapter.serving.arrival import Arrived
    from adapter.serving.connection import Connection
    from adapter.serving.exchange import Exchange, Finish, Reply
    from adapter.serving.together import Together

    _Job = tuple[Connection, Arrived]


class Crew:
    """Answer requests with a fixed number of threads.

    `held` is how many bytes of requests are in their hands. `closing`, once set, makes every answer
    the last of its connection. `wake_fd` is the poller's pipe.
    """

    def __init__(
        self, exchange: Exchange, clock: Clock, log: Logger, wake_fd: int, *, together: Together
    ) -> None:
        self.held = 0
        self.closing = False
        self._exchange = exchange
        self._clock = clock
        self._log = log
        self._wake_fd = wake_fd
        self._lock = threading.Lock()
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._together = together
        self._returned: deque[tuple[Connection, bytes | memoryview]] = deque()

    def start(self, threads: int) -> None:
        """Start the threads; they end with the process."""
        for number in range(1, threads + 1):
            threading.Thread(target=self._work, name=f"request-{number}", daemon=True).start()

    def submit(self, connection: Connection, arrived: Arrived) -> None:
        """Have a request answered, after the one before it on its connection."""
        with self._lock:
            self.held += len(arrived.data)
            if connection.busy:
                connection.next = arrived
                return
            connection.busy = True
        self._put(connection, arrived)

    def flush(self) -> None:
        """Have those answered together that were submitted since."""
        if self._together.wants_thread():
            self._jobs.put(None)

    def _put(self, connection: Connection, arrived: Arrived) -> None:
        if not self._together.take(connection, arrived):
            self._jobs.put((connection, arrived))

    def pause(self, connection: Connection) -> bool:
        """Have the connection returned after its answer; False if there is none under way."""
        with self._lock:
            connection.paused = connection.busy
            return connection.busy

    def end(self, connection: Connection) -> bool:
        """Note that the client sends no more; return whether an answer is under way."""
        with self._lock:
            connection.ended = True
            return connection.busy

    def returned(self) -> list[tuple[Connection, bytes | memoryview]]:
        """Return the connections the poller is to go on with, and what is unsent of the answer."""
        return [self._returned.popleft() for _ in range(len(self._returned))]

    def resume(self, connection: Connection) -> None:
        """Go on with a returned connection: its next request, if one waits."""
        with self._lock:
            arrived, connection.next = connection.next, None
            connection.busy = arrived is not None
        if arrived is not None:
            self._put(connection, arrived)

    def forget(self, connection: Connection) -> None:
        """Answer no further request of a connection."""
        with self._lock:
            if connection.next is not None:
                self.held -= len(connection.next.data)
            connection.next = None
            connection.busy = False

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            if job is None:
                self._answer_together()
            else:
                self._answer([job])

    def _answer_together(self) -> None:
        while batch := self._together.next_batch():
            self._answer(batch)
            if not self._jobs.empty():  # all threads are at work: others come first, then we
                self._jobs.put(None)
                return

    def _answer(self, batch: list[_Job]) -> None:
        begun = [(*job, self._begin(*job)) for job in batch]
        for connection, arrived, finish in begun:
            if finish is not None:
                self._finish(connection, arrived, finish)

    def _begin(self, connection: Connection, arrived: Arrived) -> Finish | None:
        try:
            closing = self.closing or connection.outdated
            return self._exchange.begin(arrived, connection, closing=closing)
        except BaseException:  # noqa: BLE001  # one thread less would be noticed much later
            self._give_up(connection, arrived)
            return None

    def _finish(self, connection: Connection, arrived: Arrived, finish: Finish) -> None:
        try:
            self._send(connection, arrived, finish())
        except BaseException:  # noqa: BLE001  # same
            self._give_up(connection, arrived)

    def _give_up(self, connection: Connection, arrived: Arrived) -> None:
        self._log.exception("failed to answer; the connection closes")
        with self._lock:
            self.held -= len(arrived.data)
        connection.closing = True
        self._return(connection, b"")

    def _send(self, connection: Connection, arrived: Arrived, reply: Reply) -> None:
        connection.closing = reply.close
        unsent = connection.send(reply.data)
        connection.since = self._clock.monotonic()
        with self._lock:
            self.held -= len(arrived.data)
            if unsent or connection.closing or connection.ended or connection.paused:
                following = None
            elif connection.next is None:
                connection.busy = False
                return
            else:
                following, connection.next = connection.next, None
        if following is None:
            self._return(connection, unsent)
        else:
            self._put(connection, following)
            self.flush()

    def _return(self, connection: Connection, unsent: bytes | memoryview) -> None:
        self._returned.append((connection, unsent))
        with suppress(BlockingIOError):  # a full pipe wakes as well
            os.write(self._wake_fd, b"\0")
