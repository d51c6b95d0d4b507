"""A storm, with real processes and a minute of twelve seconds: all told, within the rate."""

from __future__ import annotations

import os
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from http.client import HTTPConnection
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from adapter.clock import SystemClock
from adapter.core.quota import Rate as Quotas
from adapter.secret import Secret
from adapter.simulator import Rate, Robot, SimulatorSettings, running
from support.adapter import Adapter, adapter_in, robot_section, told, webhook
from support.alerts import make_alert
from support.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from adapter.simulator import Running

pytestmark = [pytest.mark.real, pytest.mark.timed, pytest.mark.xdist_group("storm")]

CLOCK = SystemClock()
PER = timedelta(seconds=12)
ROBOT = Robot(name="ops", access_token=Secret("storm" * 8), secret=Secret("SECstorm" * 4))
RATE = Quotas(20, PER)
HIGH_GROUPS = 24 if os.environ.get("VERIFY") else 6
PAUSES = (0.0, 1.3, 0.0, 0.4, 3.1, 2.2)
"""Seconds between two groups of high priority."""

NAME = re.compile(r"StormAlert-\d+")
NEVER = threading.Event()
STORM = SimulatorSettings(robots=(ROBOT,), rate=Rate(messages=20, per=PER))


@pytest.fixture
def group() -> Iterator[Running]:
    with running(STORM) as group:
        yield group


@pytest.fixture
def adapter(tmp_path: Path, group: Running) -> Iterator[Adapter]:
    adapter = Adapter(tmp_path)
    rate = {"messages": 20, "per": "12s"}
    adapter.configure({"ops": robot_section(ROBOT, group.url, rate=rate)})
    adapter.start()
    yield adapter
    adapter.kill()


def post_all(adapter: Adapter, bodies: list[bytes], clients: int = 8) -> float:
    """Post from several connections at once; return how long it took."""
    began = CLOCK.monotonic()

    def send(share: list[bytes]) -> None:
        # Not by requests, which takes longer to send a webhook than the adapter to commit it.
        with closing(HTTPConnection(urlsplit(adapter.url).netloc, timeout=15)) as connection:
            for body in share:
                connection.request("POST", "/alertmanager", body)
                answer = connection.getresponse()
                answer.read()
                assert answer.status == 200

    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(send, [bodies[number::clients] for number in range(clients)]))
    return CLOCK.monotonic() - began


def texts(group: Running) -> list[str]:
    return [message.text for message in group.messages()]


def lines_that_tell(names: list[str], group: Running) -> list[str]:
    """Return for each name the first line that tells it; each must have one."""
    lines = [line for text in texts(group) for line in text.splitlines()]
    found = {name: line for line in reversed(lines) for name in NAME.findall(line)}
    assert [name for name in names if name not in found] == []
    return [found[name] for name in names]


def throttled(group: Running) -> list[object]:
    return [exchange for exchange in group.requests() if exchange.errcode not in (0, None)]


def test_a_thousand_groups_are_told_each_by_name_within_half_a_minute(
    adapter: Adapter, group: Running
) -> None:
    names = [f"StormAlert-{number:04d}" for number in range(1000)]
    bodies = [told(name, severity="warning", instance="n-1") for name in names]
    posting = post_all(adapter, bodies)
    posted_at = CLOCK.monotonic()
    wait_until(lambda: not adapter.pending(), within=30, what="the storm is told")
    took = CLOCK.monotonic() - posted_at
    lines = lines_that_tell(names, group)
    assert throttled(group) == []
    assert took <= PER.total_seconds() / 2, f"{took:.2f} s, {len(texts(group))} messages"
    full = sum(len(line.encode()) for line in lines) / 19_000
    passed_meanwhile = posting / RATE.slot.total_seconds()  # each takes what has come by then
    assert len(texts(group)) <= RATE.burst + max(1, passed_meanwhile) + 1.3 * full


def test_ten_thousand_alerts_are_accounted_for_within_a_minute(
    adapter: Adapter, group: Running
) -> None:
    bodies = [
        webhook(
            *(
                make_alert(f"Storm-{number % 7}", severity="warning", instance=f"n-{number}-{each}")
                for each in range(10)
            ),
            key=str(number),
        )
        for number in range(1000)
    ]
    post_all(adapter, bodies)
    posted_at = CLOCK.monotonic()
    wait_until(lambda: not adapter.pending(), within=40, what="the storm is accounted for")
    took = CLOCK.monotonic() - posted_at
    delivered = adapter.metric("alerts_delivered_total")
    assert delivered == 10_000
    assert throttled(group) == []
    assert took <= PER.total_seconds(), f"{took:.2f} s, {len(texts(group))} messages"


def test_what_is_high_is_told_within_five_seconds_at_any_moment_of_a_storm(tmp_path: Path) -> None:
    """In a minute of full length; several groups at once, some while others already wait."""
    minute = SimulatorSettings(robots=(ROBOT,))
    with running(minute) as group, adapter_in(tmp_path) as adapter:
        rate = {"messages": 20, "per": "1m"}
        adapter.configure({"ops": robot_section(ROBOT, group.url, rate=rate)})
        adapter.start()
        assert_high_is_told_promptly(adapter, group)


def assert_high_is_told_promptly(adapter: Adapter, group: Running) -> None:
    names = [f"StormAlert-{number:04d}" for number in range(600)]
    post_all(adapter, [told(name, severity="warning", instance="n-1") for name in names])
    accepted_at = {}
    for number in range(HIGH_GROUPS):
        name = f"DatabaseDown-{number}"
        adapter.accept(told(name, severity="critical", instance=f"db-{number}"))
        accepted_at[name] = CLOCK.now()
        NEVER.wait(PAUSES[number % len(PAUSES)])
    wait_until(lambda: not adapter.pending(), within=40, what="all of it is told")
    for name, at in accepted_at.items():
        first = next(each for each in group.messages() if name in each.text)
        assert first.received_at - at <= timedelta(seconds=5), name
    lines_that_tell(names, group)
    assert throttled(group) == []
