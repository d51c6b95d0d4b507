"""The examples of senders are valid, point at our Service and Secret, and tell of us beside us."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import msgspec
import pytest
import yaml

from adapter.cli.main import run
from deploy.custom_resources import SCHEMAS
from support.kustomize import K8S, kustomize, one
from support.processes import need

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLES: Final = K8S / "examples"
ALERTMANAGER: Final = EXAMPLES / "alertmanager.yml"
OBJECTS: Final = ("alertmanagerconfig.yaml", "vmalertmanagerconfig.yaml")
BASE: Final = K8S / "base"


def read(name: str) -> dict[str, Any]:
    found = yaml.safe_load((EXAMPLES / name).read_text())
    assert isinstance(found, dict)
    return found


def amtool(*arguments: str) -> str:
    need("amtool")
    done = subprocess.run(["amtool", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def urls_in(value: object) -> list[str]:
    """Return all URLs of the adapter in a document."""
    if isinstance(value, dict):
        return [url for each in value.values() for url in urls_in(each)]
    if isinstance(value, list):
        return [url for each in value for url in urls_in(each)]
    return [value] if isinstance(value, str) and value.startswith("http") else []


@pytest.mark.real
def test_alertmanager_takes_its_example() -> None:
    assert "SUCCESS" in amtool("check-config", str(ALERTMANAGER))


@pytest.mark.real
@pytest.mark.parametrize(
    ("alertname", "receiver"),
    [("HighLoad", "dingtalk"), ("AlertmanagerDingTalkStoreFailing", "beside-dingtalk")],
)
def test_what_is_wrong_with_the_adapter_goes_another_way(alertname: str, receiver: str) -> None:
    command = ("config", "routes", "test", f"--config.file={ALERTMANAGER}")
    assert amtool(*command, f"alertname={alertname}").strip() == receiver


@pytest.mark.parametrize("name", OBJECTS)
def test_the_operators_would_know_every_key(name: str) -> None:
    document = read(name)
    msgspec.convert(document, SCHEMAS[document["kind"]])


def test_every_alert_of_ours_is_caught_by_that_route() -> None:
    """All three examples match by the beginning of the name, which all our rules have."""
    rules = one(kustomize(K8S / "overlays" / "full"), "PrometheusRule")["spec"]["groups"][0][
        "rules"
    ]
    assert all(rule["alert"].startswith("AlertmanagerDingTalk") for rule in rules)
    for name in ("alertmanager.yml", *OBJECTS):
        assert "AlertmanagerDingTalk.+" in (EXAMPLES / name).read_text()


def webhooks_in(value: object) -> list[object]:
    """Return what a custom resource says of its webhook."""
    if isinstance(value, dict):
        own = [value.get("webhookConfigs"), value.get("webhook_configs")]
        return [one for one in own if one] + [
            found for each in value.values() for found in webhooks_in(each)
        ]
    if isinstance(value, list):
        return [found for each in value for found in webhooks_in(each)]
    return []


@pytest.mark.parametrize("name", OBJECTS)
def test_the_operators_examples_are_what_receiver_prints(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    [url] = urls_in(read(name))
    arguments = ["--config", str(BASE / "config.yml"), "--skip-secrets"]
    assert run(["receiver", *arguments, "--url", url.removesuffix("/alertmanager")]) == 0
    printed = list(yaml.safe_load_all(capsys.readouterr().out))
    [ours] = [each for each in printed if each.get("kind") == read(name)["kind"]]
    assert webhooks_in(ours) == webhooks_in(read(name))


@pytest.mark.parametrize("path", sorted(EXAMPLES.iterdir()), ids=lambda path: path.name)
def test_an_example_points_at_the_service_and_its_token(path: Path) -> None:
    service = one(kustomize(BASE), "Service")
    [url] = urls_in(read(path.name))
    assert urlsplit(url).hostname == f"{service['metadata']['name']}.monitoring.svc"
    assert urlsplit(url).port == service["spec"]["ports"][0]["port"]
    assert urlsplit(url).path == "/alertmanager"
    assert "webhook-token" in path.read_text()
    assert "webhook-token" in one(kustomize(BASE), "ConfigMap")["data"]["config.yml"]
