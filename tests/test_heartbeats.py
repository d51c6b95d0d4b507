"""Robots are told once that a heartbeat stopped and once that it is back, whatever happens."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from adapter.core.heartbeats import Beat, Heartbeat
from adapter.core.matchers import parse_matchers
from adapter.core.routes import Route, RouteSettings
from adapter.errors import StoreUnavailable
from adapter.heartbeats import Watch
from adapter.metrics import Metrics
from adapter.outbox import open_sqlite
from adapter.outbox.switchboard import INTERRUPTION
from support.clock import START, FakeClock
from support.kept_contract import told
from support.outbox_contract import WINDOW
from support.settings import make_robot, make_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from adapter.config.settings import Settings
    from adapter.core.switches import Switch
    from adapter.outbox import Outbox

SECOND = timedelta(seconds=1)
EVERY = timedelta(minutes=5)
STEP = timedelta(seconds=20)
PIPELINE = Heartbeat(
    name="pipeline",
    matchers=parse_matchers('alertname="Watchdog"'),
    every=EVERY,
    robots=("ops", "db"),
    by=("cluster",),
    mention=("zhang",),
)
BJ = Beat(PIPELINE.key, "", "bj")


def configured(*heartbeats: Heartbeat) -> Settings:
    settings = make_settings(
        make_robot(defaults=RouteSettings(language="en")),
        make_robot("db"),
        route=Route(settings=RouteSettings(robots=("ops",), language="zh")),
    )
    return replace(settings, heartbeats=heartbeats)


@dataclass
class Bench:
    """Hold a watch, its store and its clock."""

    path: Path
    clock: FakeClock
    outbox: Outbox
    settings: Settings
    woken: list[str]

    def __post_init__(self) -> None:
        self.watch = self.new_watch()

    def new_watch(self) -> Watch:
        return Watch(
            self.outbox, self.clock, settings=lambda: self.settings, wake=self.woken.extend
        )

    def restart(self) -> None:
        self.outbox.close()
        self.outbox = open_sqlite(self.path, self.clock.now())
        self.watch = self.new_watch()

    def beat(self, beat: Beat = BJ) -> None:
        self.outbox.enqueue((), now=self.clock.now(), dedup_window=WINDOW, beats=[beat])

    def watch_for(self, span: timedelta) -> None:
        until = self.clock.now() + span
        while self.clock.now() < until:
            self.clock.advance(min(STEP, until - self.clock.now()))
            self.watch.step()

    def titles(self) -> list[str]:
        return [notice.title for notice in told(self.outbox)]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    path = tmp_path / "adapter.db"
    bench = Bench(path, FakeClock(), open_sqlite(path, START), configured(PIPELINE), [])
    bench.watch.step()
    yield bench
    bench.outbox.close()


def test_each_robot_is_told_once_in_its_language(bench: Bench) -> None:
    bench.beat()
    bench.watch_for(EVERY)
    assert bench.titles() == []
    bench.watch_for(STEP)
    assert sorted(bench.woken) == ["db", "ops"]
    assert bench.outbox.queue()["db"].pending == 1
    [notice] = told(bench.outbox)
    assert notice.title == "🔴 Heartbeat lost · pipeline · bj"
    assert (notice.mentions, notice.language) == ((PIPELINE.wanted("bj"),), "en")
    bench.watch_for(2 * EVERY)
    bench.beat()
    bench.watch_for(STEP)
    [back] = told(bench.outbox)
    assert (back.title, back.mentions) == ("✅ Heartbeat is back · pipeline · bj", ())


def test_a_restart_forgets_nothing_and_tells_nothing_twice(bench: Bench) -> None:
    bench.beat()
    bench.watch_for(EVERY - STEP)
    bench.restart()
    bench.watch_for(2 * STEP)
    assert bench.titles() == ["🔴 Heartbeat lost · pipeline · bj"]
    bench.restart()
    bench.watch_for(2 * EVERY)
    assert bench.titles() == []
    bench.restart()
    bench.beat()
    bench.watch_for(STEP)
    assert bench.titles() == ["✅ Heartbeat is back · pipeline · bj"]


def test_what_was_off_for_long_gives_the_heartbeat_its_time(bench: Bench) -> None:
    bench.beat()
    bench.watch_for(STEP)
    bench.clock.advance(INTERRUPTION + timedelta(days=1))
    bench.restart()
    bench.watch.step()
    bench.watch_for(EVERY)
    assert bench.titles() == []
    bench.watch_for(STEP)
    assert bench.titles() == ["🔴 Heartbeat lost · pipeline · bj"]


def test_what_never_came_counts_from_the_start(bench: Bench) -> None:
    bench.watch_for(EVERY)
    assert bench.titles() == []
    bench.watch_for(STEP)
    [notice] = told(bench.outbox)
    assert notice.title == "🔴 Heartbeat lost · pipeline"
    assert "never seen, awaited since 04:00" in notice.text


def test_a_reload_forgets_what_is_configured_no_more(bench: Bench) -> None:
    bench.beat()
    bench.watch_for(2 * EVERY)
    assert len(bench.titles()) == 1
    bench.settings = configured()
    bench.watch.step()
    assert bench.outbox.switches() == []
    bench.settings = configured(PIPELINE)
    bench.watch_for(STEP)
    bench.beat()
    bench.watch_for(STEP)
    assert bench.titles() == [], "it is not back: nobody knew it"


def test_a_source_that_is_configured_no_more_is_forgotten(bench: Bench) -> None:
    bench.beat(Beat(PIPELINE.key, "old", "bj"))
    bench.beat()
    bench.restart()
    bench.watch_for(EVERY)
    assert [each.source for each in bench.outbox.switches()] == [""]


def test_nothing_is_asked_of_the_store_where_there_are_no_heartbeats(bench: Bench) -> None:
    bench.settings = configured()
    bench.watch.step()
    bench.outbox.close()
    bench.watch.step()
    bench.settings = configured(PIPELINE)
    with pytest.raises(StoreUnavailable):
        bench.watch.step()
    bench.outbox = open_sqlite(bench.path, START)


def seen(bench: Bench, value: str) -> float | None:
    metrics = Metrics()
    metrics.watch_heartbeats(bench.outbox, lambda: bench.settings.heartbeats)
    name = "alertmanager_dingtalk_heartbeat_last_seen_timestamp_seconds"
    labels = {"heartbeat": "pipeline", "value": value}
    return metrics.registry.get_sample_value(name, labels)


def test_the_metric_is_of_the_source_that_was_silent_longest(bench: Bench) -> None:
    assert seen(bench, "") == 0, "never"
    for source in "a", "b":
        bench.beat(Beat(PIPELINE.key, source, "bj"))
        bench.clock.advance(SECOND)
    assert seen(bench, "bj") == START.timestamp()
    bench.settings = configured()
    assert seen(bench, "bj") is None


def test_the_metric_is_absent_when_the_store_cannot_be_read() -> None:
    class Gone:
        def switches(self) -> list[Switch]:
            raise StoreUnavailable("it is away")

    metrics = Metrics()
    metrics.store_up.set(1)
    metrics.watch_heartbeats(Gone(), lambda: (PIPELINE,))
    page = metrics.expose().decode()
    assert "heartbeat_last_seen" not in page
    assert metrics.registry.get_sample_value("alertmanager_dingtalk_store_up") == 0
