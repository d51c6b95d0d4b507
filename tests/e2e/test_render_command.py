"""`render` prints what `serve` sends, by the installed console script."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest

from adapter.secret import Secret
from adapter.simulator import Robot, SimulatorSettings, running
from support.adapter import adapter_in, command, robot_section, webhook
from support.alerts import make_alert
from support.calendars import calendar, event
from support.clock import START
from support.processes import wait_until

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real

OPS = Robot(name="ops", access_token=Secret("render1" * 9))
DB = Robot(name="db", access_token=Secret("render2" * 9))
OVER = [
    make_alert("DiskFull", status="resolved", severity="warning", instance=f"db-{n}")
    for n in (1, 2)
]
BODY = webhook(*OVER)


def bodies(text: str) -> list[str]:
    """Return the bodies as they are, but for the id that each message has of its own."""
    assert all(json.loads(line)["msgUuid"] for line in text.splitlines())
    return sorted(re.sub(r'"msgUuid":"[^"]+"', "", line) for line in text.splitlines())


def test_what_is_rendered_is_what_is_sent(tmp_path: Path) -> None:
    with (
        running(SimulatorSettings(robots=(OPS, DB))) as dingtalk,
        adapter_in(tmp_path) as adapter,
    ):
        adapter.configure(
            {
                "ops": robot_section(OPS, dingtalk.url, split="alert"),
                "db": robot_section(DB, dingtalk.url, keyword="告警", language="en"),
            },
            alertmanagers={"bj": {"labels": {"cluster": "bj"}}},
        )
        payload = tmp_path / "webhook.json"
        payload.write_bytes(BODY)
        render = ("render", "--config", str(adapter.config), "--json")
        code, text = command(*render, str(payload), folder=tmp_path)
        assert (code, len(bodies(text))) == (0, 3)
        assert not dingtalk.messages()
        assert not adapter.database.exists()

        adapter.start()
        adapter.accept(BODY)
        wait_until(lambda: len(dingtalk.messages()) == 3, within=30, what="all are delivered")
        sent = b"\n".join(message.raw for message in dingtalk.messages()).decode()
        assert bodies(sent) == bodies(text)

        code, text = command(
            *render, "--robot", "db", "--source", "bj", str(payload), folder=tmp_path
        )
        assert (code, len(bodies(text))) == (0, 1)
        assert "bj" in text
        for wrong in (("--robot", "x"), ("--source", "x")):
            assert command(*render, *wrong, str(payload), folder=tmp_path)[0] == 2
        payload.write_text("{}")
        assert command(*render, str(payload), folder=tmp_path)[0] == 1


def test_what_is_deferred_now_is_rendered_as_its_digest(tmp_path: Path) -> None:
    config, payload = tmp_path / "config.yml", tmp_path / "webhook.json"
    document = {
        "robots": {"ops": {"access_token_file": "no-such-file"}},
        "route": {"robots": ["ops"], "defer": ["always"]},
        "time_intervals": {"always": [{"years": ["2000:2999"]}]},
    }
    config.write_text(json.dumps(document))
    mild = msgspec.structs.replace(OVER[0], ends_at=START + timedelta(hours=1))
    payload.write_bytes(webhook(mild))
    arguments = ("render", "--config", str(config), "--skip-secrets", str(payload))
    code, text = command(*arguments, folder=tmp_path)
    told, body = text.splitlines()
    assert (code, told.startswith("ops: deferred until ")) == (0, True)
    assert json.loads(body)["markdown"]["title"].startswith("🌙 暂缓告警 1 条")


def test_whom_a_calendar_names_is_rung_in_what_is_rendered(tmp_path: Path) -> None:
    always = event(title="zhang", start="DTSTART:20200101T000000Z", end="DTEND:20990101T000000Z")
    (tmp_path / "sre.ics").write_bytes(calendar(always))
    config, payload = tmp_path / "config.yml", tmp_path / "webhook.json"
    document = {
        "people": {"zhang": {"mobile": "13800000001"}},
        "schedules": {"sre": {"ical": {"file": "sre.ics"}}},
        "robots": {"ops": {"access_token": "render1" * 9}},
        "route": {"robots": ["ops"], "mention": ["schedule:sre"]},
    }
    config.write_text(json.dumps(document))
    payload.write_bytes(webhook(make_alert("DiskFull")))
    code, text = command("render", "--config", str(config), str(payload), folder=tmp_path)
    assert code == 0
    assert json.loads(text)["at"]["atMobiles"] == ["13800000001"]


def test_a_heartbeat_becomes_no_message(tmp_path: Path) -> None:
    config, payload = tmp_path / "config.yml", tmp_path / "webhook.json"
    document = {
        "robots": {"ops": {"access_token_file": "no-such-file"}},
        "route": {"robots": ["ops"]},
        "heartbeats": [{"name": "pipeline", "matchers": ['instance="db-1"']}],
    }
    config.write_text(json.dumps(document))
    payload.write_bytes(BODY)
    arguments = ("render", "--config", str(config), "--skip-secrets", str(payload))
    code, text = command(*arguments, folder=tmp_path)
    told, body = text.splitlines()
    assert (code, told) == (0, "heartbeats: 1 alert(s) are observed, not delivered")
    text = json.loads(body)["markdown"]["text"]  # the message's id can be any
    assert "db-2" in text
    assert "db-1" not in text
