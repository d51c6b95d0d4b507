"""The outbox on SQLite: the contract, and what is SQLite's own."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine, event, text

from adapter.errors import StoreLocked, StoreUnavailable
from adapter.outbox import Outbox, open_sqlite
from adapter.outbox.writer import Writer
from support.acts_contract import ActsContract
from support.alerts import make_alert, make_delivery
from support.announced_contract import AnnouncedContract
from support.clock import START
from support.deferral_contract import DeferralContract
from support.digests_contract import DigestsContract
from support.heartbeats_contract import HeartbeatsContract
from support.kept_contract import KeptContract
from support.outbox_contract import (
    LEASE,
    OutboxContract,
    entries_of,
    launch_of,
    put,
    take,
)
from support.pool_contract import PoolContract
from support.reminders_contract import RemindersContract
from support.together_contract import TogetherContract

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "adapter.db"


@pytest.fixture
def outbox(path: Path) -> Iterator[Outbox]:
    outbox = open_sqlite(path, START)
    yield outbox
    outbox.close()


def put_many(outbox: Outbox, count: int) -> None:
    for number in range(count):
        put(outbox, make_delivery(key=f"{outbox.waiting()} {number}"))


class TestSqlite(
    OutboxContract,
    DeferralContract,
    ActsContract,
    RemindersContract,
    TogetherContract,
    KeptContract,
    AnnouncedContract,
    PoolContract,
    HeartbeatsContract,
):
    """SQLite meets the contract."""


class TestSlicesOfSqlite(DigestsContract):
    """SQLite settles digests of very much as well."""


def test_commits_are_flushed_to_disk(outbox: Outbox) -> None:
    def read(connection: Connection) -> tuple[object, object]:
        journal = connection.execute(text("PRAGMA journal_mode")).scalar()
        return journal, connection.execute(text("PRAGMA synchronous")).scalar()

    assert outbox._writer.run(read) == ("wal", 2)  # noqa: SLF001  # what the engine really uses


def test_what_was_accepted_survives_the_process(path: Path) -> None:
    first = open_sqlite(path, START)
    put(first, make_delivery())
    turn = take(first)
    first.launch(turn, launch_of(entries_of(turn)), now=START)
    first.close()
    second = open_sqlite(path, START)
    again = take(second, now=START + LEASE)
    assert again.open is not None
    assert again.open.body == b"body of m-1"
    assert second.spent(START) == {"token of ops": 1}
    assert second.waiting() == 1
    second.close()


def test_a_second_owner_is_kept_out(outbox: Outbox, path: Path) -> None:
    put(outbox, make_delivery())
    with pytest.raises(StoreLocked, match="in use by process"):
        open_sqlite(path, START)
    assert outbox.waiting() == 1


def test_a_second_process_is_kept_out(outbox: Outbox, path: Path) -> None:
    program = (
        "import sys, pathlib, datetime\n"
        "from adapter.errors import StoreLocked\n"
        "from adapter.outbox import open_sqlite\n"
        "try: open_sqlite(pathlib.Path(sys.argv[1]), datetime.datetime.fromtimestamp(0))\n"
        "except StoreLocked: sys.exit(7)\n"
    )
    assert outbox.alive()
    assert subprocess.run([sys.executable, "-c", program, path], check=False).returncode == 7


def test_the_lock_is_free_after_closing(path: Path) -> None:
    open_sqlite(path, START).close()
    open_sqlite(path, START).close()


@pytest.mark.parametrize("damage", ["garbage", "page"])
def test_a_corrupt_file_is_moved_aside(path: Path, damage: str) -> None:
    first = open_sqlite(path, START)
    for number in range(200):
        put(first, make_delivery(key=str(number)))
    first.close()
    content = bytearray(path.read_bytes())
    if damage == "garbage":
        content[:4096] = b"no database" * 372 + b"...."
    else:
        content[8192 : 8192 + 4096] = b"\xff" * 4096
    path.write_bytes(content)
    second = open_sqlite(path, START)
    assert second.moved_aside == path.with_name("adapter.db.corrupt-20261123T200000Z")
    assert second.moved_aside.read_bytes() == bytes(content), "kept for a person to look at"
    assert put(second, make_delivery()).deliveries == 1
    second.close()


def test_a_sound_file_is_not_moved(path: Path) -> None:
    open_sqlite(path, START).close()
    second = open_sqlite(path, START)
    assert second.moved_aside is None
    assert not second.vanished
    second.close()


def test_a_file_that_was_owned_before_and_is_gone_is_noticed(path: Path) -> None:
    first = open_sqlite(path, START)
    assert not first.vanished, "there never was one"
    first.close()
    path.unlink()
    second = open_sqlite(path, START)
    assert second.vanished
    second.close()


def test_a_newer_schema_is_refused(path: Path) -> None:
    open_sqlite(path, START).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreUnavailable, match="written by a newer version"):
        open_sqlite(path, START)


def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable, match=r"cannot write .*file/x\.db\.lock"):
        open_sqlite(tmp_path / "file" / "x.db", START)


def test_a_full_disk_refuses_and_recovers(outbox: Outbox) -> None:
    """`max_page_count` gives SQLite's own SQLITE_FULL."""

    def limit(pages: int) -> None:
        outbox._writer.run(  # noqa: SLF001  # the limit belongs to the writing connection
            lambda connection: connection.execute(text(f"PRAGMA max_page_count = {pages}")).scalar()
        )

    limit(1)
    with pytest.raises(StoreUnavailable, match="full"):
        put_many(outbox, 200)
    waiting = outbox.queue()["ops"].pending
    assert waiting == outbox.waiting()
    assert outbox.alive()
    limit(1_000_000)
    assert put(outbox, make_delivery(key="after")).deliveries == 1


