"""One client's connection: its socket, what has arrived on it, and its state.

It belongs to the poller's thread. While `busy` it is lent to the crew, which sends the answer.
`receive` and `send` never wait.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

    from adapter.serving.arrival import Arrival, Arrived
    from adapter.serving.recall import Recollection

RECEIVE_SIZE: Final = 64 * 1024


class Connection:
    """Hold one connection.

    `since` is the monotonic instant at which its state began: the silence, the first byte of a
    request, the last progress of an answer, or the half-close.
    """

    __slots__ = (
        "arrival",
        "busy",
        "client",
        "closed",
        "closing",
        "context",
        "counted",
        "ended",
        "environ",
        "lingering",
        "next",
        "outdated",
        "owes_continue",
        "paused",
        "read_on",
        "recollection",
        "server",
        "shaking",
        "since",
        "sock",
        "unsent",
        "watched",
    )

    def __init__(
        self, sock: socket.socket, client: object, server: object, arrival: Arrival, now: float
    ) -> None:
        sock.setblocking(False)
        self.sock = sock
        self.client = client
        self.server = server
        self.arrival = arrival
        self.since = now
        self.context: ssl.SSLContext | None = None  # with which it is encrypted
        self.shaking = False  # hands: nothing can be received or sent yet
        self.environ: Mapping[str, str] = {}  # what an application is to know of the encryption
        self.outdated = False  # another context is in force by now
        self.recollection: Recollection | None = None  # of the head that came last
        self.watched = 0  # events the selector waits for
        self.counted = 0  # bytes of `held` that the reception has counted
        self.busy = False  # a request is being answered
        self.next: Arrived | None = None  # a pipelined one waits for its turn
        self.paused = False  # behind which more has come; it is not read for now
        self.owes_continue = False  # "100 Continue", when the answer before is out
        self.unsent: bytes | memoryview = b""  # rest of an answer
        self.closing = False  # after this answer
        self.ended = False  # the client sends no more
        self.lingering = False  # we send no more, but read on until the client has seen the answer
        self.read_on = 0  # bytes, while lingering
        self.closed = False

    @property
    def held(self) -> int:
        """Return how many bytes are held here and not by the crew."""
        return self.arrival.held + len(self.unsent)

    @property
    def unfinished(self) -> bool:
        """Return whether a request is arriving or being answered."""
        return self.busy or self.arrival.held > 0

    def shake(self) -> int:
        """Go on with the handshake; return the events it waits for, none at its end."""
        return 0

    def send_plain(self, data: bytes) -> None:
        """Send what a client reads that speaks HTTP; the same where nothing is encrypted."""
        self.send(data)

    def receive(self) -> bytes | None:
        """Return what has come, nothing at the end, or None while there is nothing to read."""
        try:
            return self.sock.recv(RECEIVE_SIZE)
        except (BlockingIOError, InterruptedError):
            return None
        except OSError:  # a reset is an end too
            return b""

    def send(self, data: bytes | memoryview) -> bytes | memoryview:
        """Send what the kernel takes; return the rest, nothing when the client is gone."""
        try:
            sent = self.sock.send(data)
        except (BlockingIOError, InterruptedError):
            return data
        except OSError:
            self.closing = True
            return b""
        return memoryview(data)[sent:] if sent < len(data) else b""

    def finish_sending(self) -> None:
        """Close our half: the client sees where the answer ends, and may still send."""
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Close the socket."""
        self.closed = True
        with suppress(OSError):
            self.sock.close()
