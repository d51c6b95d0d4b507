"""Priority: which alerts pass the queue and are never told as a mere number."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final

from adapter.core.severity import DEFAULT_SCALE, Scale

if TYPE_CHECKING:
    from collections.abc import Mapping


class Priority(IntEnum):
    """Order deliveries; what is high passes the queue and is never told as a digest."""

    NORMAL = 0
    HIGH = 1


_NORMAL: Final = Priority.NORMAL  # names of their own are found sooner
_HIGH: Final = Priority.HIGH


def priority_of(
    labels: Mapping[str, str], setting: str = "auto", scale: Scale = DEFAULT_SCALE
) -> Priority:
    """Return the priority that a route sets, or that the severity calls for (`auto`)."""
    high = scale.level_of(labels).high if setting == "auto" else setting == "high"
    return _HIGH if high else _NORMAL
