"""Count what code does, where its time would depend on who else uses the machine."""

from __future__ import annotations

import cProfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def steps(call: Callable[[], object]) -> int:
    """Return how many functions a call calls."""
    profile = cProfile.Profile()
    profile.runcall(call)
    return sum(entry.callcount for entry in profile.getstats())
