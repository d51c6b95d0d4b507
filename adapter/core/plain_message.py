"""PlainParts: a message made without any template, for when a template fails.

It must not fail and must fit, whatever the alerts hold: every value in it is short.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from adapter.core.alerts import Status
from adapter.core.links import markdown_link
from adapter.core.message import Button
from adapter.core.tally import RESOLVED_SIGN
from adapter.core.text import Text, escape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapter.core.alert_view import AlertView
    from adapter.core.calls import Call
    from adapter.core.group_view import GroupView
    from adapter.core.reader import Reader

VALUE_BYTES: Final = 160
"""Bytes of a value that the message shows, so that the largest one fits."""

SHORT_BYTES: Final = 40
"""Bytes of a value where not even that fits."""

_DETAILS_SHOWN: Final = 3


class PlainParts:
    """Make the parts of the built-in message; `failed` is the template that it stands in for."""

    def __init__(self, view: GroupView, reader: Reader, failed: str, call: Call) -> None:
        self.call = call
        self._view = view
        self._card = reader.card
        self._words = reader.words
        self._failed = plain_failure(reader, failed)

    @property
    def paragraphs(self) -> Sequence[Sequence[AlertView]]:
        """Return the alerts in the order in which they are told, each by itself."""
        return tuple((alert,) for alert in self._view.alerts)

    def title(self) -> str:
        """Return what the conversation list shows, as markdown."""
        return escape(f"{self._view.badge} {self._view.name}")

    def group(self) -> str:
        """Return how bad, what, where and since when."""
        where = Text(" / ".join(self._view.where))
        told = filter(None, (where, self._view.when))
        lines = (self.title(), " · ".join(escape(part) for part in told))
        return "\n\n".join(filter(None, lines))

    def alert(self, alert: AlertView) -> str:
        """Return an alert, which has no fuller form here."""
        return self.line(alert)

    def paragraph(self, alerts: Sequence[AlertView]) -> str:
        """Return one alert in one line."""
        return self.line(alerts[0])

    def line(self, alert: AlertView) -> str:
        """Return what tells this alert from others, and its summary."""
        over = alert.status == Status.RESOLVED
        mark = RESOLVED_SIGN if over else alert.severity.emoji
        name = alert.name if self._view.kinds > 1 or not alert.subject else Text()
        own = (name, alert.subject, *alert.details[:_DETAILS_SHOWN])
        what = " · ".join(escape(part) for part in own if part)
        told = filter(None, (what, "" if over else escape(alert.summary)))
        return f"- {mark} {self._words.colon.join(told)}"

    def buttons(self) -> tuple[Button, ...]:
        """Return where the sender lists its alerts."""
        links = self._view.links[-1:] if self._card else ()
        return tuple(Button(link.text, link.url) for link in links)

    def footer(self) -> str:
        """Return that a template failed, and the links."""
        links = " · ".join(markdown_link(link.url, link.text) for link in self._view.links[-1:])
        return "\n\n".join(filter(None, (self._failed, links)))


def plain_entry(alert: AlertView, reader: Reader) -> str:
    """Return an alert in one line that stands among those of other groups."""
    over = alert.status == Status.RESOLVED
    times = [time for time in (alert.starts_at, alert.ends_at) if time]
    mark = RESOLVED_SIGN if over else alert.severity.emoji
    what = (mark, "→".join(map(reader.time, times)), alert.name, *alert.subjects)
    where = "/".join(alert.where)
    told = (" ".join(escape(part) for part in what if part), escape(where))
    return " · ".join(filter(None, told))


def plain_failure(reader: Reader, template: str) -> str:
    """Return that a template failed."""
    return escape(reader.words.template_failed.format(reader.text(template)))
