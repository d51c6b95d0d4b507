"""Control: how a command changes an outbox that another process may own.

SQLite has one owner. While that is `serve`, it listens on a Unix socket beside the database, which
only its user may open: one JSON line asks, one answers.
"""

from __future__ import annotations

import socket
import stat
import threading
from typing import TYPE_CHECKING, Final, Literal

import msgspec
import structlog

from adapter.core.delivery import Post
from adapter.errors import AdapterError, StoreLocked
from adapter.outbox.letters import Changed
from adapter.outbox.postgresql import open_postgresql
from adapter.outbox.sqlite import open_existing

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from adapter.outbox.store import Outbox
    from adapter.secret import Secret

PATIENCE: Final = 10.0
"""Seconds that either side waits for the other: more than a commit may take."""

LONGEST_LINE: Final = 1 << 20
"""Bytes of a question or an answer."""

log = structlog.get_logger(__name__)


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ask for a change of the outbox: of what `ids` name, or to send `post`."""

    command: Literal["retry", "discard", "send"]
    ids: tuple[str, ...] = ()
    post: Post | None = None


def socket_path(database: Path) -> Path:
    """Return where the owner of a database listens."""
    return database.with_name(database.name + ".sock")


def carry_out(outbox: Outbox, request: Request, now: datetime) -> Changed:
    """Change an outbox as asked."""
    if request.post is not None:
        posted = outbox.post(request.post, now=now)
        return Changed(done=(posted.id,), robots=(request.post.robot,))
    if request.command == "retry":
        return outbox.retry(request.ids)
    return outbox.discard(request.ids, now=now)


def change(path: Path, postgresql: Secret | None, request: Request, now: datetime) -> Changed:
    """Change the outbox: through whoever owns SQLite's file, or else as its owner.

    Raises StoreUnavailable, or StoreLocked where the owner does not listen.
    """
    if postgresql is not None:
        return _change(open_postgresql(postgresql), request, now)
    try:
        outbox = open_existing(path)
    except StoreLocked as locked:
        return ask_owner(path, request, locked)
    return _change(outbox, request, now)


def _change(outbox: Outbox, request: Request, now: datetime) -> Changed:
    try:
        return carry_out(outbox, request, now)
    finally:
        outbox.close()


def ask_owner(database: Path, request: Request, locked: StoreLocked) -> Changed:
    """Let the owner of a database change it; raises StoreLocked if it does not listen."""
    path = socket_path(database)
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(PATIENCE)
            connection.connect(str(path))
            connection.sendall(msgspec.json.encode(request) + b"\n")
            return msgspec.json.decode(_read_line(connection), type=Changed)
    except (OSError, msgspec.MsgspecError) as error:
        raise StoreLocked(
            f"{locked}\nit was asked through {path}, without an answer: {error}; "
            "run this as the user that `serve` runs as, or while it is stopped"
        ) from None


def _read_line(connection: socket.socket) -> bytes:
    read = b""
    while not read.endswith(b"\n") and len(read) < LONGEST_LINE:
        part = connection.recv(1 << 16)
        if not part:
            break
        read += part
    return read


class Listener:
    """Carry out what commands ask of the owner of a database, in a thread of its own."""

    def __init__(self, database: Path, carry_out: Callable[[Request], Changed]) -> None:
        self._path = socket_path(database)
        self._carry_out = carry_out
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to listen; where that fails all else goes on, and the log says so."""
        try:
            self._socket = self._listen()
        except OSError as error:
            log.warning(
                "commands cannot reach this process; stop it before `outbox retry` or `discard`",
                socket=str(self._path),
                why=str(error),
            )
            return
        self._thread = threading.Thread(
            target=self._run, args=[self._socket], name="control", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Listen no more, and leave no socket behind."""
        if self._socket is None or self._thread is None:
            return
        self._path.unlink(missing_ok=True)
        self._socket.shutdown(socket.SHUT_RDWR)  # which ends a wait for somebody to connect
        self._thread.join(PATIENCE)
        self._socket.close()

    def _listen(self) -> socket.socket:
        """Take the place of a socket that a killed process left: whoever owns the lock may."""
        if self._path.exists() and stat.S_ISSOCK(self._path.lstat().st_mode):
            self._path.unlink()
        listening = socket.socket(socket.AF_UNIX)
        try:
            listening.bind(str(self._path))
            self._path.chmod(0o600)  # nobody can connect before `listen`
            listening.listen()
        except OSError:
            listening.close()
            raise
        return listening

    def _run(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:  # stopped
                return
            with connection:
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        connection.settimeout(PATIENCE)
        try:
            answer = self._reply(_read_line(connection))
            connection.sendall(msgspec.json.encode(answer) + b"\n")
        except OSError as error:
            log.warning("a command went away without its answer", why=str(error))

    def _reply(self, line: bytes) -> Changed:
        try:
            return self._carry_out(msgspec.json.decode(line, type=Request))
        except (msgspec.MsgspecError, AdapterError) as error:
            return Changed(problems=(str(error),))
        except Exception:
            log.exception("a command failed by a fault of the adapter")
            return Changed(problems=("the adapter failed; its log says how",))
