"""What a person looks for is found, the newest first, by indexes and in bounded time."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest
from sqlalchemy import event, func, update

from adapter.core.audit import By, Decision
from adapter.core.search import Search, Term, terms_of
from adapter.outbox import compression, open_history, open_sqlite, searching
from adapter.outbox.tables import deliveries
from outbox.test_history import bury
from support.alerts import make_alert, make_delivery
from support.clock import START
from support.outbox_contract import MINUTE, deliver, put

if TYPE_CHECKING:
    from pathlib import Path

    from adapter.core.search import Hits
    from adapter.outbox import History, Outbox


def ids(hits: Hits) -> list[int]:
    return [hit.id for hit in hits.found]


def fill(outbox: Outbox, number: int = 6) -> None:
    """Put deliveries a minute apart, to robots in turn."""
    for index in range(number):
        alert = make_alert(f"Alert{index}", team="db", note=f'say "{index}" & more')
        robot = ("ops", "db")[index % 2]
        put(outbox, make_delivery(alert, robot=robot, key=str(index)), now=START + index * MINUTE)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("", [6, 5, 4, 3, 2, 1]),
        ("Alert3", [4]),
        ("alertname=Alert3", [4]),
        ("lert", [6, 5, 4, 3, 2, 1]),
        ("team=db Alert1", [2]),
        ("team=d", []),
        ("""note='say "2" & more'""", [3]),
        ("summary=Alert1", []),
        ("NodeCPUHigh", []),
    ],
)
def test_words_are_those_of_one_alert(
    outbox: Outbox, history: History, words: str, found: list[int]
) -> None:
    fill(outbox)
    hits = history.search(Search(terms=terms_of(words)))
    assert (ids(hits), hits.more) == (found, None)


def test_a_fingerprint_finds_its_alert_among_others(outbox: Outbox, history: History) -> None:
    wanted, other = make_alert("A", instance="1"), make_alert("B", instance="2")
    put(outbox, make_delivery(other, wanted, key="1"), make_delivery(other, key="2"))
    (hit,) = history.search(Search(terms=(Term(wanted.fingerprint),))).found
    assert (hit.id, hit.alerts, hit.fitting, hit.firing, hit.names) == (1, 2, 1, 2, ("A",))


def test_words_of_two_alerts_do_not_add_up(outbox: Outbox, history: History) -> None:
    put(outbox, make_delivery(make_alert("A", x="1"), make_alert("B", x="2")))
    assert ids(history.search(Search(terms=terms_of("A x=2")))) == []
    assert ids(history.search(Search(terms=terms_of("A x=1")))) == [1]


def test_words_are_found_in_large_groups_too(outbox: Outbox, history: History) -> None:
    """Their payloads are compressed, which the database cannot look into."""
    for index in range(6):
        alerts = (make_alert(f"Alert{index}", instance=f"node-{number}") for number in range(40))
        put(outbox, make_delivery(*alerts, key=str(index)))
    assert ids(history.search(Search(terms=terms_of("Alert3 instance=node-7")))) == [4]
    assert ids(history.search(Search(terms=terms_of("lert instance=node-39")))) == [
        *(6, 5, 4, 3, 2, 1)
    ]
    assert ids(history.search(Search(terms=terms_of("instance=node-40")))) == []


def test_a_spoilt_payload_is_passed_over(outbox: Outbox, history: History) -> None:
    for index in range(3):
        alerts = (make_alert(f"Alert{index}", instance=f"node-{number}") for number in range(40))
        put(outbox, make_delivery(*alerts, key=str(index)))
    cut = update(deliveries).values(payload=func.substr(deliveries.c.payload, 1, 60))
    outbox._writer.run(  # noqa: SLF001  # as no program of ours does
        lambda connection: connection.execute(cut.where(deliveries.c.id == 2)).close()
    )
    assert ids(history.search(Search(terms=terms_of("instance=node-7")))) == [3, 1]
    assert ids(history.search(Search())) == [3, 1]


def test_robot_time_and_state_narrow_it_down(outbox: Outbox, history: History) -> None:
    fill(outbox)
    deliver(outbox, "db", now=START + 6 * MINUTE)
    for search, found in (
        (Search(robot="db"), [6, 4, 2]),
        (Search(state="pending"), [5, 3, 1]),
        (Search(state="sent"), [6, 4, 2]),
        (Search(state="pending", robot="db"), []),
        (Search(state="deferred"), []),
        (Search(since=START + 2 * MINUTE), [6, 5, 4, 3]),
        (Search(until=START + 2 * MINUTE), [2, 1]),
        (Search(since=START + MINUTE, until=START + 3 * MINUTE), [3, 2]),
        (Search(since=START + timedelta(days=1)), []),
        (Search(until=START), []),
        (Search(before=3), [2, 1]),
        (Search(before=5, state="pending", terms=terms_of("team=db")), [3, 1]),
    ):
        hits = history.search(search)
        assert (ids(hits), hits.more) == (found, None), search


def test_nothing_is_found_in_an_empty_outbox(history: History) -> None:
    for state in ("", "pending", "dead", "sent"):
        hits = history.search(Search(state=state, since=START, terms=terms_of("x")))
        assert (hits.found, hits.more, hits.looked_back_to) == ((), None, None)


def test_dead_letters_and_what_was_given_up_are_found(outbox: Outbox, history: History) -> None:
    put(outbox, make_delivery(make_alert("Sent"), key="s"))
    deliver(outbox)
    name = bury(outbox, make_delivery(make_alert("A"), make_alert("B"), key="d"))
    (hit,) = history.search(Search(state="dead")).found
    assert (hit.id, hit.dead, hit.state) == (2, 1, "pending")
    assert ids(history.search(Search(state="dead", robot="db"))) == []
    outbox.discard([name], now=START)
    assert ids(history.search(Search(state="dead"))) == []
    assert ids(history.search(Search(state="discarded", robot="ops"))) == [2]


@pytest.fixture(params=[1, compression.WORTHWHILE], ids=["compressed", "plain"])
def _stored(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "WORTHWHILE", request.param)


@pytest.mark.usefixtures("_stored")
@pytest.mark.parametrize("words", ["team=db", ""])
@pytest.mark.parametrize("state", ["", "pending", "sent", "dead"])
def test_pages_follow_one_another_without_a_gap(
    outbox: Outbox, history: History, monkeypatch: pytest.MonkeyPatch, state: str, words: str
) -> None:
    """However far is looked back at once, and whatever the database takes for a hit."""
    monkeypatch.setattr(searching, "PAGE", 2)
    monkeypatch.setattr(searching, "_FETCHED", 3)
    monkeypatch.setattr(searching, "WINDOW", 4)
    monkeypatch.setattr(searching, "RARE", 4)
    if state == "dead":
        for index in range(3):
            bury(outbox, make_delivery(make_alert(f"Alert{index}", team="db"), key=f"d{index}"))
    else:
        fill(outbox, 11)
    if state == "sent":
        deliver(outbox, "ops", now=START + 11 * MINUTE)
        deliver(outbox, "db", now=START + 11 * MINUTE, name="m-2")
    terms = terms_of(words)
    search, found, looks = Search(state=state, terms=terms), list[int](), 0
    while True:
        hits = history.search(search)
        found, looks = found + ids(hits), looks + 1
        if hits.more is None:
            break
        assert hits.looked_back_to is not None
        search = msgspec.structs.replace(search, before=hits.more)
    expected = 3 if state == "dead" else 11
    assert found == list(range(expected, 0, -1))
    assert looks >= expected // 2


@pytest.mark.parametrize(
    ("search", "index"),
    [
        (Search(), "INTEGER PRIMARY KEY (rowid>? AND rowid<?)"),
        (Search(terms=terms_of("a=b"), robot="ops"), "INTEGER PRIMARY KEY (rowid>? AND rowid<?)"),
        (Search(since=START, until=START), "INTEGER PRIMARY KEY (rowid>?)"),
        (Search(state="pending", robot="ops"), "INDEX deliveries_next (robot=?)"),
        (Search(state="pending"), "INDEX deliveries_next"),
        (Search(state="deferred"), "INDEX deliveries_deferred"),
        (Search(state="dead"), "dead USING COVERING INDEX sqlite_autoindex_dead_1"),
    ],
    ids=str,
)
def test_an_index_finds_it(tmp_path: Path, search: Search, index: str) -> None:

    path = tmp_path / "adapter.db"
    with closing(open_sqlite(path, START)) as outbox, closing(open_history(path, None)) as history:
        fill(outbox)
        asked: list[tuple[str, tuple[object, ...]]] = []
        event.listen(
            history.engine,
            "before_cursor_execute",
            lambda _, __, statement, parameters, *___: asked.append((statement, parameters)),
        )
        history.search(search)
    with closing(sqlite3.connect(path)) as connection:
        plans = [
            line[3]
            for statement, parameters in asked
            for line in connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]
    assert any(index in line for line in plans), plans
    assert "SCAN deliveries" not in plans


def test_who_decided_is_kept_with_what_was_done(outbox: Outbox, history: History) -> None:
    name = bury(outbox, make_delivery(make_alert("A"), make_alert("B")))
    by = By("张三 <b>", START + MINUTE)
    assert outbox.retry([name, "9.9"], by=by).done == (name,)
    assert outbox.discard(["1"], now=START, by=By("lee", START + 2 * MINUTE)).done == ("1",)
    first = Decision(who="张三 <b>", at=by.at, action="retry", subject=name)
    second = Decision(who="lee", at=START + 2 * MINUTE, action="discard", subject="1")
    assert history.decisions(1) == (first, second)
    assert history.decisions(2) == ()
    assert history.newest_decisions(1) == (second,)


def test_what_a_command_does_has_nobody(outbox: Outbox, history: History) -> None:
    name = bury(outbox, make_delivery())
    outbox.retry([name])
    assert history.decisions(1) == ()


def test_an_open_quote_is_a_word_as_it_stands() -> None:
    assert terms_of('a="b c') == (Term('"b', "a"), Term("c"))
    assert terms_of('a="b c" d= =e') == (Term("b c", "a"), Term("", "d"), Term("=e"))
