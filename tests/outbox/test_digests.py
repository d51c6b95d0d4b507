"""A digest of very much on either database, and a kill between two slices of it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
from sqlalchemy import event, text

from adapter.core.delivery import Idle
from adapter.core.priority import Priority
from adapter.outbox import Outbox, digests, open_postgresql, open_sqlite, outlining, summing
from adapter.outbox.slices import PAUSE
from support.alerts import make_alert, make_delivery
from support.clock import START
from support.digests_contract import finish, told, warning
from support.outbox_contract import (
    FAST,
    LEASE,
    MINUTE,
    alerts_of,
    ask,
    digest_of,
    entries_of,
    put,
    settle,
    take,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from adapter.secret import Secret

_TESTS = str(Path(__file__).parents[1])

_KILLED = """
import os, pathlib, signal, sys
sys.path.insert(0, sys.argv[4])
from adapter.outbox import digests, open_postgresql, open_sqlite, store
from adapter.secret import Secret
from support.clock import START
from support.outbox_contract import ask, digest_of, settle, take

path, url, slices = sys.argv[1], sys.argv[2], int(sys.argv[3])
outbox = open_postgresql(Secret(url)) if url else open_sqlite(pathlib.Path(path), START)
turn = take(outbox)
assert outbox.launch(turn, digest_of(turn), now=START)
digests.SLICE = 2
go_on = digests.go_on

def die_in_the_last(connection, robot, progress=None):
    global slices
    gone = go_on(connection, robot, progress)
    if not slices:
        os.kill(os.getpid(), signal.SIGKILL)  # before it is committed
    slices -= 1
    return gone

digests.go_on = die_in_the_last
settle(outbox, turn, "d-1")
while True:
    ask(outbox)
"""


def reopen(place: tuple[Path, Secret | None]) -> Outbox:
    path, url = place
    return open_sqlite(path, START) if url is None else open_postgresql(url)


@pytest.mark.parametrize("slices", [0, 2, 5])
def test_a_kill_in_any_slice_loses_doubles_and_miscounts_nothing(
    place: tuple[Path, Secret | None], slices: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = reopen(place)
    for number in range(7):
        put(outbox, warning(number))
    outbox.close()
    path, url = place
    given = [str(path), "" if url is None else url.reveal(), str(slices), _TESTS]
    killed = subprocess.run([sys.executable, "-c", _KILLED, *given], check=False)
    assert killed.returncode == -signal.SIGKILL
    outbox = reopen(place)
    assert outbox.waiting() == 7 - min(7, 2 * slices)
    put(outbox, warning(8, key="after"))
    monkeypatch.setattr(digests, "SLICE", 2)
    if not slices:  # not even that it was sent is known: the same bytes go out again
        again = take(outbox, now=START + LEASE)
        assert again.open is not None
        outbox.relaunch(again, "d-1", now=START + LEASE)
        assert settle(outbox, again, "d-1", now=START + LEASE)
    turn = finish(outbox)
    assert turn is not None
    assert turn.open is None
    assert [entry.delivery.group.group_key for entry in entries_of(turn)] == ["after"]
    outbox.close()


def test_a_database_of_before_weights_is_carried_on_with(
    place: tuple[Path, Secret | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits there is weighed when it is read; what comes is weighed once."""
    monkeypatch.setattr(digests, "SLICE", 2)
    outbox = reopen(place)
    told(outbox, 5)
    put(outbox, warning(10, of=3, name="Old"))
    drop = text("ALTER TABLE deliveries DROP COLUMN weights")
    outbox._writer.run(lambda connection: connection.execute(drop).close())  # noqa: SLF001  # as it was
    outbox.close()
    outbox = reopen(place)
    put(outbox, warning(11, of=2, name="New"))
    turn = finish(outbox)
    assert turn is not None
    assert {count.name: count.alerts for count in turn.totals.counts} == {"Old": 3, "New": 2}
    outbox.close()


