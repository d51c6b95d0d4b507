"""The added delay: from a webhook's 200 to the request at DingTalk, one webhook at a time.

The adapter idles between them, as it does in most nights, and the rate is never spent.
"""

from __future__ import annotations

import statistics
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from benchmarks.programs import CLOCK, pause
from benchmarks.setup import SCALED, adapter, simulator
from benchmarks.webhooks import numbered, template

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.programs import Program

WEBHOOKS: Final = 40
PAUSE: Final = timedelta(milliseconds=500)
"""Between two webhooks: with 20 messages in six seconds there is a slot for each 430 ms."""

LIMIT: Final = 10.0


class Delay(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the delays in milliseconds; the longest of 40 stands for the 99th of 100."""

    webhooks: int
    median: float
    longest: float


class _Received(msgspec.Struct, frozen=True):
    received_at: datetime


class NotSent(Exception):  # noqa: N818  # reads better where it is raised
    """Report a webhook of which DingTalk heard nothing."""


def measure(folder: Path) -> Delay:
    """Post webhooks one by one and see when each reaches DingTalk."""
    with (
        simulator(folder) as dingtalk,
        adapter(folder / "delay", dingtalk, per=SCALED) as program,
    ):
        delays = [_delay(program, dingtalk, number) for number in range(-1, WEBHOOKS)][1:]
    return Delay(webhooks=WEBHOOKS, median=statistics.median(delays), longest=max(delays))


def _delay(program: Program, dingtalk: Program, number: int) -> float:
    sent = number + 2  # the one before the first warms up
    program.post("/alertmanager", msgspec.Raw(numbered(template(1), sent)))
    answered_at = CLOCK.now()
    until = CLOCK.monotonic() + LIMIT
    pause(PAUSE)
    while len(requests := _received(dingtalk)) < sent:
        if CLOCK.monotonic() > until:
            raise NotSent(f"found {len(requests)} requests at DingTalk, expected {sent}")
        pause(PAUSE)
    return (requests[-1].received_at - answered_at).total_seconds() * 1000


def _received(dingtalk: Program) -> list[_Received]:
    return msgspec.json.decode(dingtalk.get("/control/requests"), type=list[_Received])
