"""Open the outbox on SQLite: one owner, one writing connection, nothing lost at a power cut.

WAL with `synchronous=FULL` flushes at each commit. Builds differ in their defaults, so every pragma
is read back. A corrupt file is moved aside and a fresh one used: the next alert matters more.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import create_engine, event, text, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import QueuePool, StaticPool

from adapter.errors import StoreLocked, StoreUnavailable
from adapter.outbox.mounts import MOUNTS, refuse_network
from adapter.outbox.prepared import Prepared
from adapter.outbox.store import Outbox
from adapter.outbox.tables import SCHEMA_VERSION, create_tables, tokens
from adapter.outbox.writer import OwnFile, Writer

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Connection, Engine

_PRAGMAS: Final = {
    "journal_mode": "wal",
    "synchronous": 2,  # FULL
    "foreign_keys": 1,
    "busy_timeout": 1000,  # nobody but a person with a shell holds a lock; senders retry a 503
}
_READERS: Final = 4
_PAGE: Final = 8192
"""Bytes of a page of a new database: a delivery of hundreds of alerts takes half the pages."""


@dataclass(frozen=True, slots=True)
class Lock:
    """Hold the lock file beside a database; the kernel frees it when the process ends."""

    descriptor: int

    def release(self) -> None:
        """Let another process own the database."""
        os.close(self.descriptor)


def open_sqlite(path: Path, now: datetime, *, mounts: Path = MOUNTS) -> Outbox:
    """Open or create the database at `path` and own it until the outbox is closed.

    Raises StoreLocked when another process owns it and StoreUnavailable when it cannot be opened.
    `Outbox.moved_aside` names the corrupt file that was found and replaced, if one was, and
    `Outbox.vanished` says that there had been a file, as its lock shows, and there is none now.
    """
    refuse_network(path, mounts)
    owned_before = _lock_path(path).exists()
    lock = acquire_lock(path)
    try:
        vanished = owned_before and not path.exists()
        return _own(path, lock, _move_aside_if_corrupt(path, now), vanished=vanished)
    except BaseException:
        lock.release()
        raise


def open_existing(path: Path) -> Outbox:
    """Open a database that is there and sound, and own it; leave every other as it is.

    Raises StoreLocked when another process owns it and StoreUnavailable when it cannot be opened.
    """
    _require(path)
    refuse_network(path)
    lock = acquire_lock(path)
    try:
        _require_sound(path)
        return _own(path, lock)
    except BaseException:
        lock.release()
        raise


def read_sqlite(path: Path) -> Engine:
    """Return an engine that only reads the database, whoever owns it; raises StoreUnavailable."""
    _require(path)
    return _engine(path, readonly=True)


def _require(path: Path) -> None:
    if not path.exists():
        raise StoreUnavailable(
            f"there is no database {path}; `serve` makes it when it first starts, "
            "and storage.url says where"
        )


def _require_sound(path: Path) -> None:
    if not _is_sound(path):
        raise StoreUnavailable(
            f"{path} is corrupt; the next start of `serve` moves it aside and uses a fresh one"
        )


def _own(
    path: Path, lock: Lock, moved_aside: Path | None = None, *, vanished: bool = False
) -> Outbox:
    writing = _engine(path, readonly=False)
    _create(writing, path)

    def release() -> None:
        writing.dispose()
        lock.release()

    return Outbox(
        Writer(writing, OwnFile(path)),
        reading=_engine(path, readonly=True),
        release=release,
        moved_aside=moved_aside,
        vanished=vanished,
    )


def acquire_lock(path: Path) -> Lock:
    """Become the one owner of the database at `path`, or raise StoreLocked."""
    lock_path = _lock_path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreUnavailable(
            f"cannot write {lock_path}: {error.strerror}; storage.url needs a writable directory"
        ) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        owner = os.read(descriptor, 64).decode(errors="replace").strip() or "unknown"
        os.close(descriptor)
        raise StoreLocked(
            f"{path} is in use by process {owner}; SQLite has one owner: "
            "stop that service, or give this one its own storage.url"
        ) from None
    os.ftruncate(descriptor, 0)
    # A worker's arbiter would start another one, so both are named.
    os.write(descriptor, f"{os.getpid()} (started by {os.getppid()})\n".encode())
    return Lock(descriptor)


def _lock_path(path: Path) -> Path:
    return path.with_name(path.name + ".lock")


def _engine(path: Path, *, readonly: bool) -> Engine:
    mode = "ro" if readonly else "rwc"
    engine = create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            uri=True,
            check_same_thread=False,
            isolation_level=None,  # the `begin` hook below says when a transaction starts, and how
        ),
        poolclass=QueuePool if readonly else StaticPool,
        **({"pool_size": _READERS} if readonly else {}),
    )
    event.listen(engine, "connect", _set_reading_pragmas if readonly else _set_writing_pragmas)
    begin = Prepared(any=text("BEGIN" if readonly else "BEGIN IMMEDIATE"))

    def on_begin(connection: Connection) -> None:
        begin.find(connection)

    event.listen(engine, "begin", on_begin)
    return engine


def _set_writing_pragmas(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute(f"PRAGMA page_size = {_PAGE}")  # a database that is there keeps its own
    for name, wanted in _PRAGMAS.items():
        connection.execute(f"PRAGMA {name} = {wanted}")
        found = _read_pragma(connection, name)
        if found != wanted:
            raise StoreUnavailable(
                f"SQLite kept {name} = {found} where {wanted} was set; "
                "is the database on a network file system? Use a local disk"
            )


def _set_reading_pragmas(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA query_only = 1")
    connection.execute(f"PRAGMA busy_timeout = {_PRAGMAS['busy_timeout']}")


def _read_pragma(connection: sqlite3.Connection, name: str) -> Any:  # noqa: ANN401  # int or str
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


def _create(engine: Engine, path: Path) -> None:
    try:
        with engine.begin() as connection:
            version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
            if version > SCHEMA_VERSION:
                raise StoreUnavailable(
                    f"{path} has schema {version}, this program knows {SCHEMA_VERSION}; "
                    "it was written by a newer version: run that one"
                )
            create_tables(connection)
            # Whoever held a lease is gone: the lock proves it.
            connection.execute(update(tokens).values(leased_until=0))
            connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or type(error).__name__
        raise StoreUnavailable(f"cannot open {path}: {cause}; see disk space and rights") from None


def _move_aside_if_corrupt(path: Path, now: datetime) -> Path | None:
    if not path.exists() or _is_sound(path):
        return None
    aside = path.with_name(f"{path.name}.corrupt-{now:%Y%m%dT%H%M%SZ}")
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    return aside


def _is_sound(path: Path) -> bool:
    try:
        connection = sqlite3.connect(path)
        try:
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok")
        finally:
            connection.close()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            return False
        raise StoreUnavailable(f"cannot read {path}: {error}; see permissions") from None
    except sqlite3.DatabaseError:
        return False
