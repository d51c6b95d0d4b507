"""MergedHeading: what stands above alerts of many groups: how many, how bad, how late."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from adapter.core.fitting import paragraphs, size_of
from adapter.core.tally import Tally, fullest

if TYPE_CHECKING:
    from adapter.core.alerts import Status
    from adapter.core.batch import Entry
    from adapter.core.envelope import Envelope
    from adapter.core.message import AlertMessage
    from adapter.core.reader import Readers
    from adapter.core.words import Words

LATE: Final = timedelta(minutes=1)
"""The delay from which a message of one group says that it is late."""

_NO_TIME: Final = timedelta(seconds=1)


class MergedHeading:
    """Count the entries that a message tells, and put its title and heading above them.

    `merged`: the message tells several groups because there are many alerts. `most`: the number of
    entries is no larger, so `room` for the text below is known before they are counted. `last`
    ends the message.
    """

    def __init__(  # noqa: PLR0913  # each is of another kind, and most are named
        self,
        words: Words,
        envelope: Envelope,
        readers: Readers,
        *,
        merged: bool,
        most: int,
        last: str = "",
    ) -> None:
        self._words = words
        self._last = last
        self._envelope = envelope
        self._now = readers.now
        self._scale = readers.style.scale
        self._merged = merged
        self._kinds: dict[tuple[str, Status], int] = {}
        self._oldest_at = readers.now
        self.room = self._room(most)

    @property
    def told(self) -> int:
        """Return how many entries were counted."""
        return sum(self._kinds.values())

    def add(self, entry: Entry) -> None:
        """Count an entry that the message tells."""
        alert = entry.alert
        kind = alert.labels.get(self._scale.label, ""), alert.status
        self._kinds[kind] = self._kinds.get(kind, 0) + 1
        self._oldest_at = min(self._oldest_at, entry.received_at)

    def message(self, *below: str) -> AlertMessage:
        """Return the message with these paragraphs below the heading."""
        told = self._tally().named(self._words)
        delay = delay_note(self._words, self._now - self._oldest_at, merged=self._merged)
        return self._envelope.message(
            self._title(told), paragraphs(self._heading(told), delay, *below, self._last)
        )

    def _tally(self) -> Tally:
        tally = Tally(self._scale)
        for (value, status), count in self._kinds.items():
            tally.add(self._scale.level(value), status, count)
        return tally

    def _title(self, told: str) -> str:
        return self._envelope.title(told or self._words.all_alerts)

    def _heading(self, told: str) -> str:
        return " ".join(filter(None, ("###", told or self._words.all_alerts, self._envelope.mark)))

    def _room(self, most: int) -> int:
        told = fullest(most, self._scale).named(self._words)
        delay = delay_note(self._words, timedelta.max, merged=True)
        room = self._envelope.text_room(self._title(told))
        return room - size_of(self._heading(told)) - size_of(delay) - size_of(self._last)


def delay_note(words: Words, delay: timedelta, *, merged: bool) -> str:
    """Return by how much a message is late; nothing if it is not and tells one group."""
    if not merged:
        return words.delayed.format(words.delay(delay)) if delay > LATE else ""
    if delay < _NO_TIME:
        return words.merged
    return f"{words.merged}{words.comma}{words.delayed_most.format(words.delay(delay))}"
