"""The line message: alerts of many groups, each in one line.

It costs by the alerts it tells, not by those that wait: it stops where the room ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from adapter.core.fitting import size_of
from adapter.core.links import all_alerts_url, markdown_link

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapter.core.batch import Entry
    from adapter.core.calls import Call, Calls
    from adapter.core.merged_heading import MergedHeading
    from adapter.core.message import AlertMessage
    from adapter.core.words import Words

LINKS_SHOWN: Final = 3
"""Places that list alerts to which a message leads: one for each sender and receiver."""

_URL_SHOWN: Final = 500
_MANY: Final = 99_999


class LineWriter(Protocol):
    """Write one alert in one line, and what the message says of such lines."""

    def write(self, entry: Entry, call: Call) -> str:
        """Return an alert in one line that always has room in a message, with whom it rings."""
        ...

    def note(self, entry: Entry) -> str:
        """Return what the message must say if it tells this entry, or nothing."""
        ...


def tell_lines(
    entries: Sequence[Entry],
    writer: LineWriter,
    heading: MergedHeading,
    links: AllAlerts,
    calls: Calls,
) -> AlertMessage:
    """Return a message of as many of the first entries as have room; `heading` counts them."""
    lines: list[str] = []
    left, note = heading.room, ""
    for entry in entries:
        call = calls.next(entry)
        if call is None:
            break
        line = writer.write(entry, call)
        left -= size_of(line) + call.at_growth + links.size(entry)
        told_note = note or writer.note(entry)
        if told_note != note:
            left -= size_of(told_note)
        if left < 0 and lines:
            break
        note = told_note
        lines.append(line)
        calls.note(call)
        heading.add(entry)
        links.add(entry)
    return heading.message(*lines, note, links.told())


class AllAlerts:
    """Collect up to `shown` places where senders list the alerts that a message tells."""

    def __init__(self, words: Words, shown: int = LINKS_SHOWN) -> None:
        self._words = words
        self._shown = shown
        self._counts: dict[str, int] = {}
        self._urls: dict[int, str] = {}

    def add(self, entry: Entry) -> None:
        """Count an entry; beyond the first few places it is not linked."""
        url = self._url(entry)
        if url in self._counts or len(self._counts) < self._shown:
            self._counts[url] = self._counts.get(url, 0) + 1

    def size(self, entry: Entry) -> int:
        """Return how many bytes of JSON the links grow by at most if this entry is added."""
        if len(self._counts) >= self._shown:
            return 0
        url = self._url(entry)
        return 0 if url in self._counts else size_of(self._link(url, _MANY))

    def told(self) -> str:
        """Return the links."""
        links = (self._link(url, count) for url, count in self._counts.items())
        return " · ".join(filter(None, links))

    def _link(self, url: str, count: int) -> str:
        return str(markdown_link(url, self._words.all_of.format(count)))

    def _url(self, entry: Entry) -> str:
        known = self._urls.get(entry.delivery_id)
        if known is None:
            url = all_alerts_url(entry.delivery.group)
            known = url if len(url) <= _URL_SHOWN else ""
            self._urls[entry.delivery_id] = known
        return known
