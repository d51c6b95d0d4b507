"""Nothing acknowledged is lost, whenever the adapter is killed.

Webhooks stream in and DingTalk takes its time, so that kills fall on every step: accepting, before
the commit, after it, planning, between a send and the note that it succeeded, and starting. One
robot may send so little that its messages tell many alerts each, and only the newest state of each.
"""

from __future__ import annotations

import os
import random
import re
import signal
import threading
from collections import Counter, defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from adapter.secret import Secret
from adapter.simulator import Rate, Robot, Running, SimulatorSettings, running
from e2e.stream import Stream, Told, lost, overtaken, told_by
from support.adapter import Adapter, adapter_in, robot_section
from support.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("kill")]

KILLS = 100 if os.environ.get("VERIFY") else 20
QUICK = Robot(name="quick", access_token=Secret("a1" * 32), secret=Secret("SEC" + "b2" * 32))
SLOW = Robot(name="slow", access_token=Secret("c3" * 32))
FEW = Rate(messages=20, per=timedelta(seconds=6))
TIGHT = Robot(name="tight", access_token=Secret("d4" * 32), rate=FEW)
ROBOTS = (QUICK, SLOW, TIGHT)
MANY = Rate(messages=100_000)
MOMENT = '{% extends "default.j2" %}{% block footer %}{{ now.isoformat() }}{% endblock %}'
"""A template whose messages differ whenever they are made."""


@pytest.fixture
def simulator() -> Iterator[Running]:
    settings = SimulatorSettings(robots=ROBOTS, rate=MANY, kept=100_000)
    with running(settings) as serving:
        for robot in "slow", "tight":
            serving.fault("delay", robot=robot, span=timedelta(milliseconds=40))
        yield serving


@pytest.fixture
def adapter(tmp_path: Path, simulator: Running) -> Iterator[Adapter]:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates/moment.j2").write_text(MOMENT)
    robots = {each.name: robot_section(each, simulator.url) for each in ROBOTS}
    robots["tight"] |= {"rate": {"messages": 20, "per": "6s"}, "digest_after": "1h"}
    with adapter_in(tmp_path) as ours:
        ours.configure(robots, route={"robots": list(robots), "template": "moment"})
        yield ours


def delivered(simulator: Running, robot: str) -> list[Told]:
    """Return what a robot told its group, in order."""
    messages = [message for message in simulator.messages() if message.robot == robot]
    assert all(map(told_by, messages)), "each tells something"
    return [told for message in messages for told in told_by(message)]


def assert_nothing_lost_nothing_doubled(simulator: Running, acknowledged: list[Told]) -> None:
    assert acknowledged
    for robot in ROBOTS:
        got = delivered(simulator, robot.name)
        assert lost(acknowledged, got) == set(), f"{robot.name} lost what was acknowledged"
        assert [each for each, times in Counter(got).items() if times > 1] == []
        assert overtaken(got) == []
    assert {exchange.errcode for exchange in simulator.requests()} <= {0}, "the rate was kept"


def assert_repeats_are_the_same_message(simulator: Running) -> None:
    """Every request under one msgUuid carried the same bytes."""
    forms = defaultdict(set)
    for exchange in simulator.requests():
        found = re.search(rb'"msgUuid":\s*"([^"]+)"', exchange.raw)
        assert found, "a message has an id"
        moment = re.search(rb"T\d\d:\d\d:\d\d\.\d", exchange.raw)
        assert moment or exchange.robot == "tight", "the template is in use"
        forms[found[1]].add(exchange.raw)
    assert [uuid for uuid, bodies in forms.items() if len(bodies) > 1] == []


def assert_few_messages_told_many_alerts(simulator: Running) -> None:
    """Check that kills fell on merged messages, and on states that a newer one superseded."""
    tight = [message for message in simulator.messages() if message.robot == "tight"]
    told = {each for message in tight for each in told_by(message)}
    assert any(len(told_by(message)) > 1 for message in tight)
    assert any(Told(each.alert, "firing") not in told for each in told)


def test_kill_at_random_moments(adapter: Adapter, simulator: Running) -> None:
    seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(1_000_000))
    print(f"SEED={seed} repeats the same moments")  # noqa: T201  # pytest shows it on failure
    chance = random.Random(seed)  # noqa: S311  # moments, not secrets
    never = threading.Event()
    with Stream(adapter) as stream:
        for number in range(KILLS):
            if number % 4 == 3:
                adapter.launch()
                never.wait(chance.uniform(0, 0.8))  # while it starts
            else:
                adapter.start()
                never.wait(chance.uniform(0, 0.5))
            adapter.kill()
        adapter.start()
        alive = len(stream.acknowledged)
        wait_until(lambda: len(stream.acknowledged) > alive + 8, what="webhooks pass again")
    simulator.clear_faults()
    adapter.settled(within=60)
    assert_nothing_lost_nothing_doubled(simulator, stream.acknowledged)
    assert_repeats_are_the_same_message(simulator)
    assert_few_messages_told_many_alerts(simulator)
    assert any(exchange.repeated for exchange in simulator.requests()), "no kill fell after a send"


def test_kill_of_the_worker_alone(adapter: Adapter, simulator: Running) -> None:
    adapter.start()
    with Stream(adapter) as stream:
        for _ in range(2):
            before = len(stream.acknowledged)
            wait_until(lambda: len(stream.acknowledged) > before + 20, what="webhooks pass")  # noqa: B023
            killed = adapter.worker()
            assert killed is not None
            os.kill(killed, signal.SIGKILL)
            wait_until(lambda: adapter.worker() not in {None, killed}, what="a new worker")  # noqa: B023
            adapter.process.serves(f"{adapter.url}/-/ready")
    simulator.clear_faults()
    adapter.settled(within=60)
    assert_nothing_lost_nothing_doubled(simulator, stream.acknowledged)
    assert_repeats_are_the_same_message(simulator)
