"""The soak: `python -m benchmarks.soak [MINUTES]`, ten by default; memory is to stay flat.

Webhooks come one after the other over two connections, and are sent, digests among them.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Final

from benchmarks.load import Job
from benchmarks.programs import CLOCK, run_load
from benchmarks.setup import SCALED, adapter, simulator

MINUTES: Final = 10.0
STRETCH: Final = 30.0
"""Seconds between two looks at the memory."""


def main(minutes: float) -> None:
    """Print, again and again, how long it runs, what was accepted, and the memory."""
    with (
        tempfile.TemporaryDirectory(prefix="soak-") as name,
        simulator(Path(name)) as dingtalk,
        adapter(Path(name) / "soak", dingtalk, per=SCALED) as program,
    ):
        began, first = CLOCK.monotonic(), 0
        sys.stdout.write("| after | webhooks | PSS |\n|--:|--:|--:|\n")
        while CLOCK.monotonic() < began + minutes * 60:
            job = Job(port=program.port, alerts=10, clients=2, first=first, seconds=STRETCH)
            first += run_load(job).webhooks
            after = CLOCK.monotonic() - began
            sys.stdout.write(f"| {after:.0f} s | {first} | {program.pss():.0f} MiB |\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else MINUTES)
