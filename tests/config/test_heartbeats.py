"""What the section `heartbeats` means."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from adapter import config

if TYPE_CHECKING:
    from pathlib import Path

    from adapter.config.settings import Settings

BASE = """
robots: {ops: {access_token: abc}, db: {access_token: def}}
people: {zhang: {mobile: "13800000001"}}
"""


def load(folder: Path, text: str) -> Settings:
    path = folder / "config.yml"
    path.write_text(BASE + text, encoding="utf-8")
    return config.load(path, environ={})


def test_what_is_said_is_meant(tmp_path: Path) -> None:
    text = """
route: {robots: [ops]}
heartbeats:
  - name: pipeline
    matchers: [alertname="Watchdog", 'severity="none", env!="dev"']
    by: [cluster, env]
    expect: [bj/prod, sh/prod, bj/prod]
    every: 90s
    robots: [db]
    mention: [zhang, label:cluster]
"""
    [found] = load(tmp_path, text).heartbeats
    assert (found.name, found.by, found.expect) == (
        "pipeline",
        ("cluster", "env"),
        ("bj/prod", "sh/prod"),
    )
    assert (found.every, found.robots) == (timedelta(seconds=90), ("db",))
    assert found.mention == ("zhang", "label:cluster")
    assert found.takes({"alertname": "Watchdog", "severity": "none"})
    assert not found.takes({"alertname": "Watchdog", "severity": "none", "env": "dev"})


def test_what_is_not_said_is_ordinary(tmp_path: Path) -> None:
    text = """
route: {robots: [ops, db]}
heartbeats: [{name: pipeline, matchers: [alertname="Watchdog"]}]
"""
    [found] = load(tmp_path, text).heartbeats
    assert (found.every, found.robots) == (timedelta(minutes=5), ("ops", "db"))
    assert (found.by, found.expect, found.mention) == ((), (), ())


def test_a_root_without_heartbeats_has_none(tmp_path: Path) -> None:
    assert load(tmp_path, "route: {robots: [ops]}").heartbeats == ()
