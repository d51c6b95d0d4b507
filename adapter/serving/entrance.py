"""Accept connections while there is room for them; who waits meanwhile, waits in the kernel."""

from __future__ import annotations

import ctypes
import errno
import selectors
import socket
import struct
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gunicorn.glogging import Logger

ACCEPTED_AT_ONCE: Final = 64
"""Connections accepted before others get their turn."""

_ATTACH_FILTER: Final = 26
_DETACH_FILTER: Final = 27
_FILTER: Final = (
    (0x30, 0, 0, 13),  # load the byte with the flags of TCP's header
    (0x45, 0, 1, 0x02),  # SYN? if not, skip one
    (0x06, 0, 0, 0),  # keep nothing of the packet
    (0x06, 0, 0, 0xFFFFFFFF),  # keep all of it
)
_STARVED: Final = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


class Entrance:
    """Accept on the listeners of one worker.

    `welcome` gets each new socket with the addresses of both sides; `has_room` may make some.
    """

    def __init__(
        self,
        selector: selectors.BaseSelector,
        welcome: Callable[[socket.socket, object, object], None],
        has_room: Callable[[], bool],
        log: Logger,
    ) -> None:
        self._selector = selector
        self._welcome = welcome
        self._has_room = has_room
        self._log = log
        self._listeners: list[tuple[socket.socket, object]] = []
        self._opened = False

    def add(self, listeners: Iterable[socket.socket]) -> None:
        """Take over these listeners, which do not block."""
        for listener in listeners:
            _let_in(listener)  # a worker before us may have gone out
            self._listeners.append((listener, listener.getsockname()))

    def open(self) -> None:
        """Accept from now on."""
        if not self._opened:
            for listener, server in self._listeners:
                accept = partial(self._accept, listener, server)
                self._selector.register(listener, selectors.EVENT_READ, accept)
            self._opened = True

    def shut(self) -> None:
        """Accept no more for now."""
        if self._opened:
            for listener, _ in self._listeners:
                self._selector.unregister(listener)
            self._opened = False

    def keep_out(self) -> None:
        """Accept only who is connecting already.

        Closing a listener resets the connections that the kernel made or was making meanwhile. So
        it begins no more for a moment before `remove`: who comes then knocks again, and is refused
        when the listener is closed.
        """
        for listener, _ in self._listeners:
            _keep_out(listener)

    def remove(self) -> None:
        """Accept who has connected until now, and then nobody any more."""
        for listener, server in self._listeners:
            while self._accept_one(listener, server):
                pass
        self.shut()
        for listener, _ in self._listeners:
            listener.close()
        self._listeners = []

    def _accept(self, listener: socket.socket, server: object) -> None:
        for _ in range(ACCEPTED_AT_ONCE):
            if not self._accept_one(listener, server):
                return

    def _accept_one(self, listener: socket.socket, server: object) -> bool:
        """Accept one connection; return whether another may be waiting."""
        if not self._has_room():
            self.shut()
            return False
        try:
            sock, client = listener.accept()
        except BlockingIOError:
            return False
        except ConnectionAbortedError:
            return True
        except OSError as error:  # Linux also reports here what ails the network
            self._log.error("cannot accept a connection: %s", error)
            if error.errno in _STARVED:
                self.shut()
            return False
        self._welcome(sock, client, server)
        return True


def _keep_out(listener: socket.socket) -> None:
    """Drop what would begin a connection: Linux asks a filter about each packet to a listener."""
    steps = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in _FILTER))
    program = struct.pack("HP", len(_FILTER), ctypes.addressof(steps))
    with suppress(OSError):  # elsewhere, such a connection is reset
        listener.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, program)


def _let_in(listener: socket.socket) -> None:
    with suppress(OSError):  # there is none, mostly
        listener.setsockopt(socket.SOL_SOCKET, _DETACH_FILTER, 0)
