"""What one step costs does not depend on how much waits: counted in steps of SQLite's machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapter.outbox import Outbox, open_sqlite
from adapter.outbox.heads import HEAD_ALERTS
from support.alerts import make_delivery
from support.clock import START
from support.full_store import MANY, fill
from support.outbox_contract import put, take

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy import Connection


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    outbox = open_sqlite(tmp_path / "adapter.db", START)
    yield outbox
    outbox.close()


def steps(outbox: Outbox, operation: Callable[[], object]) -> int:
    """Return how many instructions of SQLite's machine an operation takes."""
    count = 0

    def step() -> int:
        nonlocal count
        count += 1
        return 0

    def watch(connection: Connection) -> None:
        database = connection.connection.dbapi_connection
        assert database is not None
        database.set_progress_handler(step, 1)

    outbox._writer.run(watch)  # noqa: SLF001  # the writing connection does all of it
    count = 0
    operation()
    return count


def test_accepting_costs_the_same_however_much_waits(outbox: Outbox) -> None:
    fill(outbox, 10, START)
    few = steps(outbox, lambda: put(outbox, make_delivery(key="new among few")))
    fill(outbox, MANY, START)
    many = steps(outbox, lambda: put(outbox, make_delivery(key="new among many")))
    assert 0 < many <= 1.2 * few


def test_a_turn_costs_by_its_head_and_not_by_the_backlog(outbox: Outbox) -> None:
    def turn() -> None:
        taken = take(outbox)
        assert len(taken.head) == HEAD_ALERTS
        outbox.give_back(taken)

    fill(outbox, 2 * HEAD_ALERTS, START)
    few = steps(outbox, turn)
    fill(outbox, MANY, START)
    assert 0 < steps(outbox, turn) <= 1.2 * few
