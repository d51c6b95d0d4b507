"""Alerts and groups, as tests need them: what is not said is ordinary."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from adapter.core.alerts import Alert, AlertGroup, Status
from adapter.core.delivery import Delivery, RenderSettings, Split
from adapter.core.priority import Priority
from support.clock import START


def make_alert(name: str = "TargetDown", *, status: str = "firing", **labels: str) -> Alert:
    """Return an alert that began when the tests' clock does; a resolved one ended 5 min later."""
    all_labels = {"alertname": name, "severity": "critical", **labels}
    resolved = status == Status.RESOLVED
    return Alert(
        labels=all_labels,
        annotations={"summary": f"{name} on {labels.get('instance', 'it')}"},
        status=Status(status),
        starts_at=START,
        ends_at=START + timedelta(minutes=5) if resolved else None,
        fingerprint=f"{hash(tuple(sorted(all_labels.items()))) & 0xFFFFFFFFFFFFFFFF:016x}",
    )


def make_group(*alerts: Alert, key: str = "{}:{}", receiver: str = "dingtalk") -> AlertGroup:
    """Return a group of these alerts, or of one."""
    members = alerts or (make_alert(),)
    firing = any(alert.status is Status.FIRING for alert in members)
    return AlertGroup(
        alerts=members,
        status=Status.FIRING if firing else Status.RESOLVED,
        receiver=receiver,
        group_key=key,
    )


def make_delivery(  # noqa: PLR0913  # each has its ordinary value
    *alerts: Alert,
    robot: str = "ops",
    key: str = "{}:{}",
    template: str = "default",
    priority: Priority = Priority.NORMAL,
    reason: str = "",
    split: Split = Split.GROUP,
) -> Delivery:
    """Return a delivery of a group with these alerts."""
    group = msgspec.structs.replace(make_group(*alerts, key=key), notification_reason=reason)
    settings = RenderSettings(template=template)
    return Delivery(robot=robot, group=group, settings=settings, priority=priority, split=split)
