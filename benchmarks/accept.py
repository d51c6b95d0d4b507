"""The accept path: from a webhook's first byte to the 200 that stands for its commit."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from benchmarks.load import Job, Measured
from benchmarks.programs import run_load
from benchmarks.setup import adapter, floor, simulator

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.programs import Program

CLIENTS: Final = 8
ALERTS: Final = (1, 10, 100, 500)
DELAYS: Final = (0, 150)
"""Milliseconds after which DingTalk answers."""

SECONDS: Final = 3.0
WARM_UP: Final = 0.5
_WARM_NUMBERS: Final = 1 << 30


class Accept(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one case; `cpu` is milliseconds of the serving processes for each webhook.

    `above` is what of it is above the floor of the same run, `delay` DingTalk's, in milliseconds.
    """

    server: str
    alerts: int
    clients: int
    delay: int
    measured: Measured
    cpu: float
    above: float
    pss_after: float


def measure(folder: Path) -> list[Accept]:
    """Measure the floor and the adapter, which sends meanwhile, case by case."""
    cases = []
    floors = {}
    for alerts in ALERTS:
        with floor(folder) as program:
            floors[alerts] = case(program, alerts)
        cases.append(floors[alerts])
    for delay in DELAYS:
        with simulator(folder, delay=timedelta(milliseconds=delay)) as dingtalk:
            for alerts in ALERTS:
                with adapter(folder / f"accept-{alerts}-{delay}", dingtalk) as program:
                    cases.append(case(program, alerts, floors[alerts].cpu, delay=delay))
    return cases


def case(program: Program, alerts: int, above: float | None = None, *, delay: int = 0) -> Accept:
    """Measure one case, `above` a floor; without one it is the floor itself."""
    job = Job(port=program.port, alerts=alerts, clients=CLIENTS, seconds=SECONDS)
    run_load(msgspec.structs.replace(job, first=_WARM_NUMBERS, seconds=WARM_UP))
    before = program.cpu()
    measured = run_load(job)
    cpu = (program.cpu() - before) / measured.webhooks * 1000
    return Accept(
        server="floor" if above is None else "adapter",
        alerts=alerts,
        clients=CLIENTS,
        delay=delay,
        measured=measured,
        cpu=cpu,
        above=0.0 if above is None else cpu - above,
        pss_after=program.pss(),
    )
