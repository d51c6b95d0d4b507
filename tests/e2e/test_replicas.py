"""Two replicas on one real PostgreSQL: whoever is killed, nothing is lost and the rate holds.

The minute lasts six seconds; alerts are few, as the rate of both replicas together is one robot's.
"""

from __future__ import annotations

import itertools
import re
import threading
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Self

import pytest
import requests

from adapter.secret import Secret
from adapter.simulator import Rate, Robot, SimulatorSettings, running
from support.adapter import Adapter, adapter_in, robot_section, told
from support.postgresql import Cluster, cluster
from support.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from adapter.simulator import Running

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("replicas")]

SENDERS = 3
PAUSE = 0.25
"""Seconds between two webhooks of a sender."""

STAGE = 15
"""Webhooks that pass between one kill and the next."""

LEASE = timedelta(seconds=7)
"""The timeout of a request, and five seconds."""

TAKEN_OVER = 20
"""Seconds: the lease, the five seconds in which a replica looks by itself, and a busy machine."""

RATE = Rate(messages=20, per=timedelta(seconds=6))
ROBOT = Robot(name="ops", access_token=Secret("replica" * 6), secret=Secret("SECreplica" * 4))


@pytest.fixture
def group() -> Iterator[Running]:
    with running(SimulatorSettings(robots=(ROBOT,), rate=RATE)) as group:
        yield group


@pytest.fixture
def database() -> Iterator[Cluster]:
    # Not below pytest's own folder, which the server's user may not enter.
    with TemporaryDirectory() as folder, cluster(Path(folder)) as database:
        yield database


@pytest.fixture
def replicas(tmp_path: Path, group: Running, database: Cluster) -> Iterator[list[Adapter]]:
    rate = {"messages": RATE.messages, "per": "6s"}
    with ExitStack() as stack:
        both = []
        for name in "first", "second":
            (tmp_path / name).mkdir()
            replica = stack.enter_context(adapter_in(tmp_path / name))
            replica.configure(
                {"ops": robot_section(ROBOT, group.url, rate=rate)},
                storage={"url": database.url()},
            )
            replica.start()
            both.append(replica)
        yield both


class Senders:
    """Post alerts to the replicas in turn, each until one of them has answered 200."""

    def __init__(self, replicas: list[Adapter]) -> None:
        self.acknowledged: list[str] = []
        self._replicas = replicas
        self._ending = threading.Event()
        self._threads = [
            threading.Thread(target=self._send, args=(number,)) for number in range(SENDERS)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, more: int) -> None:
        """Wait until so many more alerts are acknowledged."""
        until = len(self.acknowledged) + more
        wait_until(lambda: len(self.acknowledged) >= until, what="webhooks pass")

    def _send(self, sender: int) -> None:
        turns = itertools.cycle(self._replicas)
        for number in itertools.count():
            name = f"Alert-{sender}-{number:03d}"
            body = told(name, severity="warning", instance="n-1")
            while not self._posted(next(turns), body):
                if self._ending.is_set():
                    return
            self.acknowledged.append(name)

    def _posted(self, replica: Adapter, body: bytes) -> bool:
        if self._ending.wait(PAUSE):
            return False
        with suppress(requests.RequestException):
            return replica.post(body).status_code == 200
        return False


def pending(database: Cluster) -> int:
    return int(database.execute("SELECT count(*) FROM deliveries WHERE state = 'pending'"))


def settled(database: Cluster, within: float = 40) -> None:
    wait_until(lambda: not pending(database), within=within, what="everything is delivered")


def times_told(group: Running, name: str) -> int:
    """Return in how many messages an alert reached the group."""
    return sum(name in message.text for message in group.messages())


def assert_told_once_within_the_rate(group: Running, names: list[str]) -> None:
    assert [name for name in names if not times_told(group, name)] == [], "lost"
    assert [name for name in names if times_told(group, name) > 1] == [], "told twice"
    assert {exchange.errcode for exchange in group.requests()} == {0}, "throttled"
    bodies = defaultdict(set)
    for exchange in group.requests():
        found = re.search(rb'"msgUuid":\s*"([^"]+)"', exchange.raw)
        assert found, "a message has an id"
        bodies[found[1]].add(exchange.raw)
    assert [uuid for uuid, each in bodies.items() if len(each) > 1] == []


def test_nothing_is_lost_when_either_replica_is_killed(
    replicas: list[Adapter], group: Running, database: Cluster
) -> None:
    with Senders(replicas) as senders:
        for killed in replicas * 2:
            senders.wait_for(STAGE)
            killed.kill()
            senders.wait_for(STAGE // 2)
            killed.start()
        senders.wait_for(STAGE)
    settled(database)
    assert_told_once_within_the_rate(group, senders.acknowledged)


def test_nothing_is_lost_when_postgresql_is_killed(
    replicas: list[Adapter], group: Running, database: Cluster
) -> None:
    processes = [replica.process.pid for replica in replicas]
    workers = [replica.worker() for replica in replicas]
    with Senders(replicas) as senders:
        for _ in range(2):
            senders.wait_for(STAGE)
            database.kill()
            for replica in replicas:
                assert replica.post(told("Unstored")).status_code == 503
                wait_until(lambda: not replica.ready(), what="the replica is not ready")  # noqa: B023
                assert requests.get(f"{replica.url}/-/ready", timeout=5).status_code == 503
            database.start()
            for replica in replicas:
                wait_until(replica.ready, what="the replica is ready again")
        senders.wait_for(STAGE)
    settled(database)
    assert [replica.process.pid for replica in replicas] == processes
    assert [replica.worker() for replica in replicas] == workers
    assert_told_once_within_the_rate(group, senders.acknowledged)
    assert not times_told(group, "Unstored"), "what got 503 is not known"


def test_a_webhook_posted_to_both_replicas_at_once_is_told_once(
    replicas: list[Adapter], group: Running, database: Cluster
) -> None:
    names = [f"Twin-{number:02d}" for number in range(20)]
    with ThreadPoolExecutor(2) as pool:
        for name in names:
            body = told(name, severity="warning", instance="n-1")
            answers = list(pool.map(lambda replica: replica.post(body), replicas))  # noqa: B023
            assert [answer.status_code for answer in answers] == [200, 200]
    settled(database)
    assert_told_once_within_the_rate(group, names)


def test_a_replica_takes_over_from_its_killed_peer_when_the_lease_ends(
    replicas: list[Adapter], group: Running, database: Cluster
) -> None:
    killed, _ = replicas
    group.fault("delay", span=timedelta(minutes=1), times=1)
    # Nobody tells the other replica of these: it has to look by itself.
    killed.accept(told("InFlight", severity="warning"))
    wait_until(lambda: times_told(group, "InFlight"), what="the message is on its way")
    killed.accept(told("Behind", severity="warning"))
    killed.kill()
    settled(database, within=TAKEN_OVER)
    first, *later = group.requests()
    assert [exchange.repeated for exchange in later] == [True, False]
    assert later[0].received_at - first.received_at > LEASE / 2, "the lease was not waited for"
    assert_told_once_within_the_rate(group, ["InFlight", "Behind"])
