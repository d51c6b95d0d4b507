"""Alikes: alerts of a group that differ in nothing but their subject, so that one stands for all.

"Pod api-0 restarted 3 times", "Pod api-1 restarted 5 times": who has read the first needs only the
names of the others. Numbers do not make alerts unlike; any other word does.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Sequence

    from adapter.core.alert_view import AlertView

FROM: Final = 3
"""How many alerts must be alike before one stands for the others."""

IN_A_ROW: Final = 50
"""How many subjects one paragraph names."""

_LONGEST_SUBJECT: Final = 60
_NUMBERS: Final = re.compile(r"\d+(?:\.\d+)?")


def paragraphs_of(alerts: Iterable[AlertView]) -> tuple[tuple[AlertView, ...], ...]:
    """Return the alerts by the paragraphs that tell them; most have one of their own."""
    alike: dict[Hashable, list[AlertView]] = {}
    for number, alert in enumerate(alerts):
        likeness = _likeness(alert)
        alike.setdefault(number if likeness is None else likeness, []).append(alert)
    return tuple(row for members in alike.values() for row in _rows(members))


def _rows(alike: Sequence[AlertView]) -> Iterator[tuple[AlertView, ...]]:
    """Yield the first alert by itself, if it fires, and the others in rows."""
    if len(alike) < FROM:
        yield from ((alert,) for alert in alike)
        return
    told = 1 if alike[0].status == "firing" else 0
    yield from ((alert,) for alert in alike[:told])
    for start in range(told, len(alike), IN_A_ROW):
        yield tuple(alike[start : start + IN_A_ROW])


def _likeness(alert: AlertView) -> Hashable:
    """Return what an alert says but for its subject; nothing if that is not all of its own."""
    subject = str(alert.subject)
    if not subject or len(subject) > _LONGEST_SUBJECT or alert.details:
        return None
    texts = () if alert.status == "resolved" else (alert.summary, alert.description)
    said = tuple(_NUMBERS.sub("0", str(text).replace(subject, "\0")) for text in texts)
    return alert.status, str(alert.name), alert.severity.rank, str(alert.when), said
