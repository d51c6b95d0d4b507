"""Every example of DingTalk's documentation, over HTTP and by `send`, beside a running `serve`."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
import requests

from adapter.secret import Secret
from adapter.simulator import Member, Rate, Robot, SimulatorSettings, running
from support.adapter import adapter_in, command, robot_section, told
from support.browser import chromium, visit
from support.messages import EXAMPLES
from support.processes import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from adapter.simulator import Running
    from support.adapter import Adapter

pytestmark = pytest.mark.real

ROBOT = Robot(name="ops", access_token=Secret("a11types" * 5), secret=Secret("SEC" + "0f1e" * 16))
SETTINGS = SimulatorSettings(
    robots=(ROBOT,),
    rate=Rate(messages=100_000),
    members=(
        Member(name="张三", mobile="13800000001", user_id="zhang"),
        Member(name="Lee", mobile="+852-12345678", user_id="lee"),
    ),
)
RUNG: dict[str, tuple[str, ...]] = {
    "text": ("张三", "Lee"),
    "text to all": ("张三", "Lee"),
    "markdown": ("张三",),
    "actionCard, independent jump": ("张三",),
}
"""Whom each example rings; markdown names Lee in `at` but not in its text."""


def post(adapter: Adapter, document: object, robot: str = "ops") -> requests.Response:
    return requests.post(f"{adapter.url}/robots/{robot}/messages", json=document, timeout=15)


def arrived(dingtalk: Running, number: int) -> list[dict[str, Any]]:
    """Return the bodies in the group once there are so many."""
    wait_until(
        lambda: len(dingtalk.messages()) >= number, within=60, what=f"{number} messages arrive"
    )
    return [dict(message.body) for message in dingtalk.messages()]


def test_every_example_arrives_by_http_and_one_of_each_type_by_send(
    tmp_path: Path,
) -> None:
    with running(SETTINGS) as dingtalk, adapter_in(tmp_path) as adapter:
        adapter.configure({"ops": robot_section(ROBOT, dingtalk.url)})
        adapter.start()
        over_http = [
            {**example, "msgUuid": f"http-{number}"}
            for number, example in enumerate(EXAMPLES.values())
        ]
        for document in over_http:
            answer = post(adapter, document)
            assert (answer.status_code, answer.json()["msgUuid"]) == (202, document["msgUuid"])
        assert post(adapter, over_http[0]).json()["duplicates"] == 1
        assert arrived(dingtalk, len(EXAMPLES)) == over_http, "in order, each once, signed"
        assert [message.notified for message in dingtalk.messages()] == [
            RUNG.get(name, ()) for name in EXAMPLES
        ]

        one_of_each = {example["msgtype"]: example for example in EXAMPLES.values()}
        by_send = [
            {**example, "msgUuid": f"send-{number}"}
            for number, example in enumerate(one_of_each.values())
        ]
        for document in by_send:
            (tmp_path / "m.json").write_text(json.dumps(document), encoding="utf-8")
            arguments = ("--config", str(adapter.config), "--robot", "ops")
            code, output = command(
                "send", *arguments, "raw", str(tmp_path / "m.json"), folder=tmp_path
            )
            assert (code, "sent: DingTalk answered ok; m" in output) == (0, True), output
        all_told = over_http + by_send
        assert arrived(dingtalk, len(all_told)) == all_told

        adapter.accept(told("Alert"))
        arrived(dingtalk, len(all_told) + 1)
        adapter.settled()
        told_of_each = Counter(each["msgtype"] for each in [*all_told, {"msgtype": "markdown"}])
        counted = {
            msgtype: adapter.metric("messages_sent_total", robot="ops", msgtype=msgtype)
            for msgtype in told_of_each
        }
        assert counted == told_of_each
        assert post(adapter, EXAMPLES["text"], "nobody").status_code == 404
        assert shown(dingtalk) == []
        listed = command("outbox", "--config", str(adapter.config), "list", folder=tmp_path)[1]
        assert "other messages that wait or died\n(none)" in listed


def shown(dingtalk: Running) -> list[str]:
    """Look at the simulator's page: every message is there. Return what it complained of."""
    with chromium() as browser, visit(browser, dingtalk.url) as opened:
        page = opened.page
        kinds = page.locator(".bubble").evaluate_all("all => all.map(one => one.classList[1])")
        bodies: list[dict[str, Any]] = [dict(message.body) for message in dingtalk.messages()]
        drawn = {"link": "link", "text": "text", "feedCard": "feed-card"}
        assert kinds == [drawn.get(body["msgtype"], "markdown") for body in bodies]
        cards = [body["actionCard"] for body in bodies if "actionCard" in body]
        buttons = sum(len(card.get("btns", ["the only one"])) for card in cards)
        assert page.locator(".action-card .button").count() == buttons
        feeds = sum(len(body["feedCard"]["links"]) for body in bodies if "feedCard" in body)
        assert page.locator(".feed-card .feed").count() == feeds
        return opened.complaints


def test_what_waits_survives_a_kill_and_keeps_to_the_rate(tmp_path: Path) -> None:
    slow = {"rate": {"messages": 8, "per": "8s"}}
    with running(SETTINGS) as dingtalk, adapter_in(tmp_path) as adapter:
        adapter.configure({"ops": robot_section(ROBOT, dingtalk.url, **slow)})
        adapter.start()
        for number in range(6):
            document = {"msgtype": "text", "text": {"content": str(number)}}
            assert post(adapter, {**document, "msgUuid": f"u{number}"}).status_code == 202
        arrived(dingtalk, 1)
        adapter.kill()
        adapter.start()
        bodies = arrived(dingtalk, 6)
        assert [body["msgUuid"] for body in bodies] == [f"u{number}" for number in range(6)]
        times = [message.received_at for message in dingtalk.messages()]
        assert (times[5] - times[0]).total_seconds() > 4, "a burst of two, then a slot each"
