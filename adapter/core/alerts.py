"""Alert and AlertGroup: Alertmanager's words as values, decoded straight from its JSON.

They are at once the wire form and the model, so a webhook is decoded once and stored as it was
understood. Source of the field list: `notify/webhook` and `template` of Alertmanager, and Grafana's
`receivers/webhook`.
"""

from __future__ import annotations

import functools
import operator
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class Status(StrEnum):
    """Say whether an alert fires or is over."""

    FIRING = "firing"
    RESOLVED = "resolved"


def instant(value: datetime | None) -> datetime | None:
    """Return `value` in UTC, or None where it means "not set" (Go's year 1) or cannot be told.

    A time without an offset is taken as UTC, not as this machine's.
    """
    if value is None or value.year <= 1:
        return None
    if value.tzinfo is UTC:
        return value
    if value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    try:
        return value.astimezone(UTC)
    except OverflowError:
        return None


class Alert(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, gc=False
):  # it holds texts only, so the collector of reference cycles need not look at each
    """Hold one alert as its sender described it.

    `started_at` and `ended_at` are the times to work with; the raw fields keep the sender's offset
    and Go's `0001-01-01` for "not ended".
    """

    labels: dict[str, str] = msgspec.field(default_factory=dict)
    annotations: dict[str, str] = msgspec.field(default_factory=dict)
    status: Status = Status.FIRING
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    generator_url: str = msgspec.field(default="", name="generatorURL")
    fingerprint: str = ""
    silence_url: str = msgspec.field(default="", name="silenceURL")
    dashboard_url: str = msgspec.field(default="", name="dashboardURL")
    panel_url: str = msgspec.field(default="", name="panelURL")
    value_string: str = ""
    values: Any = None  # by Grafana: numbers by name; whatever else it is must not refuse an alert

    @property
    def started_at(self) -> datetime | None:
        """Return when the alert began to fire, in UTC."""
        return instant(self.starts_at)

    @property
    def ended_at(self) -> datetime | None:
        """Return when the alert ended, in UTC; None while it fires, whatever the sender wrote."""
        return instant(self.ends_at) if self.status is Status.RESOLVED else None

    @property
    def name(self) -> str:
        """Return the `alertname` label, which Alertmanager does not require; empty if absent."""
        return self.labels.get("alertname", "")


class AlertGroup(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, gc=False
):
    """Hold one notification: the alerts that Alertmanager grouped for one receiver.

    `status`, `common_labels` and `common_annotations` speak only of the alerts included
    (`truncated_alerts` were left out by the sender). `source` names the sender where several
    Alertmanagers post here; it is part of every identity. `times`: so often in a row the group came
    in this state. No sender says these two.
    """

    alerts: tuple[Alert, ...]
    status: Status = Status.FIRING
    receiver: str = ""
    group_key: str = ""
    group_labels: dict[str, str] = msgspec.field(default_factory=dict)
    common_labels: dict[str, str] = msgspec.field(default_factory=dict)
    common_annotations: dict[str, str] = msgspec.field(default_factory=dict)
    external_url: str = msgspec.field(default="", name="externalURL")
    truncated_alerts: int = 0
    notification_reason: str = msgspec.field(default="", name="notification_reason")
    route_labels: dict[str, str] = msgspec.field(default_factory=dict)
    source: str = ""
    times: int = 1
    title: Any = None  # by Grafana, as is `message`: text, see `Alert.values`
    message: Any = None

    @property
    def firing(self) -> tuple[Alert, ...]:
        """Return the alerts that fire."""
        return tuple(alert for alert in self.alerts if alert.status is Status.FIRING)

    @property
    def resolved(self) -> tuple[Alert, ...]:
        """Return the alerts that are over."""
        return tuple(alert for alert in self.alerts if alert.status is Status.RESOLVED)


def subset(group: AlertGroup, alerts: Sequence[Alert]) -> AlertGroup:
    """Return `group` with only these of its alerts, and what it says of them in common.

    The whole group stays as its sender described it.
    """
    if len(alerts) == len(group.alerts):
        return group
    fires = any(alert.status is Status.FIRING for alert in alerts)
    return msgspec.structs.replace(
        group,
        alerts=tuple(alerts),
        status=Status.FIRING if fires else Status.RESOLVED,
        common_labels=common(alert.labels for alert in alerts),
        common_annotations=common(alert.annotations for alert in alerts),
    )


def common(sets: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Return the names and values that all sets share, by name; nothing of no sets."""
    items = (named.items() for named in sets)
    return dict(sorted(functools.reduce(operator.and_, items, next(items, set()))))


_FNV_OFFSET: Final = 14695981039346656037
_FNV_PRIME: Final = 1099511628211


def fingerprint(labels: Mapping[str, str]) -> str:
    """Return Alertmanager's identity of a label set: FNV-1a of its sorted names and values.

    Source: `model/signature.go` of prometheus/common.
    """
    state = _FNV_OFFSET
    for name, value in sorted(labels.items()):
        for byte in b"%b\xff%b\xff" % (name.encode(), value.encode()):
            state = (state ^ byte) * _FNV_PRIME & 0xFFFF_FFFF_FFFF_FFFF
    return f"{state:016x}"
