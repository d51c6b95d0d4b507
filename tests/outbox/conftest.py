"""An outbox on either database, and its history beside it."""

from __future__ import annotations

import itertools
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from adapter.outbox import History, Outbox, open_history, open_postgresql, open_sqlite
from adapter.secret import Secret
from support.clock import START
from support.postgresql import Cluster, cluster

if TYPE_CHECKING:
    from collections.abc import Iterator

numbers = itertools.count()


@pytest.fixture(scope="session")
def server() -> Iterator[Cluster]:
    # Not below pytest's own folder, which the server's user may not enter.
    with TemporaryDirectory() as folder, cluster(Path(folder)) as server:
        yield server


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param(
            "postgresql", marks=[pytest.mark.real, pytest.mark.xdist_group("history-postgresql")]
        ),
    ]
)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Secret | None]:
    """Return where the outbox is kept: the path of SQLite's file, or PostgreSQL's URL."""
    path = tmp_path / "adapter.db"
    if request.param == "sqlite":
        return path, None
    server: Cluster = request.getfixturevalue("server")
    name = f"history{next(numbers)}"
    server.execute(f"CREATE DATABASE {name}")
    return path, Secret(server.url(name))


@pytest.fixture
def outbox(place: tuple[Path, Secret | None]) -> Iterator[Outbox]:
    path, url = place
    outbox = open_sqlite(path, START) if url is None else open_postgresql(url)
    yield outbox
    outbox.close()


@pytest.fixture
def history(place: tuple[Path, Secret | None], outbox: Outbox) -> Iterator[History]:
    assert outbox.alive(), "it is read beside its owner"
    history = open_history(*place)
    yield history
    history.close()
