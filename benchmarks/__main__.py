"""Measure everything, print the tables and write `benchmarks/results.json`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Final

import msgspec

from benchmarks import accept, machine, startup, storm
from benchmarks.programs import CLOCK
from benchmarks.report import Results, report

RESULTS: Final = Path(__file__).parent / "results.json"


def main() -> None:
    """Run every measurement on stores in a new folder, one after the other."""
    at, began = CLOCK.now(), CLOCK.monotonic()
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as name:
        folder = Path(name)
        measured_machine = machine.describe(folder)
        measured_startup = startup.measure(folder)
        measured_storm = storm.measure(folder)
        measured_accept = accept.measure(folder)
    results = Results(
        at=at,
        command="python -m benchmarks",
        seconds=CLOCK.monotonic() - began,
        machine=measured_machine,
        accept=measured_accept,
        storm=measured_storm,
        startup=measured_startup,
    )
    RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode(results)) + b"\n")
    sys.stdout.write(report(results))


if __name__ == "__main__":
    main()
