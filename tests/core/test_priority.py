"""What passes the queue: by severity, or as a route says; and how a group of both is split."""

from __future__ import annotations

import pytest

from adapter.core.priority import Priority, priority_of
from adapter.core.routes import Route, RouteSettings
from adapter.core.routing import WHOLE, route_group
from support.alerts import make_alert, make_group

HIGH, NORMAL = Priority.HIGH, Priority.NORMAL


@pytest.mark.parametrize(
    ("severity", "setting", "priority"),
    [
        ("critical", "auto", HIGH),
        ("P0", "auto", HIGH),
        ("warning", "auto", NORMAL),
        ("", "auto", NORMAL),
        ("info", "high", HIGH),
        ("critical", "normal", NORMAL),
    ],
)
def test_severity_decides_unless_the_route_does(
    severity: str, setting: str, priority: Priority
) -> None:
    assert priority_of({"severity": severity}, setting) is priority


def lanes(critical: int, warning: int, setting: str | None = None) -> dict[Priority, int]:
    """Return how many alerts of a group go out in each lane."""
    alerts = [
        make_alert(severity=severity, instance=str(number))
        for severity, count in (("critical", critical), ("warning", warning))
        for number in range(count)
    ]
    root = Route(settings=RouteSettings(robots=("ops",), priority=setting))
    deliveries = route_group(root, make_group(*alerts), {"ops": RouteSettings()})
    return {delivery.priority: len(delivery.group.alerts) for delivery in deliveries}


def test_a_small_group_stays_whole_as_high() -> None:
    assert lanes(1, WHOLE - 1) == {HIGH: WHOLE}


def test_a_large_group_is_split() -> None:
    assert lanes(1, WHOLE) == {HIGH: 1, NORMAL: WHOLE}


def test_a_route_keeps_a_group_together_by_setting_its_priority() -> None:
    assert lanes(5, WHOLE, "normal") == {NORMAL: WHOLE + 5}
    assert lanes(5, WHOLE, "high") == {HIGH: WHOLE + 5}
