"""One thread that writes, and commits for everyone who waits.

SQLite takes one writer at a time, and a commit costs a flush of the disk. Requests that arrive
while a commit is on its way are therefore carried out together in the next one (group commit).
One writing connection in one process is also what keeps clear of SQLite's WAL-reset bug
(3.7.0 to 3.51.2), which needs two connections that write or checkpoint at once.
"""

from __future__ import annotations

import threading
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Final, TypeVar

from sqlalchemy.exc import DatabaseError, SQLAlchemyError

from adapter.errors import StoreUnavailable
from adapter.outbox.jobs import ANSWER_LIMIT, Begun, carry_out
from adapter.outbox.writing import each

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from sqlalchemy import Connection, Engine

    from adapter.outbox.jobs import Job
    from adapter.outbox.writing import Promise

A = TypeVar("A")
T = TypeVar("T")

GROUP_LIMIT: Final = 200
"""Operations that share one commit at most, so that nobody waits long behind others."""

_GONE: Final = (
    "the database file was removed or replaced while it was in use; the adapter starts anew"
)
_SPOILT: Final = "the database is corrupt; the next start moves it aside and uses a fresh one"
_CORRUPT: Final = ("malformed", "not a database", "disk image")


class OwnFile:
    """Remember which file a path meant when it was opened."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._identity = self._read()

    def is_there(self) -> bool:
        """Return whether the path still means that file."""
        return self._read() == self._identity

    def _read(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino


class Writer:
    """Run operations, each wholly or not at all, on the one writing connection."""

    def __init__(self, engine: Engine, file: OwnFile | None = None) -> None:
        self._engine = engine
        self._file = file
        self._queue: SimpleQueue[list[Job]] = SimpleQueue()
        self._begun = Begun(self._queue.put)
        self._thread = threading.Thread(target=self._run, name="outbox-writer", daemon=True)
        self._closed = threading.Event()
        self._corrupt = False
        self._gone = False
        self._thread.start()

    def run(self, operation: Callable[[Connection], T]) -> T:
        """Return what `operation` returns, once it is committed.

        Raises StoreUnavailable when it could not be committed, or not in time.
        """
        return self.begin(each, operation).wait()

    def begin(
        self, operation: Callable[[Connection, Sequence[A]], Sequence[T]], argument: A
    ) -> Promise[T]:
        """Promise what `operation` returns for `argument`, once it is committed.

        It is carried out once for all that wait for it in a row.
        """
        if self._closed.is_set() or not self._thread.is_alive():
            raise StoreUnavailable("the store is closed; the sender should try again later")
        if self._corrupt:
            raise StoreUnavailable(_SPOILT)
        return self._begun.add(operation, argument)

    def alive(self) -> bool:
        """Return whether operations are still taken and the file is there and sound."""
        return self._thread.is_alive() and not self._corrupt and not self._gone

    def corrupt(self) -> bool:
        """Return whether the file was found to be corrupt."""
        return self._corrupt

    def judge(self, cause: str) -> None:
        """Learn why an operation failed, here or where others read; a corrupt file ends it all."""
        self._corrupt = self._corrupt or any(sign in cause for sign in _CORRUPT)

    def close(self) -> None:
        """Carry out what was asked for and end."""
        if not self._closed.is_set():
            self._closed.set()
            self._queue.put([])
            self._thread.join(ANSWER_LIMIT)

    def _run(self) -> None:
        going = True
        with self._engine.connect() as connection:
            while going:
                jobs, going = self._next_group()
                wanted = [job for job in jobs if not job.given_up]
                if wanted:
                    self._commit(connection, wanted)

    def _next_group(self) -> tuple[list[Job], bool]:
        jobs = self._queue.get()
        going = bool(jobs)
        while going and len(jobs) < GROUP_LIMIT:
            try:
                more = self._queue.get_nowait()
            except Empty:
                break
            jobs += more
            going = bool(more)
        return jobs, going

    def _commit(self, connection: Connection, jobs: list[Job]) -> None:
        if self._file is not None and not self._file.is_there():
            self._gone = True  # what is committed now would be gone with the next start
            self._failed(connection, jobs, StoreUnavailable(_GONE))
            return
        try:
            with connection.begin():
                results = carry_out(connection, jobs)
        except Exception as error:  # noqa: BLE001  # whatever failed, the callers must hear of it
            self._failed(connection, jobs, error)
            return
        for job, result in zip(jobs, results, strict=True):
            job.finish(result)

    def _failed(self, connection: Connection, jobs: list[Job], error: Exception) -> None:
        if len(jobs) > 1 and not isinstance(error, (DatabaseError, StoreUnavailable)):
            for job in jobs:  # one of them is at fault; let it fail alone
                self._commit(connection, [job])
            return
        failure = self._translate(error)
        for job in jobs:
            job.finish(None, failure)

    def _translate(self, error: Exception) -> Exception:
        if not isinstance(error, SQLAlchemyError):
            return error
        cause = str(getattr(error, "orig", None) or type(error).__name__)  # without parameters
        self.judge(cause)
        locked = "end the program that holds its lock"
        next_step = locked if "locked" in cause else "see disk space and permissions"
        return StoreUnavailable(f"the store failed: {cause}; {next_step}")
