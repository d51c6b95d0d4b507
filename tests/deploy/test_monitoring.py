"""Rules, dashboard and metrics speak of the same things: promtool and a running adapter say so."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
import requests
import yaml

from adapter.secret import Secret
from adapter.simulator import Robot, SimulatorSettings, running
from support.adapter import PREFIX, adapter_in, robot_section, told
from support.kustomize import K8S, kustomize, one
from support.processes import need, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.real

OPS: Final = Robot(name="ops", access_token=Secret("a1" * 32))
CASES: Final = Path(__file__).parent / "rules.test.yml"
FULL: Final = K8S / "overlays" / "full"


def promtool(*arguments: str, text: str = "") -> str:
    """Run promtool; return all it says, which must be success."""
    need("promtool")
    done = subprocess.run(
        ["promtool", *arguments], input=text, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def rules() -> list[dict[str, Any]]:
    [group] = one(kustomize(FULL), "PrometheusRule")["spec"]["groups"]
    found = group["rules"]
    assert isinstance(found, list)
    return found


@pytest.fixture
def dashboard() -> dict[str, Any]:
    data = one(kustomize(FULL), "ConfigMap", "alertmanager-dingtalk-dashboard")["data"]
    found = json.loads(data["alertmanager-dingtalk.json"])
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return what an adapter that has told of an alert answers at /metrics."""
    folder = tmp_path_factory.mktemp("adapter")
    with running(SimulatorSettings(robots=(OPS,))) as dingtalk, adapter_in(folder) as adapter:
        adapter.configure(
            {"ops": robot_section(OPS, dingtalk.url)},
            heartbeats=[{"name": "pipeline", "matchers": ['alertname="Watchdog"']}],
        )
        adapter.start()
        adapter.accept(told("HighLoad"), told("Watchdog"))
        wait_until(lambda: adapter.metric("messages_sent_total"), what="an alert is told")
        yield requests.get(f"{adapter.url}/metrics", timeout=10).text


def write(path: Path, rules: list[dict[str, Any]]) -> str:
    path.write_text(yaml.safe_dump({"groups": [{"name": "test", "rules": rules}]}))
    return str(path)


def names_in(text: str) -> set[str]:
    return {name.removeprefix(PREFIX) for name in re.findall(rf"{PREFIX}\w+", text)}


COUNTERS = {
    "webhooks_total": {"code"},
    "alerts_received_total": {"status"},
    "deliveries_duplicate_total": set(),
    "messages_sent_total": {"robot", "msgtype"},
    "alerts_delivered_total": {"robot", "form"},
    "send_failures_total": {"robot", "errcode", "reason"},
    "throttled_total": {"robot"},
    "render_failures_total": {"template"},
    "mentions_unresolved_total": set(),
    "store_corruptions_total": set(),
}
GAUGES = {
    "deliveries_pending": {"robot"},
    "deliveries_dead": {"robot"},
    "oldest_pending_seconds": {"robot"},
    "robot_broken": {"robot", "reason"},
    "rate_remaining": {"robot"},
    "blocked_until_timestamp_seconds": {"robot"},
    "monthly_messages": {"quota"},
    "heartbeat_last_seen_timestamp_seconds": {"heartbeat", "value"},
    "store_up": set(),
    "config_last_reload_successful": set(),
    "config_last_reload_success_timestamp_seconds": set(),
    "build_info": {"version"},
}


def test_the_metrics_have_the_names_types_and_labels_that_dashboards_use(page: str) -> None:
    types = dict(re.findall(rf"^# TYPE {PREFIX}(\w+) (\w+)$", page, re.MULTILINE))
    assert types == {
        **dict.fromkeys(COUNTERS, "counter"),
        **dict.fromkeys(GAUGES, "gauge"),
        "delivery_latency_seconds": "histogram",
    }
    for name, labels in re.findall(rf"^{PREFIX}(\w+)(?:\{{(.*)\}})? \S+$", page, re.MULTILINE):
        expected = (COUNTERS | GAUGES).get(name)
        if expected is not None:
            assert set(re.findall(r'(\w+)="', labels)) == expected, name


def test_promtool_has_nothing_against_the_metrics(page: str) -> None:
    assert promtool("check", "metrics", text=page).strip() == ""


def test_promtool_has_nothing_against_the_rules(
    rules: list[dict[str, Any]], tmp_path: Path
) -> None:
    assert f"{len(rules)} rules found" in promtool("check", "rules", write(tmp_path / "r", rules))


def test_the_rules_fire_when_they_should(rules: list[dict[str, Any]], tmp_path: Path) -> None:
    """What a rule says to people is left out: promtool would want each sentence again."""
    mute = [{key: rule[key] for key in rule if key != "annotations"} for rule in rules]
    write(tmp_path / "rules.yml", mute)
    shutil.copy(CASES, tmp_path)
    promtool("test", "rules", str(tmp_path / CASES.name))


def test_every_rule_is_tried_both_ways(rules: list[dict[str, Any]]) -> None:
    tried = [
        (case["alertname"], "exp_alerts" in case)
        for test in yaml.safe_load(CASES.read_text())["tests"]
        for case in test["alert_rule_test"]
    ]
    assert set(tried) == {(rule["alert"], fires) for rule in rules for fires in (True, False)}


def test_rules_and_dashboard_ask_for_metrics_that_there_are(
    rules: list[dict[str, Any]], dashboard: dict[str, Any], page: str
) -> None:
    asked = names_in(json.dumps([rules, dashboard]))
    # `# TYPE` names each metric, also one that has no sample yet; a histogram by its base.
    given = names_in("\n".join(re.findall(r"^# TYPE (\S+)", page, re.MULTILINE)))
    assert not {name.removesuffix("_bucket") for name in asked} - given


def test_the_labels_that_are_asked_for_are_there(dashboard: dict[str, Any], page: str) -> None:
    """A legend may name labels of the sender or those that Prometheus and the operator add."""
    asked = set(re.findall(r"\{\{(\w+)\}\}", json.dumps(dashboard)))
    given = set(re.findall(r'[{,](\w+)="', page))
    awaited = {"quota", "errcode", "reason", "template"}
    assert asked <= given | awaited | {"pod"}


def test_each_query_of_the_dashboard_can_be_evaluated(
    dashboard: dict[str, Any], tmp_path: Path
) -> None:
    queries = [
        target["expr"].replace("$__rate_interval", "5m").replace("$namespace", ".*")
        for panel in dashboard["panels"]
        for target in panel["targets"]
    ]
    assert not [query for query in queries if "$" in query]
    records = [{"record": f"r{n}", "expr": query} for n, query in enumerate(queries)]
    answer = promtool("check", "rules", write(tmp_path / "rules.yml", records))
    assert f"{len(queries)} rules found" in answer


def test_no_panel_covers_another(dashboard: dict[str, Any]) -> None:
    taken = [
        (x, y)
        for panel in dashboard["panels"]
        for place in [panel["gridPos"]]
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) < 24
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
