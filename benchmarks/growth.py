"""Growth: what a webhook of one alert costs beside much that waits, many robots, many routes.

Nobody answers in DingTalk's place, so what waits stays. The start with a hundred thousand
deliveries, and the memory then, are of the same run.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from adapter.core.delivery import Delivery, RenderSettings
from adapter.core.webhook import decode_webhook
from adapter.outbox import open_sqlite
from benchmarks.accept import Accept, case
from benchmarks.programs import CLOCK
from benchmarks.setup import adapter
from benchmarks.webhooks import numbered, template

if TYPE_CHECKING:
    from pathlib import Path

PENDING: Final = (10, 1_000, 100_000)
ROBOTS: Final = 500
ROUTES: Final = 2_000
_AT_ONCE: Final = 1_000
_BEFORE: Final = 1 << 31  # numbers that no other webhook has


class Growth(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one case, and how the adapter started into it; both are in seconds, one of CPU."""

    pending: int
    robots: int
    routes: int
    accept: Accept
    ready_after: float
    ready_cpu: float


def measure(folder: Path) -> list[Growth]:
    """Measure each case on a store of its own."""
    cases = [_case(folder, pending=pending) for pending in PENDING]
    return [*cases, _case(folder, robots=ROBOTS), _case(folder, routes=ROUTES)]


def _case(folder: Path, *, pending: int = 10, robots: int = 1, routes: int = 0) -> Growth:
    place = folder / f"growth-{pending}-{robots}-{routes}"
    place.mkdir()
    _fill(place / "adapter.db", pending)
    with adapter(place, robots=robots, routes=routes) as program:
        ready_cpu = program.cpu()
        return Growth(
            pending=pending,
            robots=robots,
            routes=routes,
            accept=case(program, 1, 0.0),
            ready_after=program.ready_after,
            ready_cpu=ready_cpu,
        )


def _fill(path: Path, pending: int) -> None:
    body, now = template(1), CLOCK.now()
    outbox = open_sqlite(path, now)
    for first in range(0, pending, _AT_ONCE):
        numbers = range(_BEFORE + first, _BEFORE + min(first + _AT_ONCE, pending))
        groups = [decode_webhook(numbered(body, number)) for number in numbers]
        deliveries = [
            Delivery(robot="ops", group=group, settings=RenderSettings()) for group in groups
        ]
        outbox.enqueue(deliveries, now=now, dedup_window=timedelta(0))
    outbox.close()
