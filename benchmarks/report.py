"""The figures of a run, as JSON and as the tables that people read."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from benchmarks.accept import Accept
from benchmarks.machine import Machine
from benchmarks.startup import Startup
from benchmarks.storm import Storm

if TYPE_CHECKING:
    from collections.abc import Iterable


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """Hold all that a run has measured."""

    at: datetime
    command: str
    seconds: float
    machine: Machine
    accept: list[Accept]
    storm: Storm
    startup: Startup

    def peak_pss(self) -> float:
        """Return the most memory that was seen in any of it, in MiB."""
        after = (each.pss_after for each in self.accept if each.server == "adapter")
        return max(self.storm.peak_pss, *after)


def report(results: Results) -> str:
    """Return the tables, as Markdown."""
    return "\n".join([*_run(results), "", *_accept(results.accept), "", *_rest(results), ""])


def _run(results: Results) -> Iterable[str]:
    machine = results.machine
    yield (
        f"`{results.command}`, {results.at:%Y-%m-%d %H:%M} UTC, {results.seconds:.0f} s. "
        f"{machine.processor}, {machine.processors} processors, {machine.memory:.0f} GiB, "
        f"Linux {machine.kernel}, Python {machine.python}; "
        f"the disk keeps a page in {machine.flush:.2f} ms; load average {machine.load:.1f} before."
    )


def _accept(cases: Iterable[Accept]) -> Iterable[str]:
    yield "| alerts a webhook | body | | webhooks/s | p50 | p99 | CPU a webhook |"
    yield "|--:|--:|---|--:|--:|--:|--:|"
    for case in cases:
        seen = case.measured
        yield (
            f"| {case.alerts} | {seen.body_bytes / 1024:.1f} KiB | {case.server} "
            f"| {seen.rate:.0f} | {seen.p50:.1f} ms | {seen.p99:.1f} ms | {case.cpu:.2f} ms |"
        )


def _rest(results: Results) -> Iterable[str]:
    storm, startup = results.storm, results.startup
    yield f"| a storm of {storm.groups} groups, {storm.rate} | |"
    yield "|---|--:|"
    yield f"| accepted after | {storm.accepted_after:.2f} s |"
    yield f"| all told after | {storm.told_after:.2f} s |"
    yield f"| messages | {storm.messages} |"
    yield f"| groups told by name | {storm.named} |"
    yield f"| requests that DingTalk did not take | {storm.throttled} |"
    yield ""
    yield "| start and memory | |"
    yield "|---|--:|"
    low, high = min(startup.seconds), max(startup.seconds)
    yield f"| start to ready, median of {len(startup.seconds)} | {startup.median:.2f} s |"
    yield f"| fastest, slowest | {low:.2f} s, {high:.2f} s |"
    yield f"| idle PSS | {startup.idle_pss:.0f} MiB |"
    yield f"| highest PSS seen | {results.peak_pss():.0f} MiB |"
