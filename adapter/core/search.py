"""Search: which deliveries a person looks for.

Words are separated by spaces, values with spaces stand in quotes. `NAME=VALUE` is a label, anything
else a part of an alert's name or the beginning of its fingerprint. One alert has to fit all words.
"""

from __future__ import annotations

import shlex
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapter.core.alerts import Alert


class Term(msgspec.Struct, frozen=True):
    """Hold one word; without a label it is of a name or a fingerprint."""

    text: str
    label: str = ""

    def fits(self, alert: Alert) -> bool:
        """Return whether an alert has it."""
        if self.label:
            return alert.labels.get(self.label) == self.text
        return self.text in alert.name or alert.fingerprint.startswith(self.text)

    @property
    def needle(self) -> bytes:
        """Return what stands in the JSON of every alert that has it."""
        text = msgspec.json.encode(self.text)
        return msgspec.json.encode(self.label) + b":" + text if self.label else text[1:-1]


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what is looked for; `before` is the id of a delivery above those that are left.

    `state` is one of STATES, or empty for any.
    """

    terms: tuple[Term, ...] = ()
    robot: str = ""
    state: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None

    def fits(self, alerts: Sequence[Alert]) -> tuple[int, ...]:
        """Return the indexes of the alerts that have every word."""
        return tuple(
            index
            for index, alert in enumerate(alerts)
            if all(term.fits(alert) for term in self.terms)
        )


STATES = ("pending", "deferred", "sent", "superseded", "dead", "discarded")
"""What may have become of a delivery, or of some of its alerts."""


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """Describe a delivery that was found: which of its alerts fit, how many are dead."""

    id: int
    robot: str
    priority: str
    state: str
    received_at: datetime
    source: str
    names: tuple[str, ...]
    alerts: int
    firing: int
    fitting: int
    dead: int


class Hits(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the newest that were found; older ones may be found before the delivery `more`.

    `looked_back_to` is when the oldest was received that was looked at; None: all were.
    """

    found: tuple[Hit, ...]
    more: int | None = None
    looked_back_to: datetime | None = None


def terms_of(words: str) -> tuple[Term, ...]:
    """Return the words of a search; what is in an open quote counts as it stands."""
    try:
        pieces = shlex.split(words, posix=True)
    except ValueError:
        pieces = words.split()
    return tuple(_term(piece) for piece in pieces if piece)


def _term(piece: str) -> Term:
    label, equals, value = piece.partition("=")
    return Term(value, label) if equals and label else Term(piece)
