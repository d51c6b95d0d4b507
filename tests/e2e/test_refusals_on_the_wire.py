"""What DingTalk refuses of a wrongly configured adapter is told, and delivered once mended."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from adapter.secret import Secret
from adapter.simulator import Exchange, Rate, Robot, Running, SimulatorSettings, running
from support.adapter import Adapter, adapter_in, robot_section, told
from support.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.real

SIGNED = Robot(name="ops", access_token=Secret("a1" * 32), secret=Secret("SEC" + "b2" * 32))
NAMED = Robot(name="ops", access_token=Secret("c3" * 32), keywords=("告警",))
STRICT = Robot(
    name="ops",
    access_token=Secret("d4" * 32),
    rate=Rate(messages=20, mute=timedelta(milliseconds=1)),
)

REFUSED = "SELECT outcome FROM batches WHERE state = 'dissolved'"


@pytest.fixture
def dingtalk(request: pytest.FixtureRequest) -> Iterator[Running]:
    """Serve a simulator with the robot that the test asks for."""
    with running(SimulatorSettings(robots=(request.param,))) as serving:
        yield serving


@pytest.fixture
def adapter(tmp_path: Path) -> Iterator[Adapter]:
    with adapter_in(tmp_path) as ours:
        yield ours


def with_robot(robot: Robot) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("dingtalk", [robot], indirect=True, ids=[robot.name])


def refusal(dingtalk: Running) -> Exchange:
    """Return the one request that was refused, once there is one."""

    def refused() -> list[Exchange]:
        return [each for each in dingtalk.requests() if each.errcode]

    wait_until(refused, what="DingTalk refuses")
    (exchange,) = refused()
    assert exchange.message is None
    return exchange


def assert_told(adapter: Adapter, refused: Exchange) -> None:
    """Check that log and database say why, in DingTalk's own words."""
    wait_until(lambda: adapter.events("message not sent"), what="the log says so")
    (line,) = adapter.events("message not sent")
    assert (line["level"], line["robot"]) == ("warning", "ops")
    told_there = " ".join(f"{refused.errcode} {refused.errmsg}".split())
    assert line["why"] == told_there[: len(line["why"])]
    assert len(line["why"]) > 30, "it is a sentence"
    assert adapter.rows(REFUSED) == [(line["why"],)]
    assert adapter.pending() == 1, "it waits for better days"


def assert_delivered_after_mending(adapter: Adapter, dingtalk: Running, messages: int) -> None:
    """Check that what was refused arrives after one hang-up."""
    adapter.hang_up()
    wait_until(lambda: len(dingtalk.messages()) == messages, what="the refused message arrives")
    adapter.settled()
    wait_until(lambda: not adapter.metric("robot_broken"), what="the robot counts as whole")
    assert adapter.metric("deliveries_pending") == 0
    assert len([each for each in dingtalk.requests() if each.errcode]) == 1, "no second refusal"


@with_robot(SIGNED)
def test_a_wrong_signature(adapter: Adapter, dingtalk: Running) -> None:
    wrong = robot_section(SIGNED, dingtalk.url, secret="SEC" + "b3" * 32)
    adapter.configure({"ops": wrong})
    adapter.start()
    adapter.accept(told("A"))
    refused = refusal(dingtalk)
    assert (refused.errcode, "签名不匹配" in refused.errmsg) == (310000, True)
    assert_told(adapter, refused)
    assert adapter.metric("robot_broken", robot="ops", reason="sign") == 1
    adapter.configure({"ops": robot_section(SIGNED, dingtalk.url)})
    assert_delivered_after_mending(adapter, dingtalk, 1)


@with_robot(SIGNED)
def test_an_hour_old_timestamp(adapter: Adapter, dingtalk: Running) -> None:
    dingtalk.configure(clock_offset=timedelta(hours=1, seconds=5))
    adapter.configure({"ops": robot_section(SIGNED, dingtalk.url)})
    adapter.start()
    adapter.accept(told("A"))
    refused = refusal(dingtalk)
    assert (refused.errcode, "签名过期" in refused.errmsg) == (310000, True)
    assert_told(adapter, refused)
    assert adapter.metric("robot_broken", robot="ops", reason="clock") == 1
    dingtalk.configure(clock_offset=timedelta(minutes=59))
    assert_delivered_after_mending(adapter, dingtalk, 1)


@with_robot(NAMED)
def test_a_missing_keyword(adapter: Adapter, dingtalk: Running) -> None:
    adapter.configure({"ops": robot_section(NAMED, dingtalk.url)})
    adapter.start()
    adapter.accept(told("A"))
    refused = refusal(dingtalk)
    assert (refused.errcode, "关键词不匹配" in refused.errmsg) == (310000, True)
    assert_told(adapter, refused)
    assert adapter.metric("robot_broken", robot="ops", reason="keyword") == 1
    adapter.configure({"ops": robot_section(NAMED, dingtalk.url, keyword="告警")})
    assert_delivered_after_mending(adapter, dingtalk, 1)
    assert "告警" in dingtalk.messages()[0].text


@with_robot(STRICT)
def test_the_21st_message_of_a_minute(adapter: Adapter, dingtalk: Running) -> None:
    too_much = {"messages": 1000, "per": "10s"}  # so long it rests, whatever is reloaded
    adapter.configure({"ops": robot_section(STRICT, dingtalk.url, rate=too_much)})
    adapter.start()
    adapter.accept(*(told(f"Alert-{number}") for number in range(21)))
    refused = refusal(dingtalk)
    assert len(dingtalk.messages()) == 20
    assert (refused.errcode, refused.errmsg) == (660026, "sending too many messages per minute")
    assert_told(adapter, refused)
    assert adapter.metric("throttled_total", robot="ops") == 1
    assert adapter.metric("robot_broken") == 0, "a robot that sent too much works"
    assert adapter.metric("blocked_until_timestamp_seconds", robot="ops") > 0
    assert adapter.metric("deliveries_pending", robot="ops") == 1
    assert_delivered_after_mending(adapter, dingtalk, 21)
