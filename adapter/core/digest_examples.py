"""Examples: what a digest tells of the alerts beside their numbers: where, which, and the first.

The entries at hand may be only some of the alerts. Then they are called examples and not counted.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from adapter.core.alert_view import among_others
from adapter.core.alerts import Status
from adapter.core.tally import RESOLVED_SIGN
from adapter.core.telling import PLACES
from adapter.core.text import escape

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from adapter.core.batch import Entry
    from adapter.core.reader import Reader
    from adapter.core.severity import Level, Scale

_SHOWN: Final = 3
_RANK_OF_RESOLVED: Final = 999
_BESIDE: Final = " · "

_SAME_STORM: Final = timedelta(minutes=10)
"""What began longer before the first alert came is a repeat of an old one, not the cause."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Name alerts that a digest tells in one line; the worst have the lowest `rank`."""

    rank: int
    sign: str
    name: str


def kind_of(name: str, level: Level, status: Status, scale: Scale) -> Kind:
    """Return the kind of an alert."""
    if status is Status.RESOLVED:
        return Kind(_RANK_OF_RESOLVED, RESOLVED_SIGN, name)
    return Kind(scale.rank(level), level.emoji, name)


class Examples:
    """Tell of entries that stand for `total` alerts."""

    def __init__(self, entries: Sequence[Entry], total: int, reader: Reader) -> None:
        self._entries = [
            msgspec.structs.replace(entry, alert=reader.style.shown_of(entry.alert))
            for entry in entries
        ]
        self._exact = len(entries) == total
        self._reader = reader
        self._words = reader.words
        self._of: defaultdict[Kind, list[Entry]] = defaultdict(list)
        for entry in self._entries:
            alert, scale = entry.alert, reader.style.scale
            level = scale.level_of(alert.labels)
            self._of[kind_of(alert.name, level, alert.status, scale)].append(entry)
        self._places = list(self._by_place())

    def overview(self) -> str:
        """Return where most are and which was the first, as markdown."""
        return _BESIDE.join(filter(None, (self._where(), self._first())))

    def worst_place(self) -> str:
        """Return where most are, as text; nothing if that is not known."""
        return self._named(self._places[0], exact=self._exact)[0] if self._places else ""

    def of(self, kind: Kind, count: int) -> str:
        """Return some of a kind, of which there are `count`, as markdown."""
        entries = self._of[kind]
        exact = len(entries) == count
        names = Counter(entry.alert.labels.get("namespace", "") for entry in entries)
        if count > _SHOWN and "" not in names:
            told, all_told = self._named(names, exact=exact), len(names) <= _SHOWN
        else:
            told, all_told = list(map(self._subject, entries[:_SHOWN])), len(entries) <= _SHOWN
        listed = escape(self._words.and_comma.join(dict.fromkeys(filter(None, told))))
        return self._such_as(listed, complete=exact and all_told)

    def _subject(self, entry: Entry) -> str:
        view = among_others(entry.alert, entry.delivery.group, self._reader)
        return " ".join(view.subjects)

    def _such_as(self, listed: str, *, complete: bool) -> str:
        return listed if complete or not listed else self._words.such_as.format(listed)

    def _by_place(self) -> Iterator[Counter[str]]:
        """Yield what most have of the largest places, up to the first that differs."""
        for name in PLACES:
            found = (entry.alert.labels.get(name, "") for entry in self._entries)
            values = Counter(filter(None, found))
            if values.total() * 2 > len(self._entries):
                yield values
                if len(values) > 1:
                    return

    def _named(self, values: Counter[str], *, exact: bool) -> list[str]:
        """Return the most frequent values, with their numbers if these are exact."""
        numbered = exact and len(values) > 1
        return [
            f"{self._reader.text(value)} {count}" if numbered else self._reader.text(value)
            for value, count in values.most_common(_SHOWN)
        ]

    def _where(self) -> str:
        if not self._places:
            return ""
        told = [list(map(escape, self._named(at, exact=self._exact))) for at in self._places]
        told[0][0] = f"**{told[0][0]}**"
        joint = _BESIDE if self._exact else self._words.and_comma
        listed = _BESIDE.join(joint.join(values) for values in told)
        complete = self._exact and all(len(at) <= _SHOWN for at in self._places)
        return self._such_as(listed, complete=complete)

    def _first(self) -> str:
        """Return which began to fire first; an alert that is repeated began before the others."""
        firing = (entry for entry in self._entries if entry.alert.status is Status.FIRING)
        began = [(at, entry) for entry in firing if (at := entry.alert.started_at)]
        if not began:
            return ""
        since = min(entry.received_at for entry in self._entries) - _SAME_STORM
        recent = [(at, entry) for at, entry in began if at >= since]
        at, first = min(recent or began, key=lambda item: item[0])
        name = self._reader.text(first.alert.name) or self._words.unnamed
        subject = escape(self._subject(first))
        told = f"{self._reader.time(at, exact=True)} **{escape(name)}** {subject}".rstrip()
        return self._words.first_fired.format(told)
