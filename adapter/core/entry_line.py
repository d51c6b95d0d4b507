"""The line of one alert among alerts of other groups, as the bundled templates write it.

A storm has thousands of them, so it is not made in a template, which takes twice as long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from adapter.core.alerts import Status
from adapter.core.tally import RESOLVED_SIGN
from adapter.core.telling import PLACES, distinctive, says_what
from adapter.core.text import escape

if TYPE_CHECKING:
    from collections.abc import Collection

    from adapter.core.alerts import Alert
    from adapter.core.reader import Reader

_RESOLVED: Final = Status.RESOLVED  # a name of its own is found sooner


def entry_line(alert: Alert, reader: Reader, shared: Collection[str] | None) -> str:
    """Return how bad, since when, which, what and where: all of an alert in one line.

    `shared` are the labels of its group; None: it is the only one of it.
    """
    style, labels, shown = reader.style, alert.labels, reader.shown
    start, end = alert.started_at, alert.ended_at
    mark = style.scale.level_of(labels).emoji
    line = [RESOLVED_SIGN if alert.status is _RESOLVED else escape(mark)]
    if start:
        line.append(f" {escape(reader.time(start))}")
    if end:
        line.append(f"→{escape(reader.time(end))}")
    name = escape(shown(alert.name) or reader.words.unnamed).strip()
    line.append(f" **{name}**" if name else " ")
    for label in distinctive(labels, style.told, shared):
        value = shown(labels[label])
        line.append(f" {escape(value if says_what(label) else f'{shown(label)}={value}')}")
    where = [shown(labels[place]) for place in PLACES if labels.get(place)]
    if where:
        line.append(f" · {escape('/'.join(where))}")
    if end:
        lasted = reader.words.span(end - start) if start else ""
        line.append(f" · {escape(lasted)}")
    return "".join(line)
