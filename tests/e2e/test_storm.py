"""A storm, with real processes and a minute of twelve seconds: all told, within the rate."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import requests

from adapter.clock import SystemClock
from adapter.secret import Secret
from adapter.simulator import Rate, Robot, SimulatorSettings, running
from support.adapter import Adapter, robot_section, told, webhook
from support.alerts import make_alert
from support.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from adapter.simulator import Running

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("storm")]

CLOCK = SystemClock()
PER = timedelta(seconds=12)
ROBOT = Robot(name="ops", access_token=Secret("storm" * 8), secret=Secret("SECstorm" * 4))
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
        with requests.Session() as session:
            for body in share:
                answer = session.post(f"{adapter.url}/alertmanager", data=body, timeout=15)
                assert answer.status_code == 200

    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(send, [bodies[number::clients] for number in range(clients)]))
    return CLOCK.monotonic() - began


def texts(group: Running) -> list[str]:
    return [message.text for message in group.messages()]


def throttled(group: Running) -> list[object]:
    return [exchange for exchange in group.requests() if exchange.errcode not in (0, None)]


def test_a_thousand_groups_are_told_each_by_name_within_half_a_minute(
    adapter: Adapter, group: Running
) -> None:
    names = [f"StormAlert-{number:04d}" for number in range(1000)]
    post_all(adapter, [told(name, severity="warning", instance="n-1") for name in names])
    posted_at = CLOCK.monotonic()
    wait_until(lambda: not adapter.pending(), within=30, what="the storm is told")
    took = CLOCK.monotonic() - posted_at
    everything = "\n".join(texts(group))
    assert [name for name in names if name not in everything] == []
    assert throttled(group) == []
    assert took <= PER.total_seconds() / 2, f"{took:.2f} s, {len(texts(group))} messages"


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


def test_what_is_high_is_told_within_a_slot_in_the_midst_of_a_storm(
    adapter: Adapter, group: Running
) -> None:
    names = [f"StormAlert-{number:04d}" for number in range(600)]
    post_all(adapter, [told(name, severity="warning", instance="n-1") for name in names])
    posted_at = CLOCK.monotonic()
    adapter.accept(told("DatabaseDown", severity="critical", instance="db-1"))
    wait_until(lambda: any("DatabaseDown" in text for text in texts(group)), within=10)
    took = CLOCK.monotonic() - posted_at
    assert took <= 5 * PER / timedelta(minutes=1), f"{took:.2f} s"
    assert throttled(group) == []


def test_dingtalk_away_for_a_while_loses_nothing_and_no_rate(
    adapter: Adapter, group: Running
) -> None:
    names = [f"Alert-{number:03d}" for number in range(60)]
    for kind in ("5xx", "reset_before_accept", "html", "660026"):
        group.fault(kind)
        post_all(adapter, [told(f"{kind}-{name}", severity="warning") for name in names[:15]], 2)
        wait_until(lambda: len(group.requests()) > 3, within=10)
        group.clear_faults()
    wait_until(lambda: not adapter.pending(), within=100, what="all is told after the faults")
    everything = "\n".join(texts(group))
    for kind in ("5xx", "html", "660026"):
        missing = [name for name in names[:15] if not re.search(f"{kind}-{name}", everything)]
        assert missing == []
