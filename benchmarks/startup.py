"""The start: from the command to the first `/-/ready`, and the memory of an adapter that idles."""

from __future__ import annotations

import statistics
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from benchmarks.programs import pause
from benchmarks.setup import adapter, simulator

if TYPE_CHECKING:
    from pathlib import Path

STARTS: Final = 5
_SETTLED: Final = timedelta(seconds=1)
_IDLE: Final = timedelta(seconds=8)


class Startup(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the spans from start to ready, in seconds, and the idle memory, in MiB (medians too).

    `cpu` is what a start takes, in seconds (median); `idle_cpu` is how much of a core it takes to
    do nothing.
    """

    seconds: list[float]
    median: float
    cpu: float
    idle_pss: float
    idle_cpu: float


def measure(folder: Path) -> Startup:
    """Start the adapter a few times, each on a new store."""
    seconds, cpu, memory = [], [], []
    with simulator(folder) as dingtalk:
        for number in range(STARTS):
            with adapter(folder / f"start-{number}", dingtalk) as program:
                cpu.append(program.cpu())
                seconds.append(program.ready_after)
                pause(_SETTLED)
                memory.append(program.pss())
        with adapter(folder / "idle", dingtalk) as program:
            pause(_SETTLED)
            before = program.cpu()
            pause(_IDLE)
            idle_cpu = (program.cpu() - before) / _IDLE.total_seconds()
    return Startup(
        seconds=seconds,
        median=statistics.median(seconds),
        cpu=statistics.median(cpu),
        idle_pss=statistics.median(memory),
        idle_cpu=idle_cpu,
    )
