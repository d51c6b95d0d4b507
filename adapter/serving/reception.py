"""Receive requests on many connections with one thread, and have the crew answer them.

The poller's thread accepts and reads whatever has come, and waits for nobody. Only a request that
has arrived whole goes to the crew: a connection without one costs no thread, be it idle, slow or
malicious. That is also why a burst of Alertmanager does not stall although connections are kept
alive: Go's HTTP client opens connections ahead of need and leaves them silent, and gunicorn's
gthread lends each of them a thread for five seconds.
"""

from __future__ import annotations

import os
import selectors
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Concatenate, Final, ParamSpec

from adapter.serving.arrival import Arrival, Limits, Verdict
from adapter.serving.bounds import Remedy, heaviest, may_speak, remedy, spare
from adapter.serving.entrance import Entrance
from adapter.serving.exchange import host_of, refusal
from adapter.serving.tls import connect

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable, Sequence

    from gunicorn.glogging import Logger

    from adapter.clock import Clock
    from adapter.serving.connection import Connection
    from adapter.serving.crew import Crew
    from adapter.serving.service import ServingOptions

GO_ON: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
SPEAK_TLS: Final = "this port speaks TLS; write https:// in the URL"
P = ParamSpec("P")
_NOTHING: Final = 0
_READ: Final = selectors.EVENT_READ
_WRITE: Final = selectors.EVENT_WRITE


