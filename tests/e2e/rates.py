"""How many requests there were at most within any span of time."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from adapter.simulator import Exchange


def most_within(span: timedelta, requests: Iterable[Exchange]) -> int:
    """Return how many of these requests there were at most within any `span`."""
    times = sorted(request.received_at for request in requests)
    counts = (bisect_right(times, at + span) - first for first, at in enumerate(times))
    return max(counts, default=0)
