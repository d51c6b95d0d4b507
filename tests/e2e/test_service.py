"""The life of the service: how it starts, refuses to start, reloads, suffers and ends."""

from __future__ import annotations

import os
import resource
import signal
import socket
import sqlite3
import threading
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import requests

from adapter.secret import Secret
from adapter.simulator import Rate, Robot, Running, SimulatorSettings, running
from e2e.stream import Stream, lost, overtaken
from e2e.stream import told_by as told_in
from support.adapter import Adapter, adapter_in, command, robot_section, told
from support.processes import free_port, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

pytestmark = pytest.mark.real

OPS = Robot(name="ops", access_token=Secret("a1" * 32), secret=Secret("SEC" + "b2" * 32))
DB = Robot(name="db", access_token=Secret("c3" * 32))
MANY = Rate(messages=100_000)
NEVER = threading.Event()
STOPS = 10 if os.environ.get("VERIFY") else 1  # each lasts: it goes on accepting what still comes


@pytest.fixture
def dingtalk() -> Iterator[Running]:
    with running(SimulatorSettings(robots=(OPS, DB), rate=MANY)) as serving:
        yield serving


@pytest.fixture
def adapter(tmp_path: Path, dingtalk: Running) -> Iterator[Adapter]:
    with adapter_in(tmp_path) as ours:
        ours.configure({"ops": robot_section(OPS, dingtalk.url)})
        yield ours


def told_by(dingtalk: Running, robot: str) -> set[str]:
    """Return the titles of a robot's messages without the severity before them."""
    return {each.title.split()[-1] for each in dingtalk.messages() if each.robot == robot}


# -- ending ------------------------------------------------------------------------------------


def test_sigterm_under_load_loses_nothing(adapter: Adapter, dingtalk: Running) -> None:
    adapter.start()
    with Stream(adapter) as stream:
        for _ in range(STOPS):
            before = len(stream.acknowledged)
            wait_until(lambda: len(stream.acknowledged) > before + 20, what="webhooks pass")  # noqa: B023
            adapter.process.signal(signal.SIGTERM)
            wait_until(lambda: adapter.events("draining"), what="it drains")
            draining = len(stream.acknowledged)
            assert adapter.process.wait(30) == 0
            assert len(stream.acknowledged) > draining, "what still came was accepted"
            assert not adapter.listens()
            adapter.log.unlink()
            adapter.start()
    adapter.settled()
    got = [told for message in dingtalk.messages() for told in told_in(message)]
    assert lost(stream.acknowledged, got) == set()
    assert overtaken(got) == []
    assert len(got) == len(set(got)), "nothing came twice"
    assert {exchange.errcode for exchange in dingtalk.requests()} == {0}


# -- reloading ---------------------------------------------------------------------------------


def test_sighup_brings_a_second_robot(adapter: Adapter, dingtalk: Running) -> None:
    adapter.start()
    worker = adapter.worker()
    assert adapter.post(told("Early"), "/alertmanager/db").status_code == 404
    adapter.configure({each.name: robot_section(each, dingtalk.url) for each in (OPS, DB)})
    adapter.hang_up()
    wait_until(lambda: adapter.post(told("A"), "/alertmanager/db").ok, what="the robot appears")
    adapter.accept(told("B"))
    adapter.settled()
    assert told_by(dingtalk, "db") == {"A", "B"}
    assert told_by(dingtalk, "ops") == {"B"}
    assert adapter.worker() == worker, "the process lives on"


def test_a_broken_file_changes_nothing(adapter: Adapter, dingtalk: Running) -> None:
    adapter.start()
    loaded_at = adapter.metric("config_last_reload_success_timestamp_seconds")
    assert (adapter.metric("config_last_reload_successful"), loaded_at > 0) == (1, True)
    good = adapter.config.read_text()
    adapter.config.write_text(
        f"robots:\n  ops:\n    acces_token: {'e5' * 32}\nroute:\n  robots: [opps]\n"
    )
    adapter.hang_up()
    wait_until(
        lambda: adapter.metric("config_last_reload_successful") == 0, what="the metric tells"
    )
    answer = requests.post(f"{adapter.url}/-/reload", timeout=10)
    assert answer.status_code == 500
    problems = answer.text.splitlines()
    assert problems[0] == "the old configuration stays in force:"
    (mistyped,) = (line for line in problems if line.startswith(f"{adapter.config}:3:5: "))
    assert mistyped.endswith('acces_token: unknown key; did you mean "access_token"?')
    assert any(line.startswith(f"{adapter.config}:5:12: ") for line in problems), problems
    assert adapter.metric("config_last_reload_success_timestamp_seconds") == loaded_at
    adapter.accept(told("A"))
    adapter.settled()
    assert told_by(dingtalk, "ops") == {"A"}, "the old configuration serves on"
    adapter.config.write_text(good)
    assert requests.post(f"{adapter.url}/-/reload", timeout=10).status_code == 200
    assert adapter.metric("config_last_reload_successful") == 1
    assert adapter.metric("config_last_reload_success_timestamp_seconds") > loaded_at


