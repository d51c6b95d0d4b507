"""The process that makes one trial: limits itself, reads it, writes what came of it."""

from __future__ import annotations

import os
import pickle
import resource
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from adapter.core.template_trial import try_out

CPU: Final = 4
"""Seconds of a processor that a trial may take."""

MEMORY: Final = 256 * 1024 * 1024
"""Bytes of addresses that it may use."""

NICE: Final = 10
"""By how much others go before it: webhooks are accepted meanwhile."""


def limit() -> None:
    """Take no more than a trial needs; should the machine be short of memory, this ends first."""
    os.nice(NICE)
    resource.setrlimit(resource.RLIMIT_CPU, (CPU, CPU))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def main() -> None:
    """Make the trial that stands on standard input."""
    trial = pickle.load(sys.stdin.buffer)  # noqa: S301  # written by the process that started this
    limit()
    sys.stdout.buffer.write(msgspec.json.encode(try_out(trial)))


if __name__ == "__main__":
    main()
