"""Priority: which alerts pass the queue and are never told as a mere number."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final

from adapter.core.severity import LEVELS, level_of

if TYPE_CHECKING:
    from collections.abc import Mapping


class Priority(IntEnum):
    """Order deliveries; what is high passes the queue and is never told as a digest."""

    NORMAL = 0
    HIGH = 1


_WORST: Final = LEVELS[0]


def priority_of(labels: Mapping[str, str], setting: str = "auto") -> Priority:
    """Return the priority that a route sets, or that the severity calls for (`auto`)."""
    if setting == "auto":
        return Priority.HIGH if level_of(labels) is _WORST else Priority.NORMAL
    return Priority.HIGH if setting == "high" else Priority.NORMAL
