"""Stranded: deliveries that no robot can take, and the webhook that is told of them instead."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import msgspec

from adapter.core.alerts import AlertGroup, Status, subset
from adapter.core.delivery import Delivery

_UNSET: Final = "0001-01-01T00:00:00Z"
"""How Go writes a time that is not known."""


class Strand(msgspec.Struct, frozen=True, kw_only=True):
    """Name a queue, and when it is stuck.

    That is when the robot's own `tokens` have all been ill for `after`, those of its fallback
    (`relief`) are ill as well, and a delivery has waited for as long.
    """

    robot: str
    tokens: tuple[str, ...]
    relief: tuple[str, ...] = ()
    after: timedelta


class Stranded(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a delivery that is stuck, `left` the indexes of its alerts that nobody was told."""

    id: int
    delivery: Delivery
    left: tuple[int, ...]
    leased_until: datetime
    failures: int


def alertmanager_json(stranded: Stranded) -> bytes:
    """Return what still waits of a delivery as Alertmanager (version 4) would post it."""
    group = stranded.delivery.group
    left = subset(group, [group.alerts[index] for index in stranded.left])
    return msgspec.json.encode(_wire(left))


def _wire(group: AlertGroup) -> dict[str, object]:
    """Return every field that a reader may rely on, also where it is empty."""
    alerts = [
        {
            "status": alert.status.value,
            "labels": alert.labels,
            "annotations": alert.annotations,
            "startsAt": alert.starts_at or _UNSET,
            "endsAt": alert.ends_at or _UNSET,
            "generatorURL": alert.generator_url,
            "fingerprint": alert.fingerprint,
        }
        for alert in group.alerts
    ]
    return {
        "version": "4",
        "groupKey": group.group_key,
        "truncatedAlerts": group.truncated_alerts,
        "status": Status(group.status).value,
        "receiver": group.receiver,
        "groupLabels": group.group_labels,
        "commonLabels": group.common_labels,
        "commonAnnotations": group.common_annotations,
        "externalURL": group.external_url,
        "alerts": alerts,
    }
