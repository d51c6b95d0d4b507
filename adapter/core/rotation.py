"""Rotation: when one turn ends and the next begins, by the wall clock of a zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from adapter.core.spans import instant, wall_clock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, tzinfo

    from adapter.core.spans import Span

LARGEST_JUMP: Final = timedelta(hours=25)
"""More than any zone has ever set its clocks."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """Hold the first handoff, naive as the wall clock shows it, and how long a turn lasts.

    Turns are counted on the wall clock: a handoff at 09:00 stays at 09:00 when summer time comes.
    """

    start: datetime
    every: timedelta

    def handoff(self, number: int, zone: tzinfo) -> datetime:
        """Return when a turn begins; the first has the number 0."""
        return instant(self.start + number * self.every, zone)

    def turn(self, at: datetime, zone: tzinfo) -> int | None:
        """Return the number of the last turn that has begun, None before the first."""
        # Where clocks are set back or forward, the count by the clock is too high or too low.
        highest = self._number(wall_clock(at, zone) + LARGEST_JUMP)
        for number in range(highest, -1, -1):
            if self.handoff(number, zone) <= at:
                return number
        return None

    def handoffs(self, within: Span, zone: tzinfo) -> Iterator[datetime]:
        """Yield all handoffs in a span, and perhaps some around it."""
        first = self._number(wall_clock(within.starts_at, zone) - LARGEST_JUMP)
        last = self._number(wall_clock(within.ends_at, zone) + LARGEST_JUMP)
        return (self.handoff(number, zone) for number in range(max(0, first), last + 1))

    def _number(self, wall: datetime) -> int:
        return (wall - self.start) // self.every
