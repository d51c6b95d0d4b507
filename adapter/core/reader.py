"""Reader: for whom a message is made, and so how it tells values and times."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from adapter.core.style import DEFAULT_STYLE, Style
from adapter.core.text import Text, cut_bytes
from adapter.core.words import words_of

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from adapter.core.delivery import RenderSettings
    from adapter.core.matcher import Pattern
    from adapter.core.words import Words

_TOLD_FROM: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Reader:
    """Say for whom a message is made; `longest` is how many bytes of one value are shown.

    `card`: it is an ActionCard, whose links are buttons. `alone`: it tells one group only.
    """

    words: Words
    zone: tzinfo
    now: datetime
    longest: int
    style: Style = DEFAULT_STYLE
    card: bool = False
    alone: bool = True

    def text(self, value: str) -> Text:
        """Return a value from outside, cut to what is shown of it."""
        return Text(self.shown(value))

    def shown(self, value: str) -> str:
        """Return what is shown of a value from outside, which is still to be escaped."""
        value = value.strip()
        return value if len(value) * 4 <= self.longest else self._cut(value)

    def _cut(self, value: str) -> str:
        return cut_bytes(value, self.longest, self.words.cut)

    def local(self, value: datetime) -> datetime:
        """Return `value` in the reader's zone."""
        return _local(value, self.zone)

    def time(self, value: datetime, *, exact: bool = False) -> str:
        """Return the time of day; with the day if it is not today, with the year if not this."""
        return _time(value, self.now, self.zone, exact=exact)

    def when(self, start: datetime | None, end: datetime | None, *, over: bool) -> Text:
        """Return since when, or from when to when, and for how long; empty if not known."""
        span = self.duration(start, end, over=over)
        if start is None:
            return Text()
        if span is None:
            return Text(self.time(start))
        words, told = self.words, self.words.span(span)
        if over and end:
            lasted = words.lasted.format(told)
            return Text(f"{self.time(start)} → {self.time(end)}{words.comma}{lasted}")
        since = words.since.format(self.time(start))
        lasts = f"{words.comma}{words.for_span.format(told)}" if span >= _TOLD_FROM else ""
        return Text(since + lasts)

    def duration(
        self, start: datetime | None, end: datetime | None, *, over: bool
    ) -> timedelta | None:
        """Return how long something lasted or lasts until now; None if that is not known."""
        until = end if over else self.now
        return until - start if start and until else None


@dataclass(frozen=True, slots=True)
class Readers:
    """Know all readers of one instant."""

    now: datetime
    style: Style = DEFAULT_STYLE

    def of(self, settings: RenderSettings, longest: int, *, alone: bool = True) -> Reader:
        """Return for whom a message with these settings is made."""
        words, zone = words_of(settings.language), zone_of(settings.timezone)
        card = alone and settings.message == "action_card"
        return Reader(words, zone or UTC, self.now, longest, self.style, card, alone)


def _local(value: datetime, zone: tzinfo) -> datetime:
    try:
        return value.astimezone(zone)
    except OverflowError:  # the first or last day that a datetime can hold
        return value


@functools.lru_cache(maxsize=1024)  # many alerts of a storm began together
def _time(value: datetime, now: datetime, zone: tzinfo, *, exact: bool) -> str:
    there, here = _local(value, zone), _local(now, zone)
    clock = f"{there:%H:%M:%S}" if exact else f"{there:%H:%M}"
    if there.date() == here.date():
        return clock
    day = f"{there.month:02}-{there.day:02} {clock}"
    return day if there.year == here.year else f"{there.year}-{day}"


@functools.lru_cache(maxsize=64)
def zone_of(name: str) -> tzinfo | None:
    """Return a time zone by its name; None if there is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # the three ways in which a name is none
        return None


class Labels(Mapping[str, Text]):
    """Show labels or annotations by name; what is missing is empty text."""

    def __init__(self, values: Mapping[str, str], reader: Reader) -> None:
        self._values = values
        self._reader = reader

    def without(self, patterns: Iterable[Pattern]) -> Labels:
        """Return those whose names none of these patterns describes."""
        hidden = tuple(patterns)
        rest = {
            name: value
            for name, value in self._values.items()
            if not any(pattern.search(name.encode("utf-8", "replace")) for pattern in hidden)
        }
        return Labels(rest, self._reader)

    def __getitem__(self, name: str) -> Text:
        return self._reader.text(self._values.get(name, ""))

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[Text]:
        return (Text(name) for name in sorted(self._values))

    def __len__(self) -> int:
        return len(self._values)
