"""Estimating: what telling an alert will take, before it is told.

Every alert that is accepted is measured once, so it must be cheap: no rendering, no escaping. The
figures follow `templates/default.j2` and are a little too large, so that what is said to fit does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from adapter.core.alerts import Status

if TYPE_CHECKING:
    from adapter.core.alerts import Alert

_FIRING: Final = Status.FIRING  # a name of its own is found sooner
_LINE_FRAME: Final = 42  # emoji, time, bold, separators, the blank line after
_END: Final = 30  # when what is over ended, and how long it lasted
_OVER_FRAME: Final = 150  # heading and times
_FULL_FRAME: Final = 266  # heading, times, names of labels and links, the link to all alerts
_LABELS_SHOWN: Final = 200
_SUMMARY_SHOWN: Final = 400
_DESCRIPTION_SHOWN: Final = 1_000
_LINKS_SHOWN: Final = 6_000  # three links


def estimate(alert: Alert) -> tuple[int, int]:
    """Return how many bytes of a message `alert` takes in full, and in one line."""
    notes = alert.annotations
    labels = _size("".join(alert.labels.values()), _LABELS_SHOWN)
    line = _LINE_FRAME + labels * 3 // 4  # without those that say neither what nor where
    if alert.status is not _FIRING:  # what is over needs no words and no links
        line += _END
        return max(_OVER_FRAME + labels, line + 1), line
    summary = notes.get("summary") or notes.get("message", "")
    full = _FULL_FRAME + labels
    full += _size(summary, _SUMMARY_SHOWN)
    full += _size(notes.get("description", ""), _DESCRIPTION_SHOWN)
    links = len(alert.generator_url) + len(alert.dashboard_url) + len(alert.panel_url)
    links += len(notes.get("runbook_url", "")) + len(notes.get("dashboard_url", ""))
    return full + min(links, _LINKS_SHOWN), line


def _size(text: str, limit: int) -> int:
    """Return the bytes of `text`, at most `limit`; a long one is not even encoded."""
    if len(text) >= limit:
        return limit
    return len(text) if text.isascii() else min(len(text.encode(errors="replace")), limit)
