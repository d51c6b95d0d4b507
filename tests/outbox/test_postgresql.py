"""The outbox on a real PostgreSQL: the contract, and what several replicas share."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from sqlalchemy import text

from adapter.core.delivery import Idle, Notice
from adapter.core.heartbeats import Beat, Heartbeat
from adapter.core.switches import Look, Seen
from adapter.core.switches import look as switched
from adapter.core.turn import Turn
from adapter.errors import StoreUnavailable
from adapter.outbox import summing
from adapter.outbox.postgresql import open_postgresql
from adapter.outbox.summing import summed_up
from adapter.secret import Secret
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
    REFUSED,
    SENT,
    OutboxContract,
    alerts_of,
    ask,
    digest_of,
    entries_of,
    launch_of,
    put,
    settle,
    take,
)
from support.pool_contract import PoolContract
from support.postgresql import Cluster, cluster
from support.reminders_contract import RemindersContract
from support.together_contract import TogetherContract

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from adapter.core.batch import Totals
    from adapter.core.switches import Switch
    from adapter.core.turn import Settlement
    from adapter.outbox import Outbox

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("postgresql")]

numbers = itertools.count()


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    # Not below pytest's own folder, which the server's user may not enter.
    with TemporaryDirectory() as folder, cluster(Path(folder)) as server:
        yield server


@pytest.fixture
def url(server: Cluster) -> Secret:
    name = f"test{next(numbers)}"
    server.execute(f"CREATE DATABASE {name}")
    return Secret(server.url(name))


@pytest.fixture
def outbox(url: Secret) -> Iterator[Outbox]:
    outbox = open_postgresql(url)
    yield outbox
    outbox.close()


@pytest.fixture
def replica(url: Secret, outbox: Outbox) -> Iterator[Outbox]:
    assert outbox.alive()
    replica = open_postgresql(url)
    yield replica
    replica.close()


class TestPostgresql(
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
    """PostgreSQL meets the contract."""


class TestSlicesOfPostgresql(DigestsContract):
    """PostgreSQL settles digests of very much as well."""


def test_one_replica_at_a_time_sends_for_a_token(outbox: Outbox, replica: Outbox) -> None:
    put(outbox, make_delivery())
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(ask, (outbox, replica)))
    assert sorted(type(each).__name__ for each in found) == ["Idle", "Turn"]


def test_another_replica_takes_over_when_the_lease_ends(outbox: Outbox, replica: Outbox) -> None:
    put(outbox, make_delivery())
    turn = take(outbox)
    outbox.launch(turn, launch_of(entries_of(turn)), now=START)
    assert isinstance(ask(replica), Idle)
    again = take(replica, now=START + LEASE)
    assert again.open is not None
    assert again.open.body == b"body of m-1"
    assert settle(replica, again, "m-1", now=START + LEASE)
    assert not settle(outbox, turn, "m-1", now=START + LEASE)


def test_replicas_share_rate_and_deduplication(outbox: Outbox, replica: Outbox) -> None:
    assert put(outbox, make_delivery()).deliveries == 1
    assert put(replica, make_delivery()).duplicates == 1
    turn = take(outbox)
    outbox.launch(turn, launch_of(entries_of(turn)), now=START)
    assert replica.spent(START) == {"token of ops": 1}


def test_replicas_accept_a_duplicate_once_at_the_same_moment(
    outbox: Outbox, replica: Outbox
) -> None:
    def send(number: int) -> int:
        store = outbox if number % 2 else replica
        return put(store, make_delivery(make_alert("Same"), key="same")).deliveries

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(send, range(64))) == 1


def test_replicas_deliver_side_by_side_without_waiting_in_a_circle(
    outbox: Outbox, replica: Outbox
) -> None:
    def work(number: int) -> None:
        store = outbox if number % 2 else replica
        robots = ("a", "b") if number % 3 else ("b", "a")
        alert = make_alert(str(number))
        put(store, *(make_delivery(alert, robot=robot, key=str(number)) for robot in robots))
        found = ask(store, robots[0])
        if isinstance(found, Turn):
            name = f"m-{number}"
            store.launch(found, launch_of(entries_of(found), name), now=START)
            settle(store, found, name)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(80)))
    waiting = {robot: state.pending for robot, state in outbox.queue().items()}
    told = {"a": 80 - waiting.get("a", 0), "b": 80 - waiting.get("b", 0)}
    assert min(told.values()) > 0


def test_a_digest_settles_only_what_it_counted_whatever_arrives_while_it_is_planned(
    outbox: Outbox, replica: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each statement of a turn sees what others have committed until then."""
    put(outbox, make_delivery(make_alert("First"), key="first"))
    late = iter([make_delivery(make_alert("Late"), key="late")])

    def after_the_counts(*arguments: Any) -> Totals:  # noqa: ANN401  # those of `summed_up`
        for delivery in late:
            put(replica, delivery)
        return summed_up(*arguments)

    monkeypatch.setattr(summing, "summed_up", after_the_counts)
    turn = take(outbox)
    assert next(late, None) is None
    assert alerts_of(turn.totals) == 1
    assert outbox.launch(turn, digest_of(turn), now=START)
    assert settle(outbox, turn, "d-1")
    assert outbox.queue()["ops"].pending == 1, "the digest told nothing of it"
    after = take(outbox)
    assert [entry.alert.name for entry in entries_of(after)] == ["Late"]
    assert alerts_of(after.totals) == 1


