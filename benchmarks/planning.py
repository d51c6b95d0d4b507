"""Planning and rendering: ten thousand alerts become messages, by the parts that deliver.

It is all in one process and without waiting, on a clock that jumps, with the store between.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Final

import msgspec

from adapter import logs
from adapter.core.routing import Router
from adapter.core.webhook import decode_webhook
from adapter.loading import load
from adapter.preview import filled
from adapter.serving.worker import spare_collections
from benchmarks.programs import CLOCK
from benchmarks.webhooks import numbered, template

if TYPE_CHECKING:
    from pathlib import Path

GROUPS: Final = 1_000
ALERTS: Final = 10


class Planning(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the seconds of processor time from the store back to it, and how many messages came."""

    alerts: int
    messages: int
    cpu: float


def measure(folder: Path) -> Planning:
    """Plan and render until nothing waits; no digest, so that every alert is told."""
    logs.configure("json", "error")  # each message is a line of the log
    path = folder / "planning.yml"
    robot = {"access_token": "bench", "digest_after": "1d", "max_age": "30d"}
    configuration = {"robots": {"ops": robot}, "route": {"robots": ["ops"]}}
    path.write_text(json.dumps(configuration))
    loaded = load(path)
    robots = {"ops": loaded.settings.robots["ops"].defaults}
    router, body = Router(loaded.settings.route, robots), template(ALERTS)
    groups = [decode_webhook(numbered(body, number)) for number in range(GROUPS)]
    spare_collections()  # as in the worker
    deliveries = [delivery for group in groups for delivery in router.route(group)]
    with filled(loaded, deliveries, CLOCK.now()) as tell:
        began = time.process_time()
        bodies = tell()
        cpu = time.process_time() - began
    return Planning(alerts=GROUPS * ALERTS, messages=len(bodies), cpu=cpu)
