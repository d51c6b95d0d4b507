"""`route`: where an alert goes and why, as golden files and as JSON.

`GOLDEN=write pytest tests/cli/test_route.py` writes the files anew; read the difference.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Final

import pytest

from adapter.cli.main import run

ROUTES: Final = Path(__file__).parent.parent / "golden" / "route"
ALERTS: Final = {
    "nested": ["alertname=DiskFull", "severity=warning", "team=db", "owner=web"],
    "worst": ["severity=critical", "team=db"],
    "watchdog": ["alertname=Watchdog"],
    "no-labels": [],
    "heartbeat": ["alertname=PipelineAlive", "cluster=bj"],
    "included": ["team=net"],
    "rung": ["team=rung", "owner=lee"],
}


@pytest.fixture(autouse=True)
def in_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROUTES)


def route(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(["route", "--config", "config.yml", "--skip-secrets", *arguments]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("name", ALERTS)
def test_a_decision_is_explained_line_by_line(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    explained = route(capsys, *ALERTS[name])
    golden = ROUTES / f"{name}.txt"
    if os.environ.get("GOLDEN") == "write":
        golden.write_text(explained)
    assert explained == golden.read_text()


def test_a_heartbeat_goes_nowhere(capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(route(capsys, "--json", *ALERTS["heartbeat"])) == {"routes": []}


def test_json_has_the_documented_shape(capsys: pytest.CaptureFixture[str]) -> None:
    plain = {"message": "markdown", "mention": []}
    assert json.loads(route(capsys, "--json", *ALERTS["nested"])) == {
        "routes": [
            {"robots": ["db", "web"], "template": "default", "priority": "normal", **plain},
            {"robots": ["ops"], "template": "default", "priority": "normal", **plain},
        ]
    }
    assert json.loads(route(capsys, "--json", *ALERTS["worst"])) == {
        "routes": [
            {"robots": ["ops"], "template": "mine", "priority": "high", **plain},
            {"robots": ["web"], "template": "default", "priority": "high", **plain},
        ]
    }
    rung = json.loads(route(capsys, "--json", *ALERTS["rung"]))["routes"]
    assert [each["mention"] for each in rung] == [
        ["zhang", "label:owner", "mobile:138****0002"],
        ["all"],
    ]
    (nobody,) = json.loads(route(capsys, "--json", *ALERTS["watchdog"]))["routes"]
    assert nobody["robots"] == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["severity"], "no label; expected LABEL=VALUE, as severity=critical"),
        (["=x"], "no label"),
        (["a=1", "a=2"], 'the label "a" is given twice'),
    ],
)
def test_what_is_no_label_is_told(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["route", "--config", "config.yml", "--skip-secrets", *arguments]) == 2
    assert says in capsys.readouterr().err


def test_a_value_may_hold_anything(capsys: pytest.CaptureFixture[str]) -> None:
    explained = route(capsys, "url=http://x/?a=b", "steers=\x1b[31m", "owner=13800000001")
    assert "url=http://x/?a=b" in explained
    assert "\x1b" not in explained
    assert "13800000001" not in explained
