"""Window: the hours of some days to which a layer is restricted (`only`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from adapter.core.spans import Span, instant, wall_clock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from adapter.core.calendars import Calendar

EVERY_DAY: Final = frozenset(range(7))
DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Hold hours by the wall clock, counted from the midnight that begins a day.

    A window that passes midnight ends after 24 hours and belongs to the day on which it begins.
    `weekdays` count from Monday as 0; with `calendar` the days are its workdays as well.
    """

    weekdays: frozenset[int] = EVERY_DAY
    calendar: Calendar | None = None
    begins: timedelta = timedelta(0)
    ends: timedelta = DAY

    def covers(self, at: datetime, zone: tzinfo) -> bool:
        """Return whether an instant lies in the window of any day."""
        return any(span.covers(at) for span in self.spans(Span(at, at), zone))

    def spans(self, around: Span, zone: tzinfo) -> Iterator[Span]:
        """Yield its spans on the days of `around`, and on those whose spans may reach into it."""
        # A zone that jumps over a whole day lets a window reach one day further.
        day = wall_clock(around.starts_at, zone).date() - 2 * DAY
        last = wall_clock(around.ends_at, zone).date() + DAY
        while day <= last:
            if self._is_on(day):
                yield self._of(day, zone)
            day += DAY

    def _is_on(self, day: date) -> bool:
        worked = self.calendar is not None and self.calendar.is_workday(day)
        return worked or day.weekday() in self.weekdays

    def _of(self, day: date, zone: tzinfo) -> Span:
        midnight = datetime.combine(day, time())
        return Span(instant(midnight + self.begins, zone), instant(midnight + self.ends, zone))
