"""Weighing: what the alerts of a delivery add to the sums of what waits, and take away again.

Alerts of one group that have one name, severity and status are told in nearly as many words, and
a storm brings hundreds of them. So one of each kind is measured for all. Which one follows from the
delivery alone: what was added when it came is what is taken away when it goes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from adapter.core.alerts import Status
from adapter.core.estimating import estimate
from adapter.core.kinds import Kinds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from adapter.core.alerts import Alert
    from adapter.core.delivery import Delivery

NAME_LENGTH: Final = 200
"""Characters of an alert name that sums are kept by."""

_FIRING: Final = Status.FIRING  # a name of its own is found sooner

CountKey = tuple[str, int, str, str, str, str]
"""Robot, priority, template, alert name, severity, status: what sums are kept by."""


Weight = tuple[CountKey, int, int, int]
"""A key, how many alerts are counted under it, and what one of them takes in full and as a line."""


def weigh(delivery: Delivery, indexes: Iterable[int] | None = None) -> list[Weight]:
    """Return what the alerts of a delivery weigh, all or those at these indexes."""
    kinds = Kinds(delivery.group, ("alertname", delivery.severity_label))
    examples = kinds.examples
    return [
        (count_key(delivery, examples[kind]), number, *estimate(examples[kind]))
        for kind, number in kinds.numbers(indexes)
    ]


def count_key(delivery: Delivery, alert: Alert) -> CountKey:
    """Return under what an alert is counted."""
    labels = alert.labels
    return (
        delivery.robot,
        int(delivery.priority),
        delivery.settings.template,
        _kept(labels.get("alertname", "")),
        _kept(labels.get(delivery.severity_label, "")),
        "firing" if alert.status is _FIRING else "resolved",
    )


def _kept(text: str) -> str:
    """Return a text as far as sums are kept by it; PostgreSQL takes no NUL."""
    return text[:NAME_LENGTH].replace("\0", "")


def count_rows(weights: Iterable[Weight], sign: int = 1) -> list[dict[str, object]]:
    """Return what the sums change by when these alerts come (1) or go (-1)."""
    sums: dict[CountKey, list[int]] = {}
    for key, alerts, full, line in weights:
        found = sums.setdefault(key, [0, 0, 0])
        found[0] += sign * alerts
        found[1] += sign * alerts * full
        found[2] += sign * alerts * line
    return [count_row(key, *values) for key, values in sums.items()]


def count_row(key: CountKey, alerts: int, full: int, line: int) -> dict[str, object]:
    """Return what the sums of one key change by."""
    robot, priority, template, name, severity, status = key
    return {
        "robot": robot,
        "priority": priority,
        "template": template,
        "name": name,
        "severity": severity,
        "status": status,
        "alerts": alerts,
        "full_bytes": full,
        "line_bytes": line,
    }
