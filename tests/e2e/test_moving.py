"""Moving in: an Alertmanager is set up by what `receiver` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests
import yaml

from adapter.cli.main import run
from adapter.simulator import DEMO_ROBOT, running
from support.adapter import adapter_in, robot_section
from support.alertmanager import RELEASES, alertmanager
from support.processes import wait_until

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real

AUTHS: dict[str, dict[str, Any]] = {
    "bearer": {"bearer_token_files": ["credential"]},
    "basic": {"basic": {"username": "alertmanager", "password_file": "credential"}},
}


def fire(alertmanager_url: str, name: str) -> None:
    alerts = [{"labels": {"alertname": name, "severity": "critical"}}]
    requests.post(f"{alertmanager_url}/api/v2/alerts", json=alerts, timeout=10).raise_for_status()


@pytest.mark.parametrize("auth", AUTHS)
def test_what_receiver_prints_lets_an_alertmanager_in(
    auth: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "credential").write_text("a-credential-of-the-webhook")
    with running() as dingtalk, adapter_in(tmp_path) as adapter:
        adapter.configure(
            {"ops": robot_section(DEMO_ROBOT, dingtalk.url)},
            server={"auth": AUTHS[auth]},
            alertmanagers={"bj": {"labels": {"cluster": "bj"}}},
        )
        adapter.start()
        assert run(["receiver", "--config", str(adapter.config), "--for", "alertmanager"]) == 0
        sender = yaml.safe_load(capsys.readouterr().out)
        sender["route"]["group_wait"] = "100ms"
        with alertmanager(RELEASES["debian"], sender, tmp_path) as between:
            fire(between.url, "Moved")
            wait_until(dingtalk.messages, within=60, what="the alert is in the group")
    [message] = dingtalk.messages()
    assert "Moved" in message.title
    assert "bj" in message.text, "the source's label was added"
