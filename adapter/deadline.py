"""A hard end for a request: the timeouts of HTTP libraries start anew with every byte that comes.

The request runs in a thread of its own, and its caller waits for it no longer than it may take.
Then the connection is cut, and one that is only then made is closed before a byte is sent on it; so
the thread ends soon, except where a look-up of a name hangs, which holds that thread alone.
"""

from __future__ import annotations

import socket
import threading
from concurrent.futures import Future, wait
from contextlib import suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, TypeVar

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

if TYPE_CHECKING:
    from collections.abc import Callable

    from urllib3 import PoolManager, ProxyManager

Result = TypeVar("Result")


class Overdue(Exception):  # noqa: N818  # reads better where it is raised
    """Report that a request took too long; `connected` is False if no byte of it can have left."""

    def __init__(self, *, connected: bool) -> None:
        super().__init__("the request took too long")
        self.connected = connected


def within(seconds: float, request: Callable[[], Result]) -> Result:
    """Return what `request` returns, or raise `Overdue` and cut the connection it has made.

    It connects through a session whose adapters are `CuttableAdapter`s.
    """
    line, answer = _Line(), Future[Result]()
    threading.Thread(target=_answer, args=(line, answer, request), daemon=True).start()
    wait([answer], seconds)
    done = answer.done()
    connected = line.cut()  # in any case: a connection that is kept could not be cut next time
    if not done:
        raise Overdue(connected=connected)
    return answer.result()


class CuttableAdapter(HTTPAdapter):
    """Connect, also through a proxy, such that `within` can cut the connection."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  # as in requests
        """Make the pools of direct connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> ProxyManager:  # noqa: ANN401  # same
        """Make the pools of connections through a proxy."""
        manager: ProxyManager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager

    poolmanager: PoolManager


class _Line:
    """The connection of one request.

    It holds a second descriptor of the socket: TLS takes the first one's place, and a number that
    was closed may soon mean another file.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._over = False
        self._socket: socket.socket | None = None

    def open(self, connection: socket.socket) -> None:
        with self._lock:
            if self._over:
                connection.close()
                raise TimeoutError("connected after the request's time was over")
            self._socket = connection.dup()

    def cut(self) -> bool:
        """End the connection, now or as soon as it is made; return whether it was made."""
        with self._lock:
            self._over = True
            if self._socket is None:
                return False
            with suppress(OSError):  # the other side was faster
                self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()
            return True


_line: Final[ContextVar[_Line]] = ContextVar("line")


def _answer(line: _Line, answer: Future[Result], request: Callable[[], Result]) -> None:
    _line.set(line)
    try:
        answer.set_result(request())
    except BaseException as error:  # noqa: BLE001  # the caller raises it
        answer.set_exception(error)


def _opened(connection: socket.socket) -> socket.socket:
    _line.get().open(connection)
    return connection


class _Plain(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _opened(super()._new_conn())


class _Encrypted(HTTPSConnection):
    # The handshake, and a proxy's CONNECT, come after this and are cut with the rest.
    def _new_conn(self) -> socket.socket:
        return _opened(super()._new_conn())


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _EncryptedPool(HTTPSConnectionPool):
    ConnectionCls = _Encrypted


_POOLS: Final = {"http": _PlainPool, "https": _EncryptedPool}
