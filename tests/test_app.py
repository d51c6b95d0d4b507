"""The service as a whole, in this process: what a store that fails does to readiness and reload."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from adapter import app, loading
from support.alerts import make_delivery
from support.calendars import calendar, event
from support.processes import wait_until
from support.scripted_server import ScriptedServer, answer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FULL = "the store failed: database or disk is full"


class Bench:
    """Hold a service that runs, and its configuration."""

    def __init__(self, folder: Path) -> None:
        self.config = folder / "config.yml"
        self.database = folder / "adapter.db"
        self.configure("ops")
        self.service = app.Service(self.config, loading.load(self.config))

    def configure(self, *robots: str) -> None:
        sections = "".join(
            f"  {robot}: {{access_token: token-of-{robot}, api_url: 'http://127.0.0.1:9'}}\n"
            for robot in robots
        )
        self.config.write_text(
            f"storage: {{url: 'sqlite:///{self.database}'}}\n"
            f"robots:\n{sections}route: {{robots: [{robots[0]}]}}\n"
        )

    def metric(self, name: str, **labels: str) -> float | None:
        registry = self.service.metrics.registry
        return registry.get_sample_value(f"alertmanager_dingtalk_{name}", labels)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    bench.service.start()
    yield bench
    bench.service.stop()


def test_a_webhook_that_was_not_committed_makes_it_not_ready_until_a_probe_succeeds(
    bench: Bench,
) -> None:
    assert (bench.service.not_ready(), bench.metric("store_up")) == ("", 1)
    bench.service.store_failed(FULL)
    assert (bench.service.not_ready(), bench.metric("store_up")) == (FULL, 0)
    wait_until(lambda: bench.service.not_ready() == "", what="a probe succeeds")
    assert bench.metric("store_up") == 1


@pytest.mark.usefixtures("bench")
def test_every_part_works_in_the_background() -> None:
    running = {thread.name for thread in threading.enumerate()}
    parts = {"announcer", "dispatcher", "feeds", "heartbeats", "housekeeper", "watcher"}
    assert parts | {"control", "last resort", "outbox-writer"} <= running


def test_a_store_that_fails_does_not_stop_a_reload(bench: Bench) -> None:
    with closing(sqlite3.connect(bench.database)) as connection, connection:
        connection.execute("ALTER TABLE queues RENAME TO elsewhere")
    bench.configure("ops", "new")
    with capture_logs() as lines:
        bench.service.reload()
    assert set(bench.service.settings.robots) == {"ops", "new"}
    assert bench.metric("config_last_reload_successful") == 1
    assert "what waits for robots of old could not be read" in {line["event"] for line in lines}


def test_calendars_are_read_and_kept_and_who_is_on_call_is_noted(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.service.stop()
    with ScriptedServer(answer(calendar(event(title="zhang")))) as server:
        bench.config.write_text(
            bench.config.read_text()
            + "people: {zhang: {user_id: zhang}}\n"
            + f"schedules: {{db: {{ical: {{url: '{server.url}'}}, announce: [ops]}}}}\n"
        )
        service = app.Service(bench.config, loading.load(bench.config))
        ical = service.settings.schedules["db"].ical
        assert ical is not None
        service.start()
        try:
            kept = service.store.kept
            wait_until(lambda: kept.get(f"ical/db/{ical.key}") is not None, what="it is kept")
            wait_until(lambda: kept.get("shift/db") is not None, what="who is on call is noted")
        finally:
            service.stop()


def test_a_robot_that_cannot_be_reached_is_not_broken(bench: Bench) -> None:
    bench.service.store.enqueue(
        [make_delivery()], now=bench.service.clock.now(), dedup_window=timedelta(0)
    )
    bench.service.wake(["ops"])
    wait_until(bench.service.store.ailing, what="DingTalk could not be reached")
    assert [each.reason for each in bench.service.store.ailing().values()] == ["unreachable"]
    assert bench.metric("robot_broken", robot="ops", reason="unreachable") is None
