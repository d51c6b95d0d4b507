"""DingTalk is down, slow, resetting, throttling, answering HTML for half an hour: nothing is lost.

The minute lasts one second, in `make verify` six. For the whole half hour each request meets the
next fault; that DingTalk is merely slow is one of them, so that the time between tries stays short.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from contextlib import ExitStack
from datetime import timedelta
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any, get_args

import pytest

from adapter.secret import Secret
from adapter.simulator import Rate, Robot, SimulatorSettings, running
from adapter.simulator.faults import Kind
from e2e.rates import most_within
from e2e.stream import Stream, lost, overtaken, told_by
from support.adapter import adapter_in, robot_section
from support.processes import free_port, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from adapter.simulator import Running

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("outage")]

PER = timedelta(seconds=6 if os.environ.get("VERIFY") else 1)
HALF_AN_HOUR = 30 * PER
RATE = Rate(messages=20, per=PER)
ROBOT = Robot(name="ops", access_token=Secret("outage" * 8), secret=Secret("SECoutage" * 4))
NEVER = threading.Event()

SLOW: Kind = "delay"
OTHERS = [kind for kind in get_args(Kind) if kind not in {SLOW, "errcode"}]


def order_faults(group: Running) -> None:
    """Let every request of the half hour meet a fault, each second one a slow answer."""
    each = [kind for other in OTHERS for kind in (other, SLOW)]
    for kind in islice(cycle(each), 1_000):
        span: dict[str, Any] = {"span": timedelta(seconds=0.3)} if kind == SLOW else {}
        group.fault(kind, times=1, **span)


def test_half_an_hour_of_every_fault_loses_nothing(tmp_path: Path) -> None:
    port = free_port()
    rate = {"messages": RATE.messages, "per": f"{PER.seconds}s"}
    section = robot_section(ROBOT, f"http://127.0.0.1:{port}", rate=rate, timeout="1s")
    settings = SimulatorSettings(robots=(ROBOT,), rate=RATE)
    with adapter_in(tmp_path) as adapter, ExitStack() as dingtalk:
        adapter.configure({"ops": {**section, "digest_after": "1h"}})
        adapter.start()
        with Stream(adapter, senders=1) as stream:
            wait_until(
                lambda: adapter.metric("send_failures_total") >= 2, what="DingTalk is missed"
            )
            group = dingtalk.enter_context(running(settings, port=port))
            order_faults(group)
            NEVER.wait(HALF_AN_HOUR.total_seconds())
            met = {exchange.fault for exchange in group.requests()}
            group.clear_faults()
            told = len(group.messages())
            wait_until(lambda: len(group.messages()) > told, within=60, what="it is over")
        adapter.settled(within=120)
        assert_nothing_lost(group, stream)
    assert met == {*OTHERS, SLOW}


def assert_nothing_lost(group: Running, stream: Stream) -> None:
    got = [told for message in group.messages() for told in told_by(message)]
    assert lost(stream.acknowledged, got) == set()
    assert [told for told, times in Counter(got).items() if times > 1] == []
    assert overtaken(got) == []
    assert most_within(PER, group.requests()) <= RATE.messages
    unasked = [each.errcode for each in group.requests() if not each.fault and each.errcode]
    assert unasked == [], "what DingTalk refused by itself"
