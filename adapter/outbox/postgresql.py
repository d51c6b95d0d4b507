"""Open the outbox on PostgreSQL: several replicas share queue, rates, leases and deduplication.

Each operation is a transaction on a pooled connection; what belongs to one robot is done one after
another under an advisory lock, so that two replicas neither accept one duplicate each nor wait for
each other in a circle.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final, TypeVar

from sqlalchemy import create_engine, text
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from adapter.errors import StoreUnavailable
from adapter.outbox.jobs import Begun, carry_out
from adapter.outbox.store import Outbox
from adapter.outbox.tables import SCHEMA_VERSION, create_tables
from adapter.outbox.writing import each

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection, Engine

    from adapter.outbox.jobs import Job
    from adapter.outbox.writing import Promise
    from adapter.secret import Secret

A = TypeVar("A")
T = TypeVar("T")

CONNECTIONS: Final = 16
"""Connections of one replica at most."""

_SCHEMA_LOCK: Final = 0x64696E67
_STATEMENT_LIMIT: Final = 5_000
"""Milliseconds a statement may take; then the sender is better served by a 503 and its retry."""

_CREATE_VERSION: Final = text(
    "CREATE TABLE IF NOT EXISTS schema_version (version integer PRIMARY KEY)"
)


_OF_ALL: Final = (OperationalError, InterfaceError, PoolTimeout, StoreUnavailable)
"""Failures that are not one operation's fault: no other would pass."""


class PooledWriter:
    """Run operations, each wholly or not at all, on any connection of a pool."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._closed = threading.Event()
        self._begun = Begun(self._carry_out)

    def run(self, operation: Callable[[Connection], T]) -> T:
        """Return what `operation` returns, once it is committed; raises StoreUnavailable."""
        return self.begin(each, operation).wait()

    def begin(
        self, operation: Callable[[Connection, Sequence[A]], Sequence[T]], argument: A
    ) -> Promise[T]:
        """Promise what `operation` returns for `argument`.

        It is carried out, in one transaction with all that this thread has begun, when it waits.
        """
        return self._begun.add(operation, argument)

    def _carry_out(self, jobs: list[Job]) -> None:
        try:
            results = self._transact(lambda connection: carry_out(connection, jobs))
        except Exception as error:  # noqa: BLE001  # whatever failed, the callers must hear of it
            if len(jobs) > 1 and not isinstance(error, _OF_ALL):
                for job in jobs:  # one of them is at fault; let it fail alone
                    self._carry_out([job])
                return
            failure = _unavailable(error) if isinstance(error, SQLAlchemyError) else error
            for job in jobs:
                job.finish(None, failure)
            return
        for job, result in zip(jobs, results, strict=True):
            job.finish(result)

    def _transact(self, operation: Callable[[Connection], T]) -> T:
        if self._closed.is_set():
            raise StoreUnavailable("the store is closed; the sender should try again later")
        with self._engine.begin() as connection:
            return operation(connection)

    def alive(self) -> bool:
        """Return whether operations are taken; a database that is away comes back."""
        return not self._closed.is_set()

    def corrupt(self) -> bool:
        """Return False: PostgreSQL answers for its own files."""
        return False

    def judge(self, cause: str) -> None:
        """Learn nothing: same."""

    def close(self) -> None:
        """Take no more operations."""
        self._closed.set()


def open_postgresql(url: Secret) -> Outbox:
    """Open the database at `url`, creating what it lacks; raises StoreUnavailable.

    A replica that starts beside others finds the schema made, or waits while another makes it.
    """
    engine = create_engine(
        url.reveal(),
        pool_size=CONNECTIONS,
        pool_pre_ping=True,
        pool_timeout=_STATEMENT_LIMIT / 1000,
        connect_args={
            "connect_timeout": 5,
            "options": f"-c statement_timeout={_STATEMENT_LIMIT} -c synchronous_commit=on",
        },
    )
    try:
        with engine.begin() as connection:
            _create(connection)
    except StoreUnavailable:
        engine.dispose()
        raise
    except SQLAlchemyError as error:
        engine.dispose()
        raise StoreUnavailable(
            f"cannot open the database of storage.url: {_cause(error)}; "
            "see that it runs, and its name, user and password"
        ) from None
    return Outbox(PooledWriter(engine), reading=engine, release=engine.dispose)


def read_postgresql(url: Secret) -> Engine:
    """Return an engine that only reads the database at `url`."""
    options = f"-c statement_timeout={_STATEMENT_LIMIT} -c default_transaction_read_only=on"
    return create_engine(url.reveal(), connect_args={"connect_timeout": 5, "options": options})


def _create(connection: Connection) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SCHEMA_LOCK})
    connection.execute(_CREATE_VERSION)
    version = connection.execute(text("SELECT max(version) FROM schema_version")).scalar()
    if version is not None and version > SCHEMA_VERSION:
        raise StoreUnavailable(
            f"the database has schema {version}, this program knows {SCHEMA_VERSION}; "
            "it was written by a newer version: run that one"
        )
    create_tables(connection)
    if version != SCHEMA_VERSION:
        connection.execute(
            text("INSERT INTO schema_version VALUES (:version)"), {"version": SCHEMA_VERSION}
        )


def _unavailable(error: SQLAlchemyError) -> StoreUnavailable:
    return StoreUnavailable(f"the store failed: {_cause(error)}")


def _cause(error: SQLAlchemyError) -> str:
    """Return the first line of what the driver says: it names no password."""
    said = str(getattr(error, "orig", None) or type(error).__name__)
    return said.strip().splitlines()[0] if said.strip() else type(error).__name__