def test_corruption_at_run_time_ends_the_store(outbox: Outbox, path: Path) -> None:
    put_many(outbox, 300)
    outbox._writer.run(  # noqa: SLF001  # so that pages are read from the file
        lambda connection: connection.execute(text("PRAGMA cache_size = 0")).close()
    )
    for part in (path, path.with_name(path.name + "-wal")):
        with part.open("r+b") as file:
            file.seek(4096)
            file.write(b"\xff" * max(0, part.stat().st_size - 4096))
    with pytest.raises(StoreUnavailable, match=r"malformed|not a database|disk image"):
        put_many(outbox, 300)
    assert not outbox.alive()
    assert outbox.corrupt()


def test_requests_that_arrive_together_share_a_commit(outbox: Outbox) -> None:
    commits = 0
    assert isinstance(outbox._writer, Writer)  # noqa: SLF001  # to see when all are in its queue
    queue = outbox._writer._queue  # noqa: SLF001  # same
    first_runs, go_on = threading.Event(), threading.Event()

    def count(_connection: Connection) -> None:
        nonlocal commits
        commits += 1

    def hold(_connection: Connection) -> None:
        first_runs.set()
        go_on.wait(10)

    event.listen(Engine, "commit", count)
    try:
        blocker = threading.Thread(target=outbox._writer.run, args=(hold,))  # noqa: SLF001
        blocker.start()
        first_runs.wait(10)
        threads = [
            threading.Thread(target=put, args=(outbox, make_delivery(key=str(number))))
            for number in range(20)
        ]
        for thread in threads:
            thread.start()
        while queue.qsize() < 20:
            pass
        go_on.set()
        for thread in (blocker, *threads):
            thread.join()
    finally:
        event.remove(Engine, "commit", count)
    assert outbox.waiting() == 20
    assert commits == 2


def test_what_was_not_committed_in_time_is_not_committed_later(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only an operation that has begun may still be committed after its caller was refused."""
    monkeypatch.setattr("adapter.outbox.jobs.ANSWER_LIMIT", 0.05)
    started, go_on = threading.Event(), threading.Event()

    def hold(_connection: Connection) -> None:
        started.set()
        go_on.wait(10)

    def refused() -> None:
        with pytest.raises(StoreUnavailable, match="did not commit within"):
            outbox._writer.run(hold)  # noqa: SLF001  # to keep the writer busy

    blocker = threading.Thread(target=refused)
    blocker.start()
    started.wait(10)
    with pytest.raises(StoreUnavailable, match="did not commit within"):
        put(outbox, make_delivery())
    blocker.join()
    monkeypatch.undo()
    go_on.set()
    assert put(outbox, make_delivery(key="after")).deliveries == 1
    assert outbox.queue()["ops"].pending == 1


def test_an_operation_that_fails_harms_no_other(outbox: Outbox) -> None:
    started, go_on = threading.Event(), threading.Event()

    def hold(_connection: Connection) -> None:
        started.set()
        go_on.wait(10)

    def fail(_connection: Connection) -> None:
        raise ValueError("a bug")

    failures: list[str] = []

    def run_failing() -> None:
        try:
            outbox._writer.run(fail)  # noqa: SLF001  # the seam where a bug would show
        except ValueError as error:
            failures.append(str(error))

    threads = [threading.Thread(target=outbox._writer.run, args=(hold,))]  # noqa: SLF001
    threads[0].start()
    started.wait(10)
    threads.append(threading.Thread(target=run_failing))
    threads.append(threading.Thread(target=put, args=(outbox, make_delivery())))
    for thread in threads[1:]:
        thread.start()
    go_on.set()
    for thread in threads:
        thread.join()
    assert failures == ["a bug"]
    assert outbox.waiting() == 1


def test_a_closed_store_says_so(path: Path) -> None:
    outbox = open_sqlite(path, START)
    outbox.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        put(outbox, make_delivery())


@pytest.mark.parametrize("what", ["removed", "replaced"])
def test_a_file_that_is_taken_away_is_noticed_before_anything_is_acknowledged(
    outbox: Outbox, path: Path, what: str
) -> None:
    put(outbox, make_delivery(key="before"))
    path.unlink()
    if what == "replaced":
        path.write_bytes(b"")
    with pytest.raises(StoreUnavailable, match="removed or replaced"):
        put(outbox, make_delivery(key="after"))
    assert not outbox.alive(), "so that the worker starts anew"
    assert not outbox.corrupt()


def test_a_new_owner_does_not_wait_for_the_lease_of_the_old(path: Path) -> None:
    first = open_sqlite(path, START)
    put(first, make_delivery())
    take(first)
    first.close()
    second = open_sqlite(path, START)
    take(second)
    second.close()


def test_a_row_that_cannot_be_read_is_set_aside(outbox: Outbox) -> None:
    put(outbox, make_delivery(key="a"))
    put(outbox, make_delivery(make_alert("Readable"), key="b"))
    outbox._writer.run(  # noqa: SLF001  # as a newer version might have written
        lambda connection: connection.execute(
            text("UPDATE deliveries SET payload = 'x' WHERE id = 1")
        ).close()
    )
    turn = take(outbox)
    assert [waiting.delivery.group.alerts[0].name for waiting in turn.head] == ["Readable"]
