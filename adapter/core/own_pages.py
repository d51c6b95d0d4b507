"""OwnPages: where this adapter shows, and lets people act on, what a message tells."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from adapter.core.links import markdown_link

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from markupsafe import Markup

    from adapter.core.alerts import Alert
    from adapter.core.batch import Entry
    from adapter.core.message_links import Linker
    from adapter.core.reader import Readers
    from adapter.core.words import Words


@dataclass(frozen=True, slots=True)
class OwnPages:
    """Know of which delivery each alert is, by fingerprint; the newest is `delivery`."""

    linker: Linker
    now: datetime
    delivery: int
    deliveries: Mapping[str, int] = field(default_factory=dict)

    def act(self, alerts: Sequence[Alert]) -> str:
        """Return where these alerts can be silenced: one, or all that fire together."""
        if len(alerts) > 1:
            return self.linker.act(self.delivery, "", self.now)
        fingerprint = alerts[0].fingerprint
        number = self.deliveries.get(fingerprint, 0) if fingerprint else 0
        return self.linker.act(number, fingerprint, self.now) if number else ""


def pages_of(readers: Readers, entries: Iterable[Entry]) -> OwnPages | None:
    """Return the pages of what these entries tell; None where messages carry no such links."""
    linker = readers.style.linker
    if linker is None:
        return None
    deliveries = {entry.alert.fingerprint: entry.delivery_id for entry in entries}
    return OwnPages(linker, readers.now, max(deliveries.values(), default=0), deliveries)


def why_link(readers: Readers, entries: Iterable[Entry], words: Words) -> Markup | str:
    """Return the link to why a group was told, or nothing."""
    newest = max((entry.delivery_id for entry in entries), default=0)
    linker = readers.style.linker
    if linker is None or not newest:
        return ""
    return markdown_link(linker.why(newest, readers.now), words.why)


def message_link(readers: Readers, name: str, words: Words) -> Markup | str:
    """Return the link to why a message of several groups was sent, or nothing."""
    linker = readers.style.linker
    if linker is None or not name:
        return ""
    return markdown_link(linker.message(name, readers.now), words.why)
