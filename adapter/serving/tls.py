"""A connection that is encrypted. Nothing here waits: a client that dawdles holds nobody up.

A thread of the crew may send while the poller receives, and OpenSSL's state of one connection is
for one thread at a time; hence the lock, which is held only as long as bytes are at hand.
"""

from __future__ import annotations

import selectors
import socket
import ssl
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from adapter.serving.connection import RECEIVE_SIZE, Connection

if TYPE_CHECKING:
    from adapter.serving.arrival import Arrival

VERIFIED: Final = "SSL_CLIENT_VERIFY"
"""Where an application finds SUCCESS if the client's certificate is good, or else NONE.

No header can set it: those of a request come as HTTP_….
"""

NOTHING: Final = 0
"""Events that the handshake waits for at its end."""

_NOT_NOW: Final = (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError, InterruptedError)


class EncryptedConnection(Connection):
    """Hold one connection that is encrypted as `context` says."""

    __slots__ = ("_lock", "_tls")

    def __init__(  # noqa: PLR0913  # a connection's, and the context
        self,
        sock: socket.socket,
        client: object,
        server: object,
        arrival: Arrival,
        now: float,
        *,
        context: ssl.SSLContext,
    ) -> None:
        sock.setblocking(False)
        self._tls = context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        super().__init__(self._tls, client, server, arrival, now)
        self._lock = threading.Lock()
        self.context = context
        self.shaking = True

    def shake(self) -> int:
        """Go on with the handshake; return the events it waits for; raises OSError if it fails."""
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return selectors.EVENT_READ
        except ssl.SSLWantWriteError:
            return selectors.EVENT_WRITE
        self.shaking = False
        verified = "SUCCESS" if self._tls.getpeercert() else "NONE"
        self.environ = {"wsgi.url_scheme": "https", VERIFIED: verified}
        return NOTHING

    def send_plain(self, data: bytes) -> None:
        """Send what a client reads that speaks HTTP where TLS is spoken."""
        self.shaking = False
        with suppress(OSError):
            socket.socket.send(self._tls, data)

    def receive(self) -> bytes | None:
        """Return what has come, nothing at the end, or None while there is nothing to read."""
        with self._lock:
            try:
                return self._tls.recv(RECEIVE_SIZE)  # a record is smaller: none is left behind
            except _NOT_NOW:
                return None
            except OSError:
                return b""

    def send(self, data: bytes | memoryview) -> bytes | memoryview:
        """Send what the kernel takes; return the rest, nothing when the client is gone."""
        rest = memoryview(data)
        with self._lock:
            while rest:  # OpenSSL takes one record at a time
                try:
                    rest = rest[self._tls.send(rest) :]
                except _NOT_NOW:
                    return rest
                except OSError:
                    self.closing = True
                    return b""
        return b""

    def finish_sending(self) -> None:
        """Say that no more comes, and close our half; what is received from now on is not read."""
        with self._lock:
            with suppress(OSError, ValueError):
                self._tls.unwrap()
            super().finish_sending()


def connect(  # noqa: PLR0913  # a connection's, and the context
    sock: socket.socket,
    client: object,
    server: object,
    arrival: Arrival,
    now: float,
    *,
    context: ssl.SSLContext | None,
) -> Connection:
    """Return a connection, encrypted if a context says how; raises OSError where it is gone."""
    if context is None:
        return Connection(sock, client, server, arrival, now)
    return EncryptedConnection(sock, client, server, arrival, now, context=context)
