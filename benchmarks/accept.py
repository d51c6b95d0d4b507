"""The accept path: from a webhook's first byte to the 200 that stands for its commit."""

from __future__ import annotations

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
SECONDS: Final = 4.0
WARM_UP: Final = 1.0
_WARM_NUMBERS: Final = 1 << 30


class Accept(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one case; `cpu` is milliseconds of the serving processes for each webhook."""

    server: str
    alerts: int
    clients: int
    measured: Measured
    cpu: float
    pss_after: float


def measure(folder: Path) -> list[Accept]:
    """Measure the floor and the adapter, which sends meanwhile, case by case."""
    cases = []
    with simulator(folder) as dingtalk:
        for alerts in ALERTS:
            with floor(folder) as program:
                cases.append(_case("floor", program, alerts))
            with adapter(folder / f"accept-{alerts}", dingtalk) as program:
                cases.append(_case("adapter", program, alerts))
    return cases


def _case(server: str, program: Program, alerts: int) -> Accept:
    job = Job(port=program.port, alerts=alerts, clients=CLIENTS, seconds=SECONDS)
    run_load(msgspec.structs.replace(job, first=_WARM_NUMBERS, seconds=WARM_UP))
    before = program.cpu()
    measured = run_load(job)
    cpu = (program.cpu() - before) / measured.webhooks * 1000
    return Accept(
        server=server,
        alerts=alerts,
        clients=CLIENTS,
        measured=measured,
        cpu=cpu,
        pss_after=program.pss(),
    )