class Reception:
    """Run the connections of one worker.

    `stirred_at` is the monotonic instant at which a client last connected or sent something. `tls`
    says how a new connection is encrypted, if it is.
    """

    def __init__(
        self,
        crew: Crew,
        options: ServingOptions,
        clock: Clock,
        log: Logger,
        tls: Callable[[], ssl.SSLContext | None],
    ) -> None:
        self.stirred_at = clock.monotonic()
        self._crew = crew
        self._options = options
        self._limits = Limits(body=options.max_body)
        self._clock = clock
        self._log = log
        self._tls = tls
        self._selector = selectors.DefaultSelector()
        self._entrance = Entrance(self._selector, self._welcome, self._has_room, log)
        self._connections: set[Connection] = set()
        self._held = 0  # bytes, beside those in the crew's hands

    def open(self, listeners: Sequence[socket.socket], wake_fd: int) -> None:
        """Begin to accept; `wake_fd` is the reading end of the pipe that wakes the poller."""
        self._selector.register(wake_fd, _READ, partial(self._wake, wake_fd))
        self._entrance.add(listeners)
        self._entrance.open()

    def turn(self, timeout: float) -> None:
        """Wait for something to do, at most `timeout` seconds, and do it."""
        for key, _ in self._selector.select(timeout):
            key.data()
        self._crew.flush()

    def sweep(self) -> None:
        """Part with the connections whose time is up, and see to new ones."""
        now, context = self._clock.monotonic(), self._tls()
        for connection in list(self._connections):
            connection.outdated = connection.context is not context
            measure = remedy(connection, now, self._options)
            if measure is not None:
                self._safely(self._apply, connection, measure)
        self._entrance.open()  # shut for want of room: by now some may be made
        self._crew.flush()

    def unfinished(self) -> bool:
        """Return whether a request is arriving or being answered."""
        return any(connection.unfinished for connection in self._connections)

    def expecting(self) -> bool:
        """Return whether a request is under way, or a client may be about to send one."""
        now = self._clock.monotonic()
        return any(one.unfinished or may_speak(one, now) for one in self._connections)

    def lingering(self) -> bool:
        """Return whether a client may not have seen its answer yet."""
        return any(connection.lingering for connection in self._connections)

    def pause_accepting(self) -> None:
        """Leave those who connect from now on to whoever listens beside us, until a sweep."""
        self._entrance.shut()

    def keep_out(self) -> None:
        """Accept only who is connecting already."""
        self._entrance.keep_out()

    def stop_accepting(self) -> None:
        """Accept what has connected until now and close the listeners."""
        self._entrance.remove()

    def close(self) -> None:
        """Close every connection."""
        for connection in list(self._connections):
            self._drop(connection)

    def _wake(self, wake_fd: int) -> None:
        os.read(wake_fd, 4096)
        for connection, unsent in self._crew.returned():
            self._safely(self._take_back, connection, unsent)

    def _safely(
        self,
        act: Callable[Concatenate[Connection, P], None],
        connection: Connection,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> None:
        """Act on a connection; whatever goes wrong concerns it alone."""
        if connection.closed:
            return  # by what happened to another one in the same turn
        try:
            act(connection, *args, **kwargs)
        except Exception:  # noqa: BLE001  # the service goes on
            self._log.exception("failed to handle a connection; it closes")
            self._drop(connection)

    def _welcome(self, sock: socket.socket, client: object, server: object) -> None:
        now = self._clock.monotonic()
        arrival, context = Arrival(self._limits), self._tls()
        try:
            connection = connect(sock, client, server, arrival, now, context=context)
        except OSError:  # it is gone again
            sock.close()
            return
        self._connections.add(connection)
        self.stirred_at = now
        self._watch(connection, _READ)
        self._safely(self._attend, connection)  # mostly the request is there already

    def _has_room(self) -> bool:
        return len(self._connections) < self._options.max_connections or self._make_room()

    def _make_room(self) -> bool:
        found = spare(self._connections, self._clock.monotonic())
        for connection in found:
            if connection.unfinished:
                self._refuse(connection, "too many connections")
            self._drop(connection)
        return bool(found)

    def _watch(self, connection: Connection, events: int) -> None:
        if events == connection.watched:
            return
        attend = partial(self._safely, self._attend, connection)
        if not events:
            self._selector.unregister(connection.sock)
        elif connection.watched:
            self._selector.modify(connection.sock, events, attend)
        else:
            self._selector.register(connection.sock, events, attend)
        connection.watched = events

    def _attend(self, connection: Connection) -> None:
        """Do what a connection is ready for."""
        if connection.shaking:
            self._shake(connection)
        elif connection.unsent:
            self._write_on(connection)
        elif connection.lingering:
            self._read_on(connection)
        else:
            self._read(connection)

    def _shake(self, connection: Connection) -> None:
        try:
            awaited = connection.shake()
        except OSError as error:
            reason, host = getattr(error, "reason", "broken"), host_of(connection.client)
            self._log.info("a TLS handshake with %s failed: %s", host, reason)
            if reason == "HTTP_REQUEST":
                connection.send_plain(refusal(HTTPStatus.SERVICE_UNAVAILABLE, SPEAK_TLS))
                self._linger(connection)
            else:
                self._drop(connection)
            return
        self._watch(connection, awaited or _READ)
        if not connection.shaking:
            connection.since = self._clock.monotonic()
            self._read(connection)

    def _take_back(self, connection: Connection, unsent: bytes | memoryview) -> None:
        connection.unsent = unsent
        self._settle(connection)

    def _apply(self, connection: Connection, measure: Remedy) -> None:
        match measure:
            case Remedy.CLOSE:
                self._drop(connection)
            case Remedy.REFUSE:
                self._refuse(connection, "the request did not arrive whole in time")
            case Remedy.GIVE_UP:
                connection.arrival.give_up()
                self._advance(connection)

    def _read(self, connection: Connection) -> None:
        data = connection.receive()
        if data is None:
            return
        if not data:
            self._end(connection)
            return
        self.stirred_at = self._clock.monotonic()
        if not connection.unfinished:
            connection.since = self.stirred_at
        connection.arrival.feed(data)
        self._count(connection)
        self._relieve()
        if not connection.lingering:
            self._advance(connection)

    def _end(self, connection: Connection) -> None:
        if self._crew.end(connection):
            self._watch(connection, _NOTHING)
        else:
            self._drop(connection)

    def _count(self, connection: Connection) -> None:
        self._held += connection.held - connection.counted
        connection.counted = connection.held

    def _relieve(self) -> None:
        excess = self._held + self._crew.held - self._options.max_buffered
        if excess <= 0:
            return
        for connection in heaviest(self._connections, excess):
            if connection.unsent:
                self._drop(connection)
            else:
                self._refuse(connection, "too many requests are arriving")

    def _advance(self, connection: Connection) -> None:
        """Hand over what has arrived whole; behind two requests, stop reading."""
        while (verdict := connection.arrival.verdict()) is not Verdict.INCOMPLETE:
            must_wait = connection.next is not None or verdict is Verdict.CONTINUE
            if must_wait and self._crew.pause(connection):
                connection.owes_continue = verdict is Verdict.CONTINUE
                self._watch(connection, _NOTHING)
                break
            if verdict is Verdict.CONTINUE:
                connection.send(GO_ON)
                break
            arrived = connection.arrival.take()
            self._crew.submit(connection, arrived)
            if arrived.last:
                self._watch(connection, _NOTHING)
                break
        self._count(connection)

    def _settle(self, connection: Connection) -> None:
        """Go on with a connection that the crew has returned."""
        self._count(connection)
        if connection.unsent:
            self._watch(connection, _WRITE)
        elif connection.closing:
            self._linger(connection)
        else:
            self._crew.resume(connection)
            self._resume(connection)

    def _resume(self, connection: Connection) -> None:
        if connection.ended:
            if not connection.busy:
                self._drop(connection)
            return
        self._watch(connection, _READ)
        if connection.owes_continue:
            connection.owes_continue = False
            connection.send(GO_ON)
        if connection.paused:
            connection.paused = False
            self._advance(connection)

    def _write_on(self, connection: Connection) -> None:
        connection.unsent = connection.send(connection.unsent)
        connection.since = self._clock.monotonic()
        self._count(connection)
        if not connection.unsent:
            self._settle(connection)

    def _refuse(self, connection: Connection, reason: str) -> None:
        # 503 and not 408: Alertmanager sends again only after a 5xx.
        connection.send(refusal(HTTPStatus.SERVICE_UNAVAILABLE, reason))
        self._log.warning("refused a request: %s", reason)
        self._linger(connection)

    def _linger(self, connection: Connection) -> None:
        """Half-close, and read on: closing on unread bytes would tear the answer up."""
        self._crew.forget(connection)
        connection.arrival = Arrival(self._limits)
        self._count(connection)
        if connection.ended:
            self._drop(connection)
            return
        connection.finish_sending()
        connection.lingering = True
        connection.since = self._clock.monotonic()
        self._watch(connection, _READ)

    def _read_on(self, connection: Connection) -> None:
        data = connection.receive()
        if data is None:
            return
        connection.read_on += len(data)
        if not data or connection.read_on > self._limits.discarded:
            self._drop(connection)

    def _drop(self, connection: Connection) -> None:
        self._crew.forget(connection)
        self._watch(connection, _NOTHING)
        self._connections.discard(connection)
        self._held -= connection.counted
        connection.counted = 0
        connection.close()
