"""Prepared: a statement that is written once for each database, then goes straight to its driver.

SQLAlchemy writes the SQL, keeps the transaction and names the errors. What is left out is what it
does anew each time a statement is carried out: many times what SQLite takes for a row. So columns
are of types that every driver takes unchanged: integers, text and bytes.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection
    from sqlalchemy.engine.interfaces import DBAPICursor
    from sqlalchemy.sql.compiler import SQLCompiler
    from sqlalchemy.sql.elements import ClauseElement


class Prepared:
    """Hold one statement that takes `names`; `statements` are by dialect, or `any` for all."""

    def __init__(self, names: Iterable[str] = (), **statements: ClauseElement) -> None:
        self._names = list(names)
        self._statements = statements
        self._written: dict[str, _Written] = {}

    def run(self, connection: Connection, rows: Sequence[Mapping[str, object]]) -> None:
        """Carry it out for each of these rows."""
        written = self._for(connection)
        with _cursor(connection, written.sql) as cursor:
            cursor.executemany(written.sql, [written.ordered(row) for row in rows])

    def find(self, connection: Connection, **values: object) -> Sequence[Sequence[Any]]:
        """Carry it out once and return the rows that it finds."""
        written = self._for(connection)
        with _cursor(connection, written.sql) as cursor:
            cursor.execute(written.sql, written.ordered({**written.given, **values}))
            return cursor.fetchall()

    def _for(self, connection: Connection) -> _Written:
        dialect = connection.dialect
        written = self._written.get(dialect.name)
        if written is None:
            name = dialect.name if dialect.name in self._statements else "any"
            compiled = self._statements[name].compile(
                dialect=dialect, column_keys=self._names or None
            )
            written = self._written[dialect.name] = _Written(cast("SQLCompiler", compiled))
        return written


class _Written:
    """Hold a statement as one database reads it; `given` are the parameters it has by itself."""

    def __init__(self, compiled: SQLCompiler) -> None:
        self.sql = str(compiled)
        self.given = compiled.params
        self._order = compiled.positiontup

    def ordered(self, values: Mapping[str, object]) -> Any:  # noqa: ANN401  # as the driver takes it
        """Return values by name, or in the statement's order where the driver knows no names."""
        if self._order is None:
            return values
        return tuple([values[name] for name in self._order])


@contextmanager
def _cursor(connection: Connection, sql: str) -> Iterator[DBAPICursor]:
    """Lend the driver's cursor; its errors come as SQLAlchemy's, and free of parameters."""
    driver = connection.dialect.loaded_dbapi
    raw = connection.connection
    cursor = raw.cursor()
    try:
        yield cursor
    except driver.Error as error:
        lost = connection.dialect.is_disconnect(error, raw, cursor)
        if lost:
            connection.invalidate(error)
        raise DBAPIError.instance(
            sql,
            None,
            error,
            driver.Error,
            hide_parameters=True,
            connection_invalidated=lost,
            dialect=connection.dialect,
        ) from error
    finally:
        cursor.close()
