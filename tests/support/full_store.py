"""Fill a store with deliveries that wait, as a storm does, but sooner."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from support.alerts import make_alert, make_delivery

if TYPE_CHECKING:
    from datetime import datetime

    from adapter.core.delivery import Delivery
    from adapter.outbox import Outbox

MANY = 100_000 if os.environ.get("VERIFY") else 20_000
"""Deliveries that wait in a full store."""

_AT_ONCE = 2_000


def fill(outbox: Outbox, count: int, now: datetime) -> None:
    """Put so many groups of one alert each, with labels and annotations of an ordinary length."""
    for first in range(0, count, _AT_ONCE):
        some = [_delivery(number) for number in range(first, min(first + _AT_ONCE, count))]
        outbox.enqueue(some, now=now, dedup_window=timedelta(0))


def _delivery(number: int) -> Delivery:
    alert = make_alert(
        f"Alert-{number % 50}", severity="warning", instance=f"node-{number}:9100", job="node"
    )
    notes = {"summary": "s" * 200, "description": "d" * 300}
    alert = msgspec.structs.replace(
        alert, annotations=notes, generator_url="http://p/g?" + "q" * 80
    )
    return make_delivery(alert, key=f'{{}}:{{instance="node-{number}"}}')
