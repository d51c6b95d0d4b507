"""The route of docs/heartbeats.md in a real Alertmanager, sixty times as fast, and who is rung.

Alertmanager is killed and started again, and so is the adapter.
"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
import yaml

from adapter.clock import SystemClock
from adapter.secret import Secret
from adapter.simulator import Member, Robot, SimulatorSettings, running
from support.adapter import Adapter, adapter_in, robot_section, told
from support.alertmanager import RELEASES, Alertmanager, Release, alertmanager
from support.processes import wait_until

if TYPE_CHECKING:
    from adapter.simulator import Running

pytestmark = pytest.mark.real

PAGE = Path(__file__).parents[2] / "docs" / "heartbeats.md"
ROBOT = Robot(name="ops", access_token=Secret("heart1beat" * 5))
ZHANG = "13800000001"
MEMBERS = (Member(name="zhang", mobile=ZHANG), Member(name="nosy", mobile="13900000000"))
SETTINGS = SimulatorSettings(robots=(ROBOT,), members=MEMBERS)
EVERY = 8
"""Seconds: the route's second many times, for a machine that is busy."""


def route_of_the_page(url: str) -> dict[str, Any]:
    """Return Alertmanager's configuration with minutes as seconds and a receiver."""
    block = re.findall(r"```yaml\n(.*?)\n```", PAGE.read_text(), re.DOTALL)[1]
    faster = block.replace("1m", "1s").replace("50s", "833ms")
    document: dict[str, Any] = yaml.safe_load(faster)
    (watchdog,) = document["route"]["routes"]
    assert (watchdog["group_interval"], watchdog["repeat_interval"]) == ("1s", "833ms")
    webhook = {"url": f"{url}/alertmanager?source=am-bj", "send_resolved": True}
    return {**document, "receivers": [{"name": "dingtalk", "webhook_configs": [webhook]}]}


def fire(sender: Alertmanager) -> None:
    alert = {
        "labels": {"alertname": "Watchdog", "cluster": "bj"},
        "endsAt": (SystemClock().now() + timedelta(hours=1)).isoformat(),
    }
    answer = requests.post(f"{sender.url}/api/v2/alerts", json=[alert], timeout=10)
    assert answer.status_code == 200, answer.text


def configure(adapter: Adapter, dingtalk: Running, **more: object) -> None:
    pipeline = {
        "name": "pipeline",
        "matchers": ['alertname="Watchdog"'],
        "by": ["cluster"],
        "expect": ["bj"],
        "every": f"{EVERY}s",
        "mention": ["zhang"],
        **more,
    }
    adapter.configure(
        {"ops": robot_section(ROBOT, dingtalk.url)},
        people={"zhang": {"mobile": ZHANG}},
        alertmanagers={"am-bj": {}},
        heartbeats=[pipeline],
    )


def beats(adapter: Adapter) -> int:
    return int(adapter.metric("alerts_received_total", status="firing"))


@pytest.mark.parametrize("release", RELEASES.values(), ids=RELEASES)
def test_watchdog_stops_and_comes_back(release: Release, tmp_path: Path) -> None:
    with running(SETTINGS) as dingtalk, adapter_in(tmp_path) as adapter:
        configure(adapter, dingtalk)
        adapter.start()
        route = route_of_the_page(adapter.url)
        with alertmanager(release, route, tmp_path) as sender:
            fire(sender)
            wait_until(lambda: beats(adapter) >= 2, within=60, what="it beats")
            begun_at, before = SystemClock().now(), beats(adapter)
            wait_until(lambda: beats(adapter) >= before + 12, within=60, what="it goes on")
            took = SystemClock().now() - begun_at
            assert took < timedelta(seconds=20), "each time, not every second time"
            assert not dingtalk.messages()
        wait_until(dingtalk.messages, within=60, what="its end is told")

        adapter.kill()
        adapter.start()
        with alertmanager(release, route, tmp_path) as sender:
            fire(sender)
            wait_until(lambda: len(dingtalk.messages()) == 2, within=60, what="so is its return")
        assert adapter.terminate() == 0
        lost, back = dingtalk.messages()
        assert (lost.title, lost.notified) == ("🔴 心跳中断 · pipeline · bj · am-bj", ("zhang",))
        assert "最后一次" in lost.text
        assert (back.title, back.notified) == ("✅ 心跳恢复 · pipeline · bj · am-bj", ())
        assert ZHANG not in adapter.output()


def test_what_never_comes_is_told_once_and_a_resolved_one_is_no_beat(tmp_path: Path) -> None:
    with running(SETTINGS) as dingtalk, adapter_in(tmp_path) as adapter:
        configure(adapter, dingtalk, every="3s")
        adapter.start()
        adapter.accept(told("Watchdog", status="resolved", cluster="bj"))
        wait_until(dingtalk.messages, within=60, what="that nothing comes is told")
        adapter.kill()
        adapter.start()
        seen = "heartbeat_last_seen_timestamp_seconds"
        assert adapter.metric(seen, heartbeat="pipeline", value="bj") == 0
        adapter.accept(told("Watchdog", cluster="bj"))
        wait_until(lambda: len(dingtalk.messages()) >= 2, within=60, what="its coming is told")
        assert adapter.metric(seen, heartbeat="pipeline", value="bj") > 1_700_000_000
        lost, back, *_ = dingtalk.messages()
        assert "从未收到" in lost.text
        assert back.title == "✅ 心跳恢复 · pipeline · bj"
        assert adapter.pending() == 0
