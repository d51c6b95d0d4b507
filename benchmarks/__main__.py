"""Measure everything, print the tables and write `benchmarks/results.json`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Final

import msgspec

from benchmarks import accept, burst, databases, delay, growth, machine, planning, startup, storm
from benchmarks.programs import CLOCK, keep_bytecode
from benchmarks.report import Measured, Results, report

RESULTS: Final = Path(__file__).parent / "results.json"


def main() -> None:
    """Run every measurement on stores in a new folder, one after the other."""
    at, began = CLOCK.now(), CLOCK.monotonic()
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as name:
        folder = Path(name)
        keep_bytecode(folder / "bytecode")
        measured = Measured(
            machine=machine.describe(folder),
            startup=startup.measure(folder),
            planning=planning.measure(folder),
            storms=storm.measure(folder),
            burst=burst.measure(folder),
            delay=delay.measure(folder),
            growth=growth.measure(folder),
            databases=databases.measure(folder),
            accept=accept.measure(folder),
        )
    results = Results(
        at=at,
        command="python -m benchmarks",
        seconds=CLOCK.monotonic() - began,
        measured=measured,
    )
    RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode(results)) + b"\n")
    sys.stdout.write(report(results))


if __name__ == "__main__":
    main()
