"""Robots are told at each handoff who is on call: once, whatever restarts and replicas."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from adapter.announcer import LOOK, Announcer
from adapter.config.problems import Place
from adapter.config.settings import ScheduleSettings
from adapter.core.oncall import Layer, Schedule
from adapter.core.people import Person
from adapter.core.rotation import Rotation
from adapter.core.routes import Route, RouteSettings
from adapter.outbox import open_sqlite
from support.alerts import make_alert, make_delivery
from support.clock import FakeClock
from support.kept_contract import told
from support.outbox_contract import put
from support.settings import make_robot, make_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from adapter.outbox import Outbox

HANDOFF = datetime(2026, 11, 24, 9, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
PEOPLE = {key: Person(key=key, name=key, mobile="1") for key in ("zhang", "lee")}


def scheduled(*people: str) -> ScheduleSettings:
    start = HANDOFF.replace(tzinfo=None) - 2 * DAY
    layer = Layer(rotation=Rotation(start, DAY), people=people)
    return ScheduleSettings(
        name="sre",
        schedule=Schedule(zone=UTC, layers=(layer,)),
        timezone="UTC",
        place=Place("config.yml"),
        announce=("ops",),
    )


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    outbox = open_sqlite(tmp_path / "adapter.db", HANDOFF)
    yield outbox
    outbox.close()


def announcer(
    outbox: Outbox, clock: FakeClock, schedule: ScheduleSettings | None = None
) -> Announcer:
    each = schedule or scheduled("lee", "zhang")
    settings = make_settings(
        make_robot(defaults=RouteSettings(language="en")),
        route=Route(settings=RouteSettings(robots=("ops",), language="zh")),
        people=PEOPLE,
        schedules={each.name: each},
    )
    return Announcer(
        outbox,
        clock,
        settings=lambda: settings,
        schedules=lambda: {each.name: each.schedule},
        wake=woken.extend,
    )


woken: list[str] = []


def titles(outbox: Outbox) -> list[str]:
    return [notice.title for notice in told(outbox)]


def test_a_handoff_is_told_once_over_restarts_and_replicas(outbox: Outbox) -> None:
    clock = FakeClock(HANDOFF - SECOND)
    assert announcer(outbox, clock).step() == SECOND  # until the handoff, which is met exactly
    assert titles(outbox) == []
    woken.clear()
    clock.advance(SECOND)
    one, other = announcer(outbox, clock), announcer(outbox, clock)
    assert [one.step(), other.step(), one.step()] == [LOOK] * 3
    assert titles(outbox) == ["📅 On call now: lee · sre"]
    assert woken == ["ops"]
    clock.advance(DAY)
    announcer(outbox, clock).step()
    assert titles(outbox) == ["📅 On call now: zhang · sre"]


def test_one_that_was_missed_is_told_late_and_only_the_last(outbox: Outbox) -> None:
    clock = FakeClock(HANDOFF - SECOND)
    announcer(outbox, clock).step()
    clock.advance(2 * DAY + SECOND)
    announcer(outbox, clock).step()
    assert titles(outbox) == ["📅 On call now: lee · sre"]


def test_the_last_shifts_alerts_are_counted(outbox: Outbox) -> None:
    clock = FakeClock(HANDOFF - DAY)
    announcer(outbox, clock).step()
    hours = (-25, -24, -1, 0)
    for number, name in zip(hours, "ABCD", strict=True):
        now = HANDOFF + number * timedelta(hours=1)
        put(outbox, make_delivery(make_alert(name), key=name), now=now)
    clock.advance(DAY)
    announcer(outbox, clock).step()
    [notice] = told(outbox)
    assert notice.text.endswith("Last shift zhang: 2 alerts (🔴 2)")


def test_replicas_with_different_configurations_do_not_contradict_each_other_for_ever(
    outbox: Outbox,
) -> None:
    clock = FakeClock(HANDOFF - SECOND)
    old = announcer(outbox, clock)
    new = announcer(outbox, clock, scheduled("zhang", "lee"))
    old.step()
    clock.advance(SECOND)
    for _ in range(3):
        old.step()
        new.step()
    assert titles(outbox) == ["📅 On call now: lee · sre"]


def test_a_schedule_that_announces_nothing_leaves_no_trace(outbox: Outbox) -> None:
    silent = ScheduleSettings(
        name="sre", schedule=Schedule(zone=UTC), timezone="UTC", place=Place("config.yml")
    )
    assert announcer(outbox, FakeClock(HANDOFF), silent).step() == LOOK
    assert outbox.kept.get("shift/sre") is None