# -- refusing to start -------------------------------------------------------------------------


def test_a_second_owner_of_the_database_ends(adapter: Adapter, tmp_path: Path) -> None:
    adapter.start()
    second = tmp_path / "second.yml"
    port = str(free_port())
    second.write_text(adapter.config.read_text().replace(str(adapter.port), port))
    code, output = command("serve", "--config", str(second), folder=tmp_path)
    assert code == 1
    owner = f"process {adapter.worker()} (started by {adapter.process.pid})"
    assert f"{adapter.database} is in use by {owner}; " in output
    assert "stop that service, or give this one its own storage.url" in output
    assert "Traceback" not in output
    assert adapter.ready(), "the first one does not mind"


def test_a_taken_port_ends_it(adapter: Adapter, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", adapter.port)):
        code, output = command("serve", "--config", str(adapter.config), folder=tmp_path)
    assert code == 1
    assert f"cannot listen on 127.0.0.1:{adapter.port}: Address already in use; " in output
    assert "change server.listen" in output
    assert "Traceback" not in output


def test_every_mistake_of_the_configuration_is_told(tmp_path: Path) -> None:
    config = tmp_path / "config.yml"
    config.write_text(
        "robots:\n  ops:\n    access_token: abcdef\n    timeout: soon\nroute:\n  robots: [opps]\n"
        "  routes:\n    - matchers: [severity=]\n      matchers: [x=y]\nsevrer: {}\n"
    )
    for arguments in ("serve", "--config", str(config)), ("check-config", str(config)):
        code, output = command(*arguments, folder=tmp_path)
        assert code == 2
        places = [line.removeprefix(f"{config}:").split(": ")[0] for line in output.splitlines()]
        assert places == ["4:14", "6:12", "9:7", "10:1"]


# -- suffering ---------------------------------------------------------------------------------


def test_a_corrupt_database_is_moved_aside_and_told(adapter: Adapter, dingtalk: Running) -> None:
    adapter.configure({each.name: robot_section(each, dingtalk.url) for each in (OPS, DB)})
    adapter.database.write_bytes(b"no database at all\n" * 400)
    adapter.start()
    wait_until(lambda: len(dingtalk.messages()) == 2, what="both are told, before a high alert")
    adapter.accept(told("A"))
    adapter.settled()
    (aside,) = adapter.folder.glob("adapter.db.corrupt-*")
    assert aside.read_bytes().startswith(b"no database at all")
    for robot in "ops", "db":
        messages = {each.title: each for each in dingtalk.messages() if each.robot == robot}
        alert, notice = sorted(messages, key=lambda title: title.startswith("⚠️ 告警队列损坏"))
        assert aside.name in messages[notice].text
        assert alert == "🔴 严重 A"
    assert adapter.metric("store_corruptions_total") == 1
    assert adapter.ready()
    (line,) = adapter.events("the database was corrupt; a fresh one is used")
    assert (line["level"], line["moved_to"]) == ("error", str(aside))


CHECKPOINTED = 300
"""Webhooks that are more than the write-ahead log holds, so that some are in the file itself."""


def test_corruption_at_run_time_ends_the_process_and_the_next_start_moves_it_aside(
    adapter: Adapter, dingtalk: Running
) -> None:
    dingtalk.fault("5xx")
    adapter.start()
    adapter.accept(*(told(f"Waits-{number}") for number in range(CHECKPOINTED)))
    for part in adapter.database, adapter.database.with_name("adapter.db-wal"):
        with part.open("r+b") as file:
            file.seek(4096)
            file.write(b"\xff" * max(0, part.stat().st_size - 4096))
    answer = requests.get(f"{adapter.url}/-/ready", timeout=10)
    assert (answer.status_code, "malformed" in answer.text) == (503, True)
    with suppress(requests.ConnectionError):  # it may have ended by now
        assert adapter.post(told("A")).status_code == 503
    assert adapter.process.wait(20) == 1
    dingtalk.clear_faults()
    adapter.start()
    (aside,) = adapter.folder.glob("adapter.db.corrupt-*[Z]")
    adapter.accept(told("A"))
    adapter.settled()
    assert any(aside.name in each.text for each in dingtalk.messages())
    assert "A" in told_by(dingtalk, "ops")


def test_a_database_that_is_taken_away_is_told_and_a_fresh_one_is_used(
    adapter: Adapter, dingtalk: Running
) -> None:
    adapter.start()
    worker = adapter.worker()
    for part in adapter.folder.glob("adapter.db*"):
        if part.name in {"adapter.db", "adapter.db-wal", "adapter.db-shm"}:
            part.unlink()
    refused = adapter.post(told("A"))
    assert (refused.status_code, "removed or replaced" in refused.json()["error"]) == (503, True)
    wait_until(lambda: adapter.worker() not in {None, worker}, what="a new worker")
    adapter.process.serves(f"{adapter.url}/-/ready")
    adapter.accept(told("A"))
    adapter.settled()
    assert [each.title for each in dingtalk.messages()] == [
        "⚠️ 告警队列丢失 · Alert queue was gone",
        "🔴 严重 A",
    ]


@contextmanager
def full_disk(adapter: Adapter) -> Iterator[None]:
    """Let the worker write nothing into files, as on a disk that is full."""
    worker = adapter.worker()
    assert worker is not None
    old = resource.prlimit(worker, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        resource.prlimit(worker, resource.RLIMIT_FSIZE, old)


@contextmanager
def locked(adapter: Adapter) -> Iterator[None]:
    """Hold the database's lock, as a person with a shell may."""
    with closing(sqlite3.connect(adapter.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@pytest.mark.parametrize("fault", [full_disk, locked])
def test_a_store_that_takes_no_writes_is_told_at_once_and_sends_nothing_until_it_does(
    adapter: Adapter, dingtalk: Running, fault: Callable[[Adapter], AbstractContextManager[None]]
) -> None:
    dingtalk.fault("5xx")
    adapter.start()
    worker = adapter.worker()
    adapter.accept(told("Waiting"))
    wait_until(dingtalk.requests, what="it is tried")
    with fault(adapter):
        wait_until(lambda: not adapter.ready(), what="it notices")
        answer = requests.get(f"{adapter.url}/-/ready", timeout=10)
        assert (answer.status_code, "the store failed" in answer.text) == (503, True)
        assert adapter.metric("store_up") == 0
        sent = len(dingtalk.requests())
        refused = adapter.post(told("A"))
        assert (refused.status_code, "the store failed" in refused.json()["error"]) == (503, True)
        assert refused.elapsed < timedelta(seconds=4), "the sender should not wait for it"
        assert requests.get(f"{adapter.url}/-/healthy", timeout=10).status_code == 200
        NEVER.wait(3)  # its next try is due
        assert len(dingtalk.requests()) == sent, "nothing is sent without a charge"
    wait_until(adapter.ready, what="it recovers by itself")
    dingtalk.clear_faults()
    assert adapter.metric("store_up") == 1
    assert adapter.metric("webhooks_total", code="503") == 1
    adapter.accept(told("A"))
    adapter.settled()
    assert told_by(dingtalk, "ops") == {"Waiting", "A"}
    assert adapter.worker() == worker


# -- webhooks that are refused ------------------------------------------------------------------


def test_a_refused_webhook_is_told_once_and_delays_no_alert(
    adapter: Adapter, dingtalk: Running
) -> None:
    adapter.start()
    for body in (b"{", b"[]", b"x" * 11_000_000):
        assert adapter.post(body).status_code in {400, 413}
    adapter.accept(told("DiskFull"))
    wait_until(lambda: "DiskFull" in told_by(dingtalk, "ops"))
    wait_until(lambda: len(dingtalk.messages()) == 2)
    [notice] = [each for each in dingtalk.messages() if "refused" in each.title]
    assert notice.title == "⚠️ 有告警请求被拒绝 · A webhook was refused"
    assert adapter.metric("webhooks_total", code="400") == 2
    assert adapter.metric("webhooks_total", code="413") == 1
