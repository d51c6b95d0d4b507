"""Who is rung by the adapter as it runs, over a restart and a handoff, as DingTalk rings them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from adapter.secret import Secret
from adapter.simulator import Member, Rate, Robot, SimulatorSettings, running
from support.adapter import Adapter, adapter_in, robot_section, webhook
from support.alerts import make_alert

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from adapter.core.alerts import Alert
    from adapter.simulator import Running

pytestmark = pytest.mark.real

ROBOT = Robot(name="ops", access_token=Secret("r1ngr1ng" * 5))
ZHANG, LEE = "13800000001", "+852-12345678"
MEMBERS = (
    Member(name="zhang", mobile=ZHANG),
    Member(name="lee", mobile=LEE),
    Member(name="nosy", mobile="13900000000"),
)
SETTINGS = SimulatorSettings(
    robots=(ROBOT,), rate=Rate(messages=100_000, per=timedelta(minutes=1)), members=MEMBERS
)
FIRING = make_alert("A", owner="13900000000", summary="@13900000000 @all")
OTHER = make_alert("B", owner="lee")


def configure(adapter: Adapter, dingtalk: Running, on_call: str) -> None:
    people: Mapping[str, object] = {
        "zhang": {"name": "张三", "mobile": ZHANG},
        "lee": {"mobile": LEE},
    }
    layer = {"rotation": "weekly", "start": "2020-01-06T09:00", "people": [on_call]}
    adapter.configure(
        {"ops": robot_section(ROBOT, dingtalk.url)},
        server={"dedup_window": "0"},
        people=people,
        schedules={"sre": {"layers": [layer]}},
        route={
            "robots": ["ops"],
            "mention": ["schedule:sre"],
            "routes": [
                {"matchers": ['alertname="B"'], "mention": ["label:owner"]},
                {
                    "matchers": ['alertname="C"'],
                    "mention": ["label:owner"],
                    "mention_else": ["all"],
                },
            ],
        },
    )


def rung(adapter: Adapter, dingtalk: Running, *alerts: Alert) -> tuple[str, ...]:
    """Return who is rung when the adapter is told of these alerts."""
    before = len(dingtalk.messages())
    adapter.accept(webhook(*alerts, key=alerts[0].name))
    adapter.settled()
    [message] = dingtalk.messages()[before:]
    return message.notified


def test_who_is_on_call_is_rung_once_for_a_firing_alert(tmp_path: Path) -> None:
    with running(SETTINGS) as dingtalk, adapter_in(tmp_path) as adapter:
        configure(adapter, dingtalk, "zhang")
        adapter.start()
        assert rung(adapter, dingtalk, FIRING) == ("zhang",)
        assert rung(adapter, dingtalk, FIRING) == (), "a repeat"
        assert rung(adapter, dingtalk, FIRING, make_alert("A", n="2")) == ("zhang",), "a new one"
        over = make_alert("A", status="resolved", owner="13900000000", summary="@13900000000 @all")
        assert rung(adapter, dingtalk, over) == ()
        assert rung(adapter, dingtalk, OTHER) == ("lee",), "whom the label names"

        assert adapter.terminate() == 0
        configure(adapter, dingtalk, "lee")
        adapter.start()
        assert rung(adapter, dingtalk, FIRING) == (), "a repeat, whoever is on call now"
        assert rung(adapter, dingtalk, make_alert("A", n="3")) == ("lee",)

        unknown = make_alert("C", owner="13900000000")
        assert rung(adapter, dingtalk, unknown) == ("zhang", "lee", "nosy"), "all, by mention_else"
        assert adapter.metric("mentions_unresolved_total") == 1
        [line] = adapter.events("mentions that mean nobody")
        assert line["mentions"] == ["label:owner=139****0000"]
        for number in (ZHANG, LEE):
            assert number not in adapter.output()
