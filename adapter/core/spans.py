"""Span: a stretch of time, and how a wall clock's time becomes an instant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo


@dataclass(frozen=True, slots=True)
class Span:
    """Hold the time from `starts_at` until just before `ends_at`."""

    starts_at: datetime
    ends_at: datetime

    def covers(self, at: datetime) -> bool:
        """Return whether an instant lies in it."""
        return self.starts_at <= at < self.ends_at


def instant(wall: datetime, zone: tzinfo) -> datetime:
    """Return when the clocks of `zone` show the naive `wall`.

    What they show twice is meant the first time; what they skip is as much later as they skip.
    """
    return wall.replace(tzinfo=zone).astimezone(UTC)


def wall_clock(at: datetime, zone: tzinfo) -> datetime:
    """Return what the clocks of `zone` show at an instant, naive."""
    return at.astimezone(zone).replace(tzinfo=None)
