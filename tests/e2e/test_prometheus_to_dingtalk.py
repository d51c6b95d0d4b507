"""A rule of a real Prometheus, through a real Alertmanager and the adapter, rings in DingTalk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapter.simulator import DEMO_ROBOT, running
from support.adapter import adapter_in, robot_section
from support.alertmanager import RELEASES, Release, alertmanager
from support.processes import wait_until
from support.prometheus import Prometheus

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real

BEARER = "one-bearer-token-of-two"
RULE = {
    "alert": "磁盘将满",
    "expr": "vector(96.4) > 90",
    "labels": {"severity": "critical", "instance": "数据库-1"},
    "annotations": {"summary": "磁盘已用 {{ $value }}%"},
}
OVER = {**RULE, "expr": "vector(42) > 90"}


def receiver(release: Release, url: str, credentials: Path) -> dict[str, object]:
    """Return Alertmanager's configuration as the README has it, only faster."""
    webhook: dict[str, object] = {
        "url": f"{url}/alertmanager",
        "send_resolved": True,
        "http_config": {
            "follow_redirects": False,
            "authorization": {"credentials_file": str(credentials)},
        },
    }
    if release.knows_timeout:
        webhook["timeout"] = "10s"
    return {
        "route": {
            "receiver": "dingtalk",
            "group_by": ["alertname"],
            "group_wait": "100ms",
            "group_interval": "1s",
        },
        "receivers": [{"name": "dingtalk", "webhook_configs": [webhook]}],
    }


@pytest.mark.parametrize("release", RELEASES.values(), ids=RELEASES)
def test_a_rule_rings_and_its_resolution_follows(release: Release, tmp_path: Path) -> None:
    credentials = tmp_path / "dingtalk-token"
    credentials.write_text(BEARER)
    with running() as dingtalk, adapter_in(tmp_path) as adapter:
        adapter.configure(
            {"ops": robot_section(DEMO_ROBOT, dingtalk.url)},
            server={"auth": {"bearer_tokens": ["another-bearer-token", BEARER]}},
        )
        adapter.start()
        sender = receiver(release, adapter.url, credentials)
        with alertmanager(release, sender, tmp_path) as between:
            prometheus = Prometheus(tmp_path, between.address)
            prometheus.rule(RULE)
            with prometheus.runs():
                wait_until(dingtalk.messages, within=60, what="the alert is in the group")
                prometheus.rule(OVER)
                prometheus.reload()
                wait_until(
                    lambda: len(dingtalk.messages()) == 2, within=60, what="so is its resolution"
                )
        firing, resolved = dingtalk.messages()
        assert firing.title == "🔴 严重 磁盘将满 · 数据库-1"
        assert "磁盘已用 96.4%" in firing.text
        assert f"[图表]({prometheus.url}/graph?" in firing.text
        assert f"[全部告警]({between.url}/#/alerts?receiver=dingtalk)" in firing.text
        assert resolved.title.startswith("✅ 已恢复 磁盘将满 · 历时")
        assert "磁盘已用" not in resolved.text, "what was true while it fired"
        assert {(each.robot, each.errcode) for each in dingtalk.requests()} == {("ops", 0)}
        assert all("sign=" in each.query for each in dingtalk.requests()), "the robot wants a sign"
        assert adapter.metric("alerts_received_total", status="firing") == 1
        assert adapter.metric("alerts_received_total", status="resolved") == 1
        assert adapter.metric("webhooks_total") == adapter.metric("webhooks_total", code="200") == 2
