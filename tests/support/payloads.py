"""Groups of every kind that bundled templates must tell well."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from adapter.core.alerts import AlertGroup, Status, common
from adapter.core.webhook import decode_webhook
from support.batches import ALERTMANAGER, an_alert
from support.rendering import ROOT

if TYPE_CHECKING:
    from adapter.core.alerts import Alert

_GRAFANA = ROOT / "tests" / "samples" / "grafana-12.json"


def _group(*alerts: Alert) -> AlertGroup:
    fires = any(alert.status is Status.FIRING for alert in alerts)
    return AlertGroup(
        alerts=alerts,
        status=Status.FIRING if fires else Status.RESOLVED,
        receiver="dingtalk",
        common_labels=common(alert.labels for alert in alerts),
        common_annotations=common(alert.annotations for alert in alerts),
        external_url=ALERTMANAGER,
    )


def _pod(number: int, *, lasted: timedelta | None = None) -> Alert:
    alert = an_alert(
        "KubePodCrashLooping", "critical", ago=timedelta(minutes=23), lasted=lasted,
        cluster="bj", namespace="payments", pod=f"api-{number}",
        notes={
            "summary": f"Pod payments/api-{number} is crash looping",
            "description": f"Container api restarted {number + 3} times in 10 minutes.",
            "runbook_url": "https://runbooks.example.com/crashlooping",
        },
    )  # fmt: skip
    return msgspec.structs.replace(alert, generator_url="https://prometheus.example.com/graph?a=b")


def _many(number: int) -> Alert:
    notes = {"summary": f"target 10.0.{number // 250}.{number % 250} is down for {number % 7}m"}
    return an_alert(
        "TargetDown", "warning", notes=notes, cluster="edge", rack=f"r{number % 9}",
        instance=f"10.0.{number // 250}.{number % 250}:9100",
    )  # fmt: skip


_CHINESE = an_alert(
    "节点磁盘将写满", "warning", ago=timedelta(hours=3),
    region="华北", cluster="北京", instance="存储-17:9100",
    notes={"summary": "根分区 2 小时内将写满", "description": "分区 / 已用 96%，请清理日志。"},
)  # fmt: skip
_LASTED = timedelta(minutes=21)

PAYLOADS: dict[str, AlertGroup] = {
    "firing": _group(*map(_pod, range(4))),
    "resolved": _group(*(_pod(number, lasted=_LASTED) for number in range(4))),
    "mixed": _group(_pod(0), _pod(1, lasted=_LASTED), an_alert("NodeDown", "warning", node="n-1")),
    "one": _group(_pod(0)),
    "repeat": msgspec.structs.replace(_group(_pod(0)), times=3),
    "500": _group(*map(_many, range(500))),
    "chinese": _group(_CHINESE),
    "bare": _group(an_alert("", "", job="node")),
    "grafana": decode_webhook(_GRAFANA.read_bytes()),
}
"""Groups by what is special about them."""
