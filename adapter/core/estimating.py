"""Estimating: what telling an alert will take, before it is told.

Every alert that is accepted is measured once, so it must be cheap: no rendering, no escaping. The
figures follow `templates/default.j2` and are a little too large, so that what is said to fit does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from adapter.core.alerts import Alert

_LINE_FRAME: Final = 72  # list sign, emoji, bold, separators, times, the blank line after
_FULL_FRAME: Final = 160  # heading, names of labels and links, the link to all alerts
_LABELS_SHOWN: Final = 120  # of a line; most are shared, and told once or not at all
_SUMMARY_SHOWN: Final = 200
_DESCRIPTION_SHOWN: Final = 1_000
_LINKS_SHOWN: Final = 6_000  # three links


def estimate(alert: Alert) -> tuple[int, int]:
    """Return how many bytes of a message `alert` takes in full, and in one line."""
    notes = alert.annotations
    description = notes.get("description", "")
    summary = notes.get("summary") or notes.get("message") or description
    line = (
        _LINE_FRAME
        + _size("".join(alert.labels.values()), _LABELS_SHOWN)
        + _size(summary, _SUMMARY_SHOWN)
    )
    links = (
        len(alert.generator_url)
        + len(alert.dashboard_url)
        + len(alert.panel_url)
        + len(notes.get("runbook_url", ""))
        + len(notes.get("dashboard_url", ""))
    )
    more = _size(description, _DESCRIPTION_SHOWN) + min(links, _LINKS_SHOWN)
    return line + _FULL_FRAME + more, line


def _size(text: str, limit: int) -> int:
    """Return the bytes of `text`, at most `limit`; a long one is not even encoded."""
    size = len(text)
    if size < limit and not text.isascii():
        size = len(text.encode(errors="replace"))
    return min(size, limit)
