"""Prepared: a statement that is written once for each database, then goes straight to its driver.

SQLAlchemy writes the SQL, keeps the transaction and names the errors. What is left out is what it
does anew each time a statement is carried out: many times what SQLite takes for a row. So columns
are of types that every driver takes unchanged: integers, text and bytes.
"""

from __future__ import annotations

import typing
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import msgspec
from sqlalchemy import JSON, Text, bindparam, cast, func
from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from sqlalchemy import Connection
    from sqlalchemy.engine.interfaces import DBAPICursor
    from sqlalchemy.sql.compiler import SQLCompiler
    from sqlalchemy.sql.elements import ClauseElement
    from sqlalchemy.sql.selectable import TableValuedAlias

T = TypeVar("T")


class Prepared:
    """Hold one statement that takes `names`; `statements` are by dialect, or `any` for all."""

    def __init__(self, names: Iterable[str] = (), **statements: ClauseElement) -> None:
        self._names = list(names)
        self._statements = statements
        self._written: dict[str, _Written] = {}

    def run(self, connection: Connection, rows: Sequence[Mapping[str, object]]) -> None:
        """Carry it out for each of these rows."""
        dialect = connection.dialect
        written = self._written.get(dialect.name) or self._write(connection)
        cursor = connection.connection.cursor()
        try:
            cursor.executemany(written.sql, list(map(written.ordered, rows)))
        except dialect.loaded_dbapi.Error as error:
            raise _named(error, connection, cursor, written.sql) from error
        finally:
            cursor.close()

    def find(self, connection: Connection, **values: object) -> Sequence[Sequence[Any]]:
        """Carry it out once and return the rows that it finds."""
        return self._execute(connection, values, _Written.rows)

    def rows(self, connection: Connection, **values: object) -> list[Any]:
        """Carry it out once and return the rows that it finds, with their columns as attributes."""
        return self._execute(connection, values, _Written.named_rows)

    def first(self, connection: Connection, **values: object) -> Any:  # noqa: ANN401  # such a row
        """Carry it out once and return the first row that it finds, likewise; None if none."""
        return next(iter(self.rows(connection, **values)), None)

    def do(self, connection: Connection, **values: object) -> None:
        """Carry it out once, where it finds nothing."""
        self._execute(connection, values, _nothing)

    def _execute(
        self,
        connection: Connection,
        values: Mapping[str, object],
        fetch: Callable[[_Written, DBAPICursor], T],
    ) -> T:
        dialect = connection.dialect
        written = self._written.get(dialect.name) or self._write(connection)
        cursor = connection.connection.cursor()
        try:
            cursor.execute(written.sql, written.ordered({**written.given, **values}))
            return fetch(written, cursor)
        except dialect.loaded_dbapi.Error as error:
            raise _named(error, connection, cursor, written.sql) from error
        finally:
            cursor.close()

    def _write(self, connection: Connection) -> _Written:
        dialect = connection.dialect
        name = dialect.name if dialect.name in self._statements else "any"
        compiled = self._statements[name].compile(dialect=dialect, column_keys=self._names or None)
        written = self._written[dialect.name] = _Written(typing.cast("SQLCompiler", compiled))
        return written


def listed(name: str) -> dict[str, TableValuedAlias]:
    """Return by dialect a table with a column `value`: what stands in the parameter `name`.

    One statement then asks for any number of them; see `as_list`.
    """
    json = bindparam(name, type_=Text)
    return {
        "sqlite": func.json_each(json).table_valued("value"),
        "postgresql": func.json_array_elements_text(cast(json, JSON)).table_valued("value"),
    }


def as_list(values: Iterable[str]) -> str:
    """Return texts as the one parameter that `listed` takes apart."""
    return msgspec.json.encode(list(values)).decode()


class _Written:
    """Hold a statement as one database reads it; `given` are the parameters it has by itself.

    `ordered` makes of values by name what the driver takes: the same, or a tuple in the statement's
    order where it knows no names.
    """

    def __init__(self, compiled: SQLCompiler) -> None:
        self.sql = str(compiled)
        self.given = compiled.params
        self.ordered = _ordering(compiled.positiontup)
        self._row: Callable[[Iterable[Any]], Any] | None = None

    def rows(self, cursor: DBAPICursor) -> Sequence[Sequence[Any]]:
        """Return what it found."""
        return cursor.fetchall()

    def named_rows(self, cursor: DBAPICursor) -> list[Any]:
        """Return what it found, each column by its name."""
        if self._row is None:
            names = [(column[0], Any) for column in cursor.description]
            self._row = NamedTuple("Row", names)._make
        return list(map(self._row, cursor.fetchall()))


def _nothing(written: _Written, cursor: DBAPICursor) -> None:
    del written, cursor


def _ordering(names: Sequence[str] | None) -> Callable[[Mapping[str, object]], Any]:
    if names is None:
        return _as_they_are
    if len(names) > 1:
        return itemgetter(*names)
    return lambda values: tuple([values[name] for name in names])


def _as_they_are(values: Mapping[str, object]) -> Mapping[str, object]:
    return values


def _named(  # the driver's error, whose class only it knows
    error: Any,  # noqa: ANN401
    connection: Connection,
    cursor: DBAPICursor,
    sql: str,
) -> Exception:
    """Return a driver's error as SQLAlchemy's, free of parameters."""
    dialect = connection.dialect
    driver = dialect.loaded_dbapi
    lost = dialect.is_disconnect(error, connection.connection, cursor)
    if lost:
        connection.invalidate(error)
    named: Exception = DBAPIError.instance(
        sql,
        None,
        error,
        driver.Error,
        hide_parameters=True,
        connection_invalidated=lost,
        dialect=dialect,
    )
    return named
