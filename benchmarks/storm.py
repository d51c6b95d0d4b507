"""A storm: a thousand groups at once, for one robot that may send 20 messages a minute.

DingTalk's minute lasts six seconds here, so the figures need no minute to come by.
"""

from __future__ import annotations

import math
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from adapter.core.message import BODY_LIMIT
from benchmarks.load import Job
from benchmarks.programs import CLOCK, pause, run_load
from benchmarks.setup import MESSAGES, SCALED, adapter, simulator

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.programs import Program

GROUPS: Final = 1000
ALERTS: Final = (1, 10)
"""Alerts in each of them: a thousand in all, and ten thousand."""

LIMIT: Final = 60.0
_LOOK: Final = timedelta(milliseconds=100)
_DELIVERED: Final = re.compile(
    r"^alertmanager_dingtalk_alerts_delivered_total(?:\{[^}]*\})? (\S+)$", re.MULTILINE
)
_NAME: Final = re.compile(r"Bench-[0-9a-f]{8}")


class NotTold(Exception):  # noqa: N818  # reads better where it is raised
    """Report a storm that was not told in time."""


class Storm(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what became of a storm; spans are in seconds and begin with its first webhook.

    `least` is the number of messages that would hold all that was told if each were full; `fill`
    is how full they were.
    """

    groups: int
    alerts: int
    rate: str
    accepted_after: float
    told_after: float
    messages: int
    least: int
    fill: float
    named: int
    throttled: int
    peak_pss: float


def measure(folder: Path) -> list[Storm]:
    """Post the storms, one after the other, and wait until the last alert is told."""
    return [_storm(folder, alerts) for alerts in ALERTS]


def _storm(folder: Path, alerts: int) -> Storm:
    with (
        simulator(folder) as dingtalk,
        adapter(folder / f"storm-{alerts}", dingtalk, per=SCALED) as program,
    ):
        posted = run_load(Job(port=program.port, alerts=alerts, count=GROUPS))
        peak = _await_told(program, GROUPS * alerts, posted.began + LIMIT)
        told_after = CLOCK.monotonic() - posted.began
        messages = msgspec.json.decode(dingtalk.get("/control/messages"))
        requests = msgspec.json.decode(dingtalk.get("/control/requests"))
    sizes = [len(msgspec.json.encode(each["body"])) for each in messages]
    return Storm(
        groups=GROUPS,
        alerts=alerts * GROUPS,
        rate=f"{MESSAGES} in {SCALED}",
        accepted_after=posted.seconds,
        told_after=told_after,
        messages=len(messages),
        least=math.ceil(sum(sizes) / BODY_LIMIT),
        fill=sum(sizes) / len(sizes) / BODY_LIMIT,
        named=len({name for each in messages for name in _NAME.findall(str(each["body"]))}),
        throttled=sum(each["errcode"] != 0 for each in requests),
        peak_pss=peak,
    )


def _await_told(program: Program, alerts: int, until: float) -> float:
    """Return the most memory that was seen, in MiB."""
    peak = 0.0
    while (told := _delivered(program)) < alerts:
        peak = max(peak, program.pss())
        if CLOCK.monotonic() > until:
            raise NotTold(f"found {told} of {alerts} alerts told within {LIMIT} s")
        pause(_LOOK)
    return max(peak, program.pss())


def _delivered(program: Program) -> int:
    return sum(int(float(value)) for value in _DELIVERED.findall(program.get("/metrics").decode()))
