"""Read days and times as people write them: `2026-12-24`, `2026-12-24T09:00`, `09:00`."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from adapter.config.problems import Mistake
from adapter.core.spans import Span, instant, wall_clock

if TYPE_CHECKING:
    from datetime import tzinfo

    from adapter.config.reader import Section

DAY: Final = timedelta(days=1)

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOMENT: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]([01]\d|2[0-3]):\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})?", re.ASCII
)
_TIME: Final = re.compile(r"(\d{1,2}):(\d{2})", re.ASCII)
_YEARS: Final = range(2000, 2200)
_EXPECTED: Final = "expected one such as 2026-12-24T09:00 or 2026-12-24"


def zone_of(name: str) -> tzinfo:
    """Return the zone of a name that was found good; UTC on a machine that has no zones."""
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError:
        return UTC


def day(text: str) -> date:
    """Read a day (`2027-01-01`)."""
    found = _parsed(text) if _DAY.fullmatch(text) else None
    if found is None:
        raise Mistake("is no day; expected one such as 2027-01-01")
    return found.date()


def moment(text: str, zone: tzinfo) -> datetime:
    """Read an instant, by the clocks of `zone` unless an offset says otherwise."""
    found = _parsed(text) if _DAY.fullmatch(text) or _MOMENT.fullmatch(text) else None
    if found is None:
        raise Mistake(f"is no time; {_EXPECTED}")
    return instant(found, zone) if found.tzinfo is None else found.astimezone(UTC)


def wall(text: str, zone: tzinfo) -> datetime:
    """Read what the clocks of `zone` show, naive."""
    return wall_clock(moment(text, zone), zone)


def ending(text: str, zone: tzinfo) -> datetime:
    """Read when something ends; a day alone ends at its midnight."""
    found = moment(text, zone)
    if not _DAY.fullmatch(text):
        return found
    return instant(wall_clock(found, zone) + DAY, zone)


def time_of_day(text: str) -> timedelta:
    """Read a time of the clock as hours since midnight (`09:00`, `24:00`)."""
    found = _TIME.fullmatch(text)
    hours, minutes = map(int, found.groups()) if found else (99, 99)
    since = timedelta(hours=hours, minutes=minutes)
    if minutes > 59 or since > DAY:  # noqa: PLR2004  # minutes of an hour
        raise Mistake("is no time of day; expected one from 00:00 to 24:00, such as 09:00")
    return since


def take_span(section: Section, zone: tzinfo) -> Span | None:
    """Return the time that `from` and `to` of a section say, None if that is wrong."""
    starts_at = section.scalar("from", lambda text: moment(text, zone), None)
    ends_at = section.scalar("to", lambda text: ending(text, zone), None)
    for key in ("from", "to"):
        if section.get(key) is None:
            section.value.missing(key, f"missing; {_EXPECTED}")
    if starts_at is None or ends_at is None:
        return None
    if ends_at <= starts_at:
        section.value.problem("ends before it begins; expected `to` after `from`")
        return None
    return Span(starts_at, ends_at)


def _parsed(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.year in _YEARS else None