@pytest.mark.parametrize("settlement", [SENT, REFUSED])
def test_a_digest_may_take_longer_to_settle_than_other_statements(
    url: Secret, monkeypatch: pytest.MonkeyPatch, settlement: Settlement
) -> None:
    monkeypatch.setattr("adapter.outbox.postgresql._STATEMENT_LIMIT", 500)
    outbox = open_postgresql(url)
    put(outbox, make_delivery())
    turn = take(outbox)
    assert outbox.launch(turn, digest_of(turn), now=START)
    for statement in _SLOW:
        outbox._writer.run(lambda connection: connection.execute(text(statement)).close())  # noqa: B023, SLF001  # run at once
    assert settle(outbox, turn, "d-1", settlement)
    assert bool(outbox.queue()) is (settlement is REFUSED)
    outbox.close()


_SLOW = (
    """CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql
       AS 'BEGIN PERFORM pg_sleep(1); RETURN NULL; END'""",
    "CREATE TRIGGER slow AFTER UPDATE ON deliveries EXECUTE FUNCTION dawdle()",
)
"""As if a hundred thousand rows were changed."""


def test_a_server_that_dies_is_told_and_comes_back() -> None:
    """With a server of its own: recovery looks at every file of every database."""
    with TemporaryDirectory() as folder, cluster(Path(folder)) as server:
        outbox = open_postgresql(Secret(server.url()))
        put(outbox, make_delivery(key="before"))
        server.kill()
        with pytest.raises(StoreUnavailable):
            put(outbox, make_delivery(key="away"))
        server.start()
        assert put(outbox, make_delivery(key="after")).deliveries == 1
        assert outbox.queue()["ops"].pending == 2
        outbox.close()


def test_a_database_that_is_not_there_is_told_without_its_password(server: Cluster) -> None:
    url = server.url("nowhere").replace("postgres@", "postgres:canary-password@")
    with pytest.raises(StoreUnavailable, match="nowhere") as caught:
        open_postgresql(Secret(url))
    assert "canary" not in str(caught.value)


def test_the_schema_is_made_once_by_whoever_comes_first(url: Secret) -> None:
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(lambda _: open_postgresql(url), range(4)))
    assert put(stores[0], make_delivery()).deliveries == 1
    assert stores[3].queue()["ops"].pending == 1
    for store in stores:
        store.close()
    assert timedelta(0) < LEASE


def test_of_two_replicas_one_tells_of_a_heartbeat(outbox: Outbox, replica: Outbox) -> None:
    every = timedelta(minutes=5)
    whole = Heartbeat(name="whole", matchers=(), every=every, robots=("ops",))
    beats = [Beat("whole", "", "")]
    outbox.enqueue((), now=START, dedup_window=timedelta(0), beats=beats)

    def judge(switches: Sequence[Switch], interrupted: bool) -> Seen:  # noqa: FBT001  # the store's call
        found = switched(whole, switches, START + 2 * every, interrupted=interrupted)
        return Seen([found], [Notice(robot="ops", title="lost", text="x") for _ in found.lost])

    def look(store: Outbox) -> int:
        return len(store.look_at_heartbeats(judge, now=START + 2 * every).words)

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(look, (outbox, replica) * 4)) == 1


def test_beats_and_looks_of_replicas_do_not_wait_for_each_other_for_ever(
    outbox: Outbox, replica: Outbox
) -> None:
    beats = [Beat("whole", "", str(number)) for number in range(20)]

    def judge(switches: Sequence[Switch], _: bool) -> Seen:  # noqa: FBT001  # the store's call
        changed = tuple(msgspec.structs.replace(each, lost_since=START) for each in switches)
        return Seen([Look(kept=changed[::2], gone=changed[1::2])])

    def work(number: int) -> None:
        store = (outbox, replica)[number % 2]
        if number % 3:
            store.look_at_heartbeats(judge, now=START)
        else:
            ordered = beats if number % 2 else beats[::-1]
            store.enqueue([make_delivery()], now=START, dedup_window=timedelta(0), beats=ordered)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(24)))
    assert {each.value for each in outbox.switches()} <= {beat.value for beat in beats}
