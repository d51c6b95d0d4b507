"""The digest: all that waits at one robot in one message, as numbers by alert name.

The numbers come from the totals and are exact. Places and examples come from the entries.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from adapter.core.digest_examples import Examples, Kind, kind_of
from adapter.core.fitting import paragraphs, size_of
from adapter.core.group_writer import look_of
from adapter.core.links import all_alerts_url, markdown_link
from adapter.core.plain_message import VALUE_BYTES
from adapter.core.priority import Priority
from adapter.core.tally import RESOLVED_SIGN, Tally
from adapter.core.text import escape, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from adapter.core.batch import Batch, Count
    from adapter.core.calls import Call, Calls
    from adapter.core.envelope import Envelope
    from adapter.core.message import AlertMessage
    from adapter.core.reader import Reader, Readers

OVERDUE: Final = timedelta(hours=1)
"""The age from which waiting alerts are no storm but were held up."""

_NO_TIME: Final = timedelta(seconds=1)


def tell_digest(
    batch: Batch, envelope: Envelope, readers: Readers, calls: Calls, last: str = ""
) -> AlertMessage:
    """Return the one message that accounts for every normal alert of the batch's totals.

    `last` is a link that ends it.
    """
    digest = _Digest(batch, readers.of(look_of(batch.entries), VALUE_BYTES))
    return digest.message(envelope, calls.note(calls.of_digest()), last)


class _Manner(NamedTuple):
    """Hold the words for one reason to tell alerts as numbers; `{}` stands where a value goes."""

    sign: str
    title: str
    heading: str
    why: str


class _Digest:
    def __init__(self, batch: Batch, reader: Reader) -> None:
        self._batch = batch
        self._reader = reader
        self._words = reader.words
        self._kinds: Counter[Kind] = Counter()
        scale = reader.style.scale
        self._tally = Tally(scale)
        self._fired: Counter[Kind] = Counter()
        self._unnamed: list[Count] = []
        for count in batch.totals.counts:
            if count.priority is Priority.NORMAL:
                level = scale.level(count.severity)
                self._tally.add(level, count.status, count.alerts)
                if count.names:
                    self._unnamed.append(count)
                    continue
                kind = kind_of(count.name, level, count.status, scale)
                self._kinds[kind] += count.alerts
                self._fired[kind] += count.alerts if count.fired else 0
        self._examples = Examples(batch.entries, self._tally.total, reader)
        oldest_at = min((entry.received_at for entry in batch.entries), default=reader.now)
        self._age = max(reader.now - oldest_at, _NO_TIME)

    def message(self, envelope: Envelope, call: Call, last: str) -> AlertMessage:
        """Return the message; what has no room beside the heading is left out or summed up."""
        title = envelope.title(self._title())
        heading = " ".join(filter(None, ("###", self._heading(), envelope.mark)))
        closing = call.closing("")
        left = envelope.text_room(title) - size_of(heading) - size_of(self._rest(self._ranked()))
        left -= size_of(closing) + call.at_growth + size_of(last)
        around = []
        for told in (self._why(), self._examples.overview(), self._link()):
            around.append(told if size_of(told) <= left else "")
            left -= size_of(around[-1])
        text = paragraphs(heading, *around[:2], *self._lines(left), around[2], closing, last)
        return envelope.message(title, text)

    @property
    def _manner(self) -> _Manner:
        words = self._words
        if self._batch.held is not None:
            return _Manner("🌙", words.deferred_title, words.deferred, words.deferred_since)
        if self._age > OVERDUE:
            return _Manner("⏳", words.overdue_title, words.overdue, words.overdue_since)
        return _Manner("🔥", words.storm_title, words.storm, "")

    def _title(self) -> str:
        what = self._manner.title.format(self._tally.total)
        place = one_line(escape(self._examples.worst_place()))
        told = (f"{self._manner.sign} {what}", self._tally.worst(), place)
        return " · ".join(filter(None, told))

    def _heading(self) -> str:
        age, manner = self._words.span(self._age), self._manner
        return f"{manner.sign} {manner.heading.format(self._tally.total, age, self._tally.signs())}"

    def _why(self) -> str:
        return self._manner.why.format(self._words.span(self._age))

    def _link(self) -> str:
        url = next((all_alerts_url(entry.delivery.group) for entry in self._batch.entries), "")
        return str(markdown_link(url, self._words.all_of.format(self._tally.total)))

    def _ranked(self) -> list[tuple[Kind, int]]:
        """Return how many alerts there are of each kind, the worst first."""
        return sorted(self._kinds.items(), key=lambda item: (item[0].rank, -item[1], item[0].name))

    def _lines(self, left: int) -> Iterator[str]:
        """Yield a line for each kind that has room, and one for the rest."""
        ranked = self._ranked()
        for number, (kind, count) in enumerate(ranked):
            line = self._line(kind, count)
            left -= size_of(line)
            if left < 0:
                yield self._rest(ranked[number:])
                return
            yield line
        if self._unnamed:
            yield self._rest([])

    def _line(self, kind: Kind, count: int) -> str:
        name = self._reader.text(kind.name) or self._words.unnamed
        number = f" ×{count}" if count > 1 else ""
        shown = f"{kind.sign} **{escape(name)}{number}**"
        told = (shown, self._examples.of(kind, count), self._over(kind, count))
        return " ".join(filter(None, told))

    def _over(self, kind: Kind, count: int) -> str:
        """Return how many of a resolved kind nobody was told of while they fired."""
        fired = self._fired[kind] if kind.sign == RESOLVED_SIGN else 0
        if not fired:
            return ""
        words = self._words
        return words.all_fired if fired == count else words.some_fired.format(fired)

    def _rest(self, kinds: list[tuple[Kind, int]]) -> str:
        """Return how many kinds and alerts have no line: these, and what is not told by name."""
        names = len(kinds) + sum(count.names for count in self._unnamed)
        alerts = sum(count for _, count in kinds) + sum(count.alerts for count in self._unnamed)
        return self._words.more_kinds.format(names, alerts)
