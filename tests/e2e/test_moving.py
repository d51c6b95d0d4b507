"""Moving in: set up Alertmanager by what `receiver` prints; or change nothing and import."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
import yaml

from adapter.cli.main import run
from adapter.moving.receivers import MOUNTED
from adapter.secret import Secret
from adapter.simulator import DEMO_ROBOT, Robot, SimulatorSettings, running
from support.adapter import adapter_in, robot_section, told
from support.alertmanager import RELEASES, alertmanager
from support.certificates import Authority
from support.processes import wait_until

if TYPE_CHECKING:
    from adapter.simulator import Running
    from support.adapter import Adapter

STARTED = "2025-12-31T23:00:00Z"

pytestmark = pytest.mark.real

AUTHS: dict[str, dict[str, Any]] = {
    "bearer": {"bearer_token_files": ["credential"]},
    "basic": {"basic": {"username": "alertmanager", "password_file": "credential"}},
}


@pytest.mark.parametrize("mutual", [False, True], ids=["tls", "client certificate"])
def test_what_receiver_prints_speaks_tls(
    mutual: bool,  # noqa: FBT001  # a case
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The files that the snippet names are put where it is read."""
    authority = Authority(tmp_path, name="ca")
    certificate, key = authority.certify("server")
    authority.certify("tls")
    tls = {"cert_file": str(certificate), "key_file": str(key)}
    (tmp_path / "credential").write_text("a-credential-of-the-webhook")
    with running() as dingtalk, adapter_in(tmp_path) as adapter:
        adapter.configure(
            {"ops": robot_section(DEMO_ROBOT, dingtalk.url)},
            server={
                "auth": AUTHS["bearer"],
                "tls": {**tls, "client_ca_file": str(authority.file)} if mutual else tls,
            },
        )
        adapter.launch()
        wait_until(adapter.listens, within=60, what="it listens")
        assert run(["receiver", "--config", str(adapter.config), "--for", "alertmanager"]) == 0
        sender = yaml.safe_load(capsys.readouterr().out.replace(MOUNTED, str(tmp_path)))
        with alertmanager(RELEASES["debian"], sender, tmp_path) as between:
            fire(between.url, "Moved")
            wait_until(dingtalk.messages, within=60, what="the alert is in the group")


def fire(alertmanager_url: str, name: str, ends_at: str = "") -> None:
    """Let an alert fire, or end it."""
    alert = {"labels": {"alertname": name, "severity": "critical"}, "startsAt": STARTED}
    alerts = [{**alert, "endsAt": ends_at} if ends_at else alert]
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


# -- from prometheus-webhook-dingtalk --------------------------------------------------------------

EXAMPLE = Path(__file__).parents[1] / "moving/prometheus-webhook-dingtalk/example.yml"
OLD: dict[str, Any] = yaml.safe_load(EXAMPLE.read_text())["targets"]
MENTIONED = {
    "webhook_mention_all": ("张三", "李四", "王五", "Lee"),
    "webhook_mention_users": ("张三", "李四"),
}


def robots_of_the_example() -> tuple[Robot, ...]:
    """Return each target's robot as DingTalk knows it: with a signature, or without."""
    return tuple(
        Robot(
            name=name,
            access_token=Secret(target["url"].partition("access_token=")[2]),
            secret=Secret(target["secret"]) if "secret" in target else None,
        )
        for name, target in OLD.items()
    )


def import_example(adapter: Adapter, dingtalk: Running, capsys: pytest.CaptureFixture[str]) -> None:
    """Make the imported configuration that of the adapter, and the simulator its DingTalk."""
    assert run(["import", "prometheus-webhook-dingtalk", str(EXAMPLE)]) == 1
    imported = capsys.readouterr().out.replace("https://oapi.dingtalk.com", dingtalk.url)
    here = f"server: {{listen: '127.0.0.1:{adapter.port}'}}\n"
    where = f"storage: {{url: 'sqlite:///{adapter.database.name}'}}\n"
    adapter.config.write_text(here + where + imported)


def check_group(dingtalk: Running, titles: set[str]) -> None:
    """Every target told its group, signed where it has a secret, and rang whom it rings."""
    wait_until(
        lambda: len(dingtalk.messages()) == len(OLD) * len(titles), within=60, what="all are told"
    )
    assert {(each.robot, each.errcode) for each in dingtalk.requests()} == {
        (name, 0) for name in OLD
    }
    for each in dingtalk.requests():
        assert bool(re.search("sign=", each.query)) == ("secret" in OLD[each.robot])
    for message in dingtalk.messages():
        assert message.notified == MENTIONED.get(message.robot, ())
        assert ('"isAtAll": true' in json.dumps(message.body)) == (
            message.robot == "webhook_mention_all"
        )
        assert any(title in message.title for title in titles)


def test_the_example_imported_answers_and_delivers_as_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (
        running(SimulatorSettings(robots=robots_of_the_example())) as dingtalk,
        adapter_in(tmp_path) as adapter,
    ):
        import_example(adapter, dingtalk, capsys)
        adapter.start()
        for name in OLD:
            answer = adapter.post(told("Moved"), f"/dingtalk/{name}/send")
            assert (answer.status_code, answer.text) == (200, "OK")
        assert adapter.post(told("Moved"), "/dingtalk/nobody/send").status_code == 404
        check_group(dingtalk, {"Moved"})


def test_an_alertmanager_pointed_at_the_old_urls_needs_no_change(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Firing and resolved reach every target, and ring as the old adapter did: each time."""
    with (
        running(SimulatorSettings(robots=robots_of_the_example())) as dingtalk,
        adapter_in(tmp_path) as adapter,
    ):
        import_example(adapter, dingtalk, capsys)
        adapter.start()
        webhooks = [
            {"url": f"{adapter.url}/dingtalk/{name}/send", "send_resolved": True} for name in OLD
        ]
        sender = {
            "route": {
                "receiver": "webhook",
                "group_by": ["alertname"],
                "group_wait": "100ms",
                "group_interval": "1s",
            },
            "receivers": [{"name": "webhook", "webhook_configs": webhooks}],
        }
        with alertmanager(RELEASES["debian"], sender, tmp_path) as between:
            fire(between.url, "Moved")
            check_group(dingtalk, {"🔴 严重 Moved"})
            fire(between.url, "Moved", ends_at="2026-01-01T00:00:00Z")
            check_group(dingtalk, {"🔴 严重 Moved", "✅ 已恢复 Moved"})
