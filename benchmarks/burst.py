"""A burst: a real Alertmanager flushes a thousand groups at once, each over its own connection.

It is told when the last two hundred of them are acknowledged, and the last.
"""

from __future__ import annotations

import json
import re
import shutil
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from benchmarks.programs import CLOCK, Program, free_port, pause, serving
from benchmarks.setup import adapter, simulator

if TYPE_CHECKING:
    from pathlib import Path

GROUPS: Final = 1_000
LAST: Final = 200
RUNS: Final = 10
LIMIT: Final = 30.0
PROGRAM: Final = "prometheus-alertmanager"
_LOOK: Final = timedelta(milliseconds=20)
_ACCEPTED: Final = re.compile(
    r"^alertmanager_dingtalk_webhooks_total\{code=\"200\"\} (\S+)$", re.MULTILINE
)


class Burst(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the spans from the first acknowledgement on, in seconds: one of each run."""

    groups: int
    all_but_last: list[float]
    all: list[float]


class NotAcknowledged(Exception):  # noqa: N818  # reads better where it is raised
    """Report a burst that did not come through."""


def measure(folder: Path) -> Burst | None:
    """Measure ten bursts; None where no Alertmanager is installed."""
    if shutil.which(PROGRAM) is None:
        return None
    spans = []
    with simulator(folder) as dingtalk:
        for number in range(RUNS):
            place = folder / f"burst-{number}"
            with adapter(place, dingtalk) as program:
                spans.append(_burst(program, place))
    return Burst(groups=GROUPS, all_but_last=[s[0] for s in spans], all=[s[1] for s in spans])


def _burst(program: Program, place: Path) -> tuple[float, float]:
    port = free_port()
    hook = {"url": f"http://127.0.0.1:{program.port}/alertmanager"}
    route = {"receiver": "adapter", "group_by": ["number"], "group_wait": "1s"}
    receivers = [{"name": "adapter", "webhook_configs": [hook]}]
    config = place / "alertmanager.yml"
    config.write_text(json.dumps({"route": route, "receivers": receivers}))
    command = [
        PROGRAM,
        f"--config.file={config}",
        f"--storage.path={place / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    alerts = [{"labels": {"alertname": "Burst", "number": str(n)}} for n in range(GROUPS)]
    log = place / "alertmanager.log"
    with serving(command, port=port, path="/-/ready", log=log) as manager:
        manager.post("/api/v2/alerts", alerts)
        began = _await(program, 1)
        return _await(program, GROUPS - LAST) - began, _await(program, GROUPS) - began


def _await(program: Program, count: int) -> float:
    """Return when so many webhooks were accepted."""
    until = CLOCK.monotonic() + LIMIT
    while True:
        found = _ACCEPTED.search(program.get("/metrics").decode())
        now = CLOCK.monotonic()
        if found and float(found[1]) >= count:
            return now
        if now > until:
            raise NotAcknowledged(f"{count} of {GROUPS} groups were not acknowledged in time")
        pause(_LOOK)
