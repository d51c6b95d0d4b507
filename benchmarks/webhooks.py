"""Webhooks as Alertmanager posts them, each of a group that was never seen before."""

from __future__ import annotations

import json
from typing import Final

NUMBER: Final = b"@number@"
"""Stands in a body where the webhook's number comes: eight hexadecimal digits."""


def template(alerts: int) -> bytes:
    """Return the body of a webhook of so many alerts, with `NUMBER` for what makes it unique."""
    group = {"alertname": f"Bench-{NUMBER.decode()}", "cluster": "bench"}
    return json.dumps(
        {
            "version": "4",
            "groupKey": f'{{}}/{{team="bench"}}:{{alertname="{group["alertname"]}"}}',
            "truncatedAlerts": 0,
            "status": "firing",
            "receiver": "dingtalk",
            "groupLabels": group,
            "commonLabels": {**group, "severity": "warning"},
            "commonAnnotations": {},
            "externalURL": "http://alertmanager.example.com:9093",
            "alerts": [_alert(index, group) for index in range(alerts)],
        }
    ).encode()


def _alert(index: int, group: dict[str, str]) -> dict[str, object]:
    return {
        "status": "firing",
        "labels": {
            **group,
            "instance": f"10.0.{index // 250}.{index % 250}:9100",
            "job": "node",
            "namespace": "production",
            "pod": f"worker-{index:04d}",
            "severity": "warning",
        },
        "annotations": {
            "summary": f"worker-{index:04d} restarts again and again",
            "description": "It has restarted five times within ten minutes; see its log.",
            "runbook_url": "https://runbooks.example.com/restarts",
        },
        "startsAt": "2026-11-23T20:00:00.123456789Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example.com:9090/graph?g0.expr=restarts+%3E+5",
        "fingerprint": f"{NUMBER.decode()}{index:08x}",
    }


def numbered(body: bytes, number: int) -> bytes:
    """Return a body with its number."""
    return body.replace(NUMBER, b"%08x" % number)
