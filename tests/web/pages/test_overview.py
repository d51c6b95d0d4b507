"""The overview: what it says of robots, heartbeats and who is on call, and what that costs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest

from adapter.config.problems import Place
from adapter.config.settings import ScheduleSettings
from adapter.core.heartbeats import Beat, Heartbeat
from adapter.core.monthly import Allowance
from adapter.core.oncall import Duty, Schedule
from adapter.core.people import Person
from adapter.core.priority import Priority
from adapter.core.spans import Span
from adapter.core.switches import Look, Seen, Switch
from adapter.core.turn import Fate, Settlement, Turn
from adapter.web import create_app
from adapter.web.pages.overview import pulses
from support.alerts import make_alert, make_delivery
from support.clock import START
from support.outbox_contract import a_post, ask, entries_of, launch_of, put, settle
from support.settings import make_pool, make_robot, make_settings
from web.pages.paging import Paged, an_outbox, fill, plans, statements, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask.testing import FlaskClient

    from adapter.config.settings import RobotSettings, Settings
    from adapter.outbox import Outbox

QUOTA = Allowance(name="company", messages=3000, used=100, robots=("ops",))


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    yield from an_outbox(tmp_path)


def client_of(settings: Settings, outbox: Outbox) -> FlaskClient:
    return create_app(Paged(settings, outbox)).test_client()


def ail(outbox: Outbox, robot: RobotSettings, ill: str) -> None:
    """Let a message of a robot fail."""
    name = f"m-{ill}"
    turn = ask(outbox, robot.name, token=robot.token_key)
    assert isinstance(turn, Turn)
    assert outbox.launch(turn, launch_of(entries_of(turn), name), now=START)
    rests_until = START + timedelta(minutes=7)
    settlement = Settlement(fate=Fate.DISSOLVED, rests_until=rests_until, ill=ill)
    assert settle(outbox, turn, name, settlement, outcome="<b>errcode 300005</b>")


def test_a_robot_that_is_well_says_what_waits(outbox: Outbox) -> None:
    robot = make_robot(allowance=QUOTA)
    put(outbox, make_delivery(make_alert("A"), key="a", priority=Priority.HIGH))
    put(outbox, make_delivery(make_alert("B"), key="b"), now=START - timedelta(hours=1))
    outbox.post(a_post("1"), now=START)
    later = make_delivery(make_alert("C"), key="c")
    put(outbox, msgspec.structs.replace(later, deferred_until=START + timedelta(days=1)))
    said = text_of(client_of(make_settings(robot), outbox))
    assert "ops well Sent in the window 0/20 · 20 left" in said
    assert "Messages this month 100/3000 company" in said
    assert "Waiting 1 high · 1 normal · 1 other messages" in said
    assert "Deferred 1" in said
    assert "Dead letters" not in said


def test_a_robot_that_cannot_send_says_why_and_what_to_do(outbox: Outbox) -> None:
    broken, blocked = make_robot("ops"), make_pool("db", 2)
    for robot in (broken, blocked.pool[0]):
        put(outbox, make_delivery(robot=robot.name))
    ail(outbox, broken, "token")
    ail(outbox, blocked.pool[0], "throttled")
    client = client_of(make_settings(broken, blocked), outbox)
    said = text_of(client)
    assert "ops broken its access token is not known Next step: DingTalk knows no such" in said
    assert "DingTalk's words: <b>errcode 300005</b>" in said
    assert "<b>errcode" not in client.get("/").text
    assert "db blocked DingTalk throttles it (number 1 of its pool)" in said
    assert "19 left · rests until" in said
    assert "机器人的 access_token 无效 怎么办: 钉钉不认识" in text_of(client, language="zh")


def test_a_robot_of_the_past_is_shown_while_it_has_something_left(outbox: Outbox) -> None:
    put(outbox, make_delivery(robot="old"))
    client = client_of(make_settings(), outbox)
    assert "old no longer configured Waiting 0 high · 1 normal" in text_of(client)
    assert "ops well" in text_of(client)


def test_a_token_that_rests_is_no_trouble(outbox: Outbox) -> None:
    robot = make_robot()
    put(outbox, make_delivery())
    ail(outbox, robot, "")
    assert "ops resting Sent in" in text_of(client_of(make_settings(robot), outbox))


def test_heartbeats_stand_with_what_is_lost_first(outbox: Outbox) -> None:
    heartbeat = Heartbeat(name="pipeline", matchers=(), every=timedelta(minutes=5), robots=("ops",))
    key, seen = heartbeat.key, START - timedelta(minutes=1)
    lost = Switch(heartbeat=key, source="", value="sh", since_at=START, lost_since=START)
    comes = Switch(heartbeat=key, source="bj", value="bj", since_at=START, seen_at=seen)
    awaited = Switch(heartbeat=key, source="", value="gz", since_at=START)
    other = Switch(heartbeat="forgotten", source="", value="", since_at=START)
    found = list(pulses([heartbeat], [comes, awaited, lost, other]))
    assert [(each.value, each.state) for each in found] == [
        ("sh", "lost"), ("bj", "comes"), ("gz", "awaited"),
    ]  # fmt: skip
    outbox.enqueue([], now=START, dedup_window=timedelta(0), beats=[Beat(key, "bj", "<i>")])
    outbox.look_at_heartbeats(lambda _, __: Seen((Look(kept=(lost, awaited)),)), now=START)
    settings = replace(make_settings(), heartbeats=(heartbeat,))
    said = text_of(client_of(settings, outbox))
    assert "pipeline lost Since" in said
    assert "pipeline comes bj <i>" in said
    assert "pipeline awaited gz never" in said


def test_who_is_on_call_is_told_without_whole_numbers(outbox: Outbox) -> None:
    people = {
        "zhang": Person(key="zhang", name="张三", mobile="13800000001"),
        "lee": Person(key="lee", name="李四", user_id="lee01"),
    }
    shift = timedelta(hours=8)
    day = Schedule(
        zone=UTC,
        overrides=(
            Duty(Span(START - shift, START + shift), ("zhang",)),
            Duty(Span(START + shift, START + 2 * shift), ("lee",)),
        ),
    )
    schedules = {
        name: ScheduleSettings(name=name, schedule=each, timezone="UTC", place=Place(""))
        for name, each in {"day": day, "empty": Schedule(zone=UTC)}.items()
    }
    client = client_of(make_settings(people=people, schedules=schedules), outbox)
    said = text_of(client)
    assert "day 张三 (138****0001) until" in said
    assert "李四 (lee01)" in said
    assert "empty nobody no handoff within eight days" in said
    assert "13800000001" not in client.get("/").text


def test_times_are_those_of_the_root_route(outbox: Outbox) -> None:
    put(outbox, make_delivery(), now=datetime(2026, 11, 2, 1, tzinfo=UTC))
    assert "Oldest 2026-11-02 09:00:00" in text_of(client_of(make_settings(), outbox))


def test_it_costs_the_same_with_100_000_deliveries(outbox: Outbox, tmp_path: Path) -> None:
    database = tmp_path / "adapter.db"
    put(outbox, make_delivery())
    client = client_of(make_settings(), outbox)
    with statements(outbox) as asked:
        text_of(client)
    fill(database, 100_000)
    fill(database, 1_000, state="sent")
    found = plans(database, asked)
    assert sum("deliveries" in line for line in found) >= 4
    assert "SCAN deliveries" not in found, "only an index may be read from end to end"
    with statements(outbox) as again:
        assert "100001 normal" in text_of(client)
    assert len(again) == len(asked)
