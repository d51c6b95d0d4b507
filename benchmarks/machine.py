"""What a run was made on: figures of different machines say nothing about each other."""

from __future__ import annotations

import os
import platform
import re
import statistics
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from benchmarks.programs import CLOCK

if TYPE_CHECKING:
    from io import FileIO

_FLUSHES: Final = 50
_PAGE: Final = b"." * 4096


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """Describe a machine before the run.

    `flush` is how long its disk takes to keep a page, in milliseconds; `load` is what else it has
    to do, as the load average of one minute.
    """

    processor: str
    processors: int
    memory: float
    kernel: str
    python: str
    flush: float
    load: float


def describe(folder: Path) -> Machine:
    """Return what this machine is; the disk is that of `folder`."""
    model = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return Machine(
        processor=model[1] if model else platform.machine(),
        processors=len(os.sched_getaffinity(0)),
        memory=os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30,
        kernel=platform.release(),
        python=platform.python_version(),
        flush=_flush(folder / "flush"),
        load=os.getloadavg()[0],
    )


def _flush(path: Path) -> float:
    with path.open("wb", buffering=0) as file:
        return statistics.median(_flush_once(file) for _ in range(_FLUSHES)) * 1000


def _flush_once(file: FileIO) -> float:
    file.write(_PAGE)
    began = CLOCK.monotonic()
    os.fsync(file.fileno())
    return CLOCK.monotonic() - began
