"""Sample groups that every template is tried on: firing, resolved, mixed, one, many, bare."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from adapter.core.alerts import Alert, AlertGroup, Status, common

NOW: Final = datetime(2026, 11, 23, 21, 0, tzinfo=UTC)
"""When the samples are told."""

_URL: Final = "https://prometheus.example.com/graph?g0.expr=up"


def _alert(name: str, status: Status, severity: str, **labels: str) -> Alert:
    return Alert(
        labels={"alertname": name, "severity": severity, "cluster": "bj", **labels},
        annotations={
            "summary": f"{name} [{labels.get('instance', '')}]",
            "description": "up == 0\nfor 5 minutes",
            "runbook_url": f"https://runbooks.example.com/{name}",
        },
        status=status,
        starts_at=NOW - timedelta(minutes=23),
        ends_at=NOW if status is Status.RESOLVED else None,
        generator_url=_URL,
        fingerprint="c08103ff842cef86",
    )


def _group(*alerts: Alert, truncated: int = 0) -> AlertGroup:
    fires = any(alert.status is Status.FIRING for alert in alerts)
    return AlertGroup(
        alerts=alerts,
        status=Status.FIRING if fires else Status.RESOLVED,
        receiver="dingtalk",
        group_labels={"cluster": "bj"},
        common_labels=common(alert.labels for alert in alerts),
        common_annotations=common(alert.annotations for alert in alerts),
        external_url="https://alertmanager.example.com",
        truncated_alerts=truncated,
        notification_reason="first notification",
    )


_FIRING: Final = tuple(
    _alert("TargetDown", Status.FIRING, "critical", instance=f"10.0.0.{number}:9100", rack="r1")
    for number in range(12)
)
_RESOLVED: Final = tuple(
    _alert("TargetDown", Status.RESOLVED, "warning", instance=f"10.0.1.{number}:9100")
    for number in range(2)
)

SAMPLES: Final = (
    _group(_FIRING[0]),
    _group(*_FIRING, truncated=7),
    _group(*_RESOLVED),
    _group(*_FIRING[:2], *_RESOLVED, _alert("NodeDown", Status.FIRING, "warning")),
    _group(Alert()),
    _group(Alert(status=Status.RESOLVED)),
)
"""Groups of every kind."""
