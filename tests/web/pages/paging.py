"""The program as the pages see it: with an outbox of its own."""

from __future__ import annotations

import html
import re
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import event

from adapter.outbox import Outbox, open_sqlite
from support.clock import START
from web.test_webhooks import Program

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask.testing import FlaskClient

    from adapter.config.settings import Settings


class Paged(Program):
    def __init__(self, settings: Settings, records: Outbox) -> None:
        super().__init__(settings)
        self._records = records

    @property
    def records(self) -> Outbox:
        return self._records


def an_outbox(folder: Path) -> Iterator[Outbox]:
    """Own an outbox on SQLite for as long as a fixture lives."""
    with closing(open_sqlite(folder / "adapter.db", START)) as outbox:
        yield outbox


def text_of(client: FlaskClient, path: str = "/", language: str = "en") -> str:
    """Return what a page says, tags left out, white space folded."""
    response = client.get(path, headers={"Accept-Language": language})
    assert response.status_code == 200, response.text
    body = response.text.partition("<main id=")[2].partition(">")[2].partition("</main>")[0]
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())


def fill(database: Path, number: int, robot: str = "ops", state: str = "pending") -> None:
    """Put many copies of the newest delivery beside the others, and into the queue."""
    with closing(sqlite3.connect(database)) as connection, connection:
        known = (row[1] for row in connection.execute("PRAGMA table_info(deliveries)"))
        columns = ", ".join(name for name in known if name not in {"id", "robot", "state"})
        connection.execute(
            f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {number}) "  # noqa: S608  # a test's own words
            f"INSERT INTO deliveries (robot, state, {columns}) SELECT ?, ?, {columns} "
            "FROM (SELECT * FROM deliveries ORDER BY id DESC LIMIT 1), n",
            (robot, state),
        )
        if state == "pending":
            connection.execute("UPDATE queues SET deliveries = deliveries + ?", (number,))


@contextmanager
def statements(outbox: Outbox) -> Iterator[list[tuple[str, Any]]]:
    """Collect what is asked of the database, with what fills it in."""
    asked: list[tuple[str, Any]] = []

    def note(_: object, __: object, statement: str, parameters: Any, *___: object) -> None:  # noqa: ANN401  # the driver's
        asked.append((statement, parameters))

    engine = outbox._reading  # noqa: SLF001  # only the engine sees statements
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)


def plans(database: Path, asked: list[tuple[str, Any]]) -> list[str]:
    """Return how SQLite looks for each of these, a line a table."""
    with closing(sqlite3.connect(database)) as connection:
        return [
            line[3]
            for statement, parameters in asked
            for line in connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]