def test_what_is_newer_and_told_in_part_counts_in_part(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it weighed when it came is not what is left of it."""
    monkeypatch.setattr(digests, "SLICE", 2)
    told(outbox, 5)
    put(outbox, warning(10, of=3, name="Part"))
    first = text("UPDATE deliveries SET told = '1' WHERE alerts = 3")
    outbox._writer.run(lambda connection: connection.execute(first).close())  # noqa: SLF001  # as if
    turn = finish(outbox)
    assert turn is not None
    assert {count.name: count.alerts for count in turn.totals.counts} == {"Part": 2}


def test_the_head_goes_on_from_page_to_page(outbox: Outbox) -> None:
    """As many deliveries as the first query reads, one more, and more than two queries do."""
    sizes = [1] * 20 + [300] + [1] * 24
    for number, size in enumerate(sizes):
        put(outbox, warning(number, of=size))
    head = [waiting.delivery.group.group_key for waiting in take(outbox).head]
    assert head == [str(number) for number in range(45)]


def test_webhooks_go_before_slices_but_not_for_ever(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digests, "SLICE", 1)
    told(outbox, 9)
    pause = Idle(START + PAUSE, rests=True)
    found = []
    for number in range(4):
        found.append(ask(outbox))
        if number in {0, 2}:
            put(outbox, warning(10 + number))
    assert found == [Idle(START), pause, Idle(START), pause]
    put(outbox, warning(20))
    late = START + FAST.slot
    assert ask(outbox, now=late) == Idle(late)


def test_what_is_high_waits_for_no_webhook(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "SLICE", 1)
    for number in range(6):
        put(outbox, warning(number))
    turn = take(outbox)
    assert outbox.launch(turn, digest_of(turn), now=START)
    put(outbox, make_delivery(make_alert("High"), key="h", priority=Priority.HIGH))
    assert settle(outbox, turn, "d-1")
    for number in range(3):
        put(outbox, warning(10 + number))
        assert ask(outbox) == Idle(START)
    after = finish(outbox)
    assert after is not None
    assert entries_of(after)[0].alert.name == "High"


def test_a_slice_holds_few_deliveries_of_many_alerts(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digests, "SLICE_ALERTS", 6)
    for number in range(5):
        put(outbox, warning(number, of=3))
    turn = take(outbox)
    assert outbox.launch(turn, digest_of(turn), now=START)
    assert settle(outbox, turn, "d-1")
    left = [outbox.waiting()]
    for _ in range(2):
        ask(outbox)
        left.append(outbox.waiting())
    assert left == [1, 0, 0], "two slices are settled at once"
    assert finish(outbox) is None


@pytest.fixture
def _few_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summing, "COUNTED", 3)
    monkeypatch.setattr(outlining, "_FIRST", outlining._FIRST.limit(2))  # noqa: SLF001  # same as less


@pytest.mark.usefixtures("_few_names")
def test_of_many_names_those_of_which_most_wait_are_counted_each(outbox: Outbox) -> None:
    for number in range(6):
        put(outbox, warning(number, of=number + 1, name=f"A{number}"))
    put(outbox, warning(7, name="A0"))
    put(outbox, make_delivery(make_alert("Over", severity="info", status="resolved"), key="over"))
    put(outbox, make_delivery(make_alert("High"), key="h", priority=Priority.HIGH))
    totals = take(outbox).totals
    normal = [count for count in totals.counts if count.priority is Priority.NORMAL]
    assert {count.name: count.alerts for count in normal if not count.names} == {
        "A5": 6,
        "A4": 5,
        "Over": 1,
    }
    assert [(count.names, count.alerts) for count in normal if count.names] == [(4, 11)]
    assert (totals.deliveries, totals.high_deliveries) == (8, 1)
    assert totals.last_id == 8
    assert sum(count.alerts for count in totals.counts) == 24


@pytest.mark.usefixtures("_few_names")
def test_the_sums_of_many_names_are_those_of_all(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        put(outbox, warning(number, of=number + 1, name=f"A{number}"))
    turn = take(outbox)
    outbox.give_back(turn)
    monkeypatch.setattr(summing, "COUNTED", 2_000)
    exact = take(outbox).totals
    for name in ("alerts", "full_bytes", "line_bytes"):
        summed, counted = (
            [getattr(count, name) for count in totals.counts] for totals in (turn.totals, exact)
        )
        assert sum(summed) == sum(counted)
    assert msgspec.structs.replace(turn.totals, counts=()) == msgspec.structs.replace(
        exact, counts=()
    )


@pytest.mark.usefixtures("_few_names")
def test_what_comes_while_many_names_are_summed_up_is_not_taken_for_told(outbox: Outbox) -> None:
    for number in range(6):
        put(outbox, warning(number, name=f"A{number}"))
    late = iter([warning(7, name="A1", key="late")])

    def arrive(_connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        if "FROM totals" in statement and "GROUP BY" in statement:
            for delivery in late:
                put(outbox, delivery)

    event.listen(outbox._reading, "after_cursor_execute", arrive)  # noqa: SLF001  # between two of its statements
    turn = take(outbox)
    event.remove(outbox._reading, "after_cursor_execute", arrive)  # noqa: SLF001  # same
    assert next(late, None) is None
    assert alerts_of(turn.totals) == 6
    assert outbox.launch(turn, digest_of(turn), now=START)
    assert settle(outbox, turn, "d-1")
    after = finish(outbox)
    assert after is not None
    assert [entry.delivery.group.group_key for entry in entries_of(after)] == ["late"]


def test_a_digest_of_many_names_is_told_and_settled_whole(outbox: Outbox) -> None:
    """As many as there are, with nothing made smaller."""
    number = summing.COUNTED + 100
    outbox.enqueue(
        [warning(each, name=f"Name {each}") for each in range(number)],
        now=START,
        dedup_window=MINUTE,
    )
    turn = take(outbox)
    assert alerts_of(turn.totals) == number
    assert len(turn.totals.counts) == outlining.NAMED + 1
    launch = digest_of(turn)
    assert launch.alerts == number
    assert outbox.launch(turn, launch, now=START)
    assert settle(outbox, turn, "d-1")
    assert finish(outbox) is None
    assert outbox.waiting() == 0
