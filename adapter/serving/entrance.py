"""Accept connections while there is room for them; who waits meanwhile, waits in the kernel."""

from __future__ import annotations

import errno
import selectors
from functools import partial
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterable

    from gunicorn.glogging import Logger

ACCEPTED_AT_ONCE: Final = 64
"""Connections accepted before others get their turn."""

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
        self._listeners += [(listener, listener.getsockname()) for listener in listeners]

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

    def remove(self) -> None:
        """Accept what has connected until now, and then nothing any more."""
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
