"""The figures of a run, as JSON and as the tables that people read."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from benchmarks.accept import Accept
from benchmarks.burst import Burst
from benchmarks.databases import Database
from benchmarks.delay import Delay
from benchmarks.growth import Growth
from benchmarks.machine import Machine
from benchmarks.planning import Planning
from benchmarks.startup import Startup
from benchmarks.storm import Storm

if TYPE_CHECKING:
    from collections.abc import Iterable


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the cases; what could not be measured on this machine is None, or not among them."""

    machine: Machine
    accept: list[Accept]
    growth: list[Growth]
    databases: list[Database]
    storms: list[Storm]
    burst: Burst | None
    delay: Delay
    planning: Planning
    startup: Startup


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """Hold all that a run has measured."""

    at: datetime
    command: str
    seconds: float
    measured: Measured


def report(results: Results) -> str:
    """Return the tables, as Markdown."""
    measured = results.measured
    tables = (
        _run(results),
        _accept(measured.accept),
        _growth(measured.growth),
        _databases(measured.databases),
        _storms(measured.storms),
        _rest(measured),
    )
    return "\n".join(line for table in tables for line in (*table, ""))


def _run(results: Results) -> Iterable[str]:
    machine = results.measured.machine
    yield (
        f"`{results.command}`, {results.at:%Y-%m-%d %H:%M} UTC, {results.seconds:.0f} s. "
        f"{machine.processor}, {machine.processors} processors, {machine.memory:.0f} GiB, "
        f"Linux {machine.kernel}, Python {machine.python}; "
        f"the disk keeps a page in {machine.flush:.2f} ms; load average {machine.load:.1f} before."
    )


def _accept(cases: Iterable[Accept]) -> Iterable[str]:
    yield "| alerts | body | | DingTalk | webhooks/s | p50 | p99 | CPU a webhook | above |"
    yield "|--:|--:|---|--:|--:|--:|--:|--:|--:|"
    for case in cases:
        seen = case.measured
        yield (
            f"| {case.alerts} | {seen.body_bytes / 1024:.1f} KiB | {case.server} "
            f"| {case.delay} ms | {seen.rate:.0f} | {seen.p50:.1f} ms | {seen.p99:.1f} ms "
            f"| {case.cpu:.2f} ms | {case.above:.2f} ms |"
        )


def _growth(cases: Iterable[Growth]) -> Iterable[str]:
    yield (
        "| pending | robots | routes | webhooks/s | CPU a webhook "
        "| start to ready | its CPU | PSS |"
    )
    yield "|--:|--:|--:|--:|--:|--:|--:|--:|"
    for case in cases:
        seen = case.accept
        yield (
            f"| {case.pending} | {case.robots} | {case.routes} | {seen.measured.rate:.0f} "
            f"| {seen.cpu:.2f} ms | {case.ready_after:.2f} s | {case.ready_cpu:.2f} s "
            f"| {seen.pss_after:.0f} MiB |"
        )


def _databases(cases: Iterable[Database]) -> Iterable[str]:
    yield "| database | alerts | webhooks/s | p50 | p99 | CPU of the adapter a webhook |"
    yield "|---|--:|--:|--:|--:|--:|"
    for case in cases:
        seen = case.accept.measured
        yield (
            f"| {case.database} | {case.accept.alerts} | {seen.rate:.0f} | {seen.p50:.1f} ms "
            f"| {seen.p99:.1f} ms | {case.accept.cpu:.2f} ms |"
        )


def _storms(storms: Iterable[Storm]) -> Iterable[str]:
    yield "| storm | accepted | all told | messages | least | fill | named | refused | PSS |"
    yield "|---|--:|--:|--:|--:|--:|--:|--:|--:|"
    for storm in storms:
        yield (
            f"| {storm.alerts} alerts in {storm.groups} groups, {storm.rate} "
            f"| {storm.accepted_after:.2f} s | {storm.told_after:.2f} s | {storm.messages} "
            f"| {storm.least} | {storm.fill:.0%} | {storm.named} | {storm.throttled} "
            f"| {storm.peak_pss:.0f} MiB |"
        )


def _rest(measured: Measured) -> Iterable[str]:
    startup, planning, burst = measured.startup, measured.planning, measured.burst
    yield "| burst, delay, planning, start | |"
    yield "|---|--:|"
    if burst is not None:
        but_last, every = _spans(burst.all_but_last), _spans(burst.all)
        yield f"| {burst.groups} groups of an Alertmanager, until the last 200 | {but_last} |"
        yield f"| until the last | {every} |"
    delay = measured.delay
    yield (
        f"| a webhook's 200 to its request at DingTalk, {delay.webhooks} one by one "
        f"| median {delay.median:.1f} ms, longest {delay.longest:.1f} ms |"
    )
    yield (
        f"| plan and render {planning.alerts} alerts as {planning.messages} messages "
        f"| {planning.cpu:.2f} s of CPU |"
    )
    yield f"| start to ready, {len(startup.seconds)} times | {_spans(startup.seconds)} |"
    yield f"| its CPU | {startup.cpu:.2f} s |"
    yield f"| idle | {startup.idle_pss:.0f} MiB, {startup.idle_cpu:.1%} of a core |"


def _spans(seconds: list[float]) -> str:
    return ", ".join(f"{each:.2f}" for each in seconds) + " s"
