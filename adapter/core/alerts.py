"""Alert and AlertGroup: Alertmanager's words as values, decoded straight from its JSON.

They are at once the wire form and the model, so a webhook is decoded once and stored as it was
understood. Source of the field list: `notify/webhook` and `template` of Alertmanager, and Grafana's
`receivers/webhook`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum

import msgspec


class Status(StrEnum):
    """Say whether an alert fires or is over."""

    FIRING = "firing"
    RESOLVED = "resolved"


def instant(value: datetime | None) -> datetime | None:
    """Return `value` in UTC, or None where it means "not set" (Go's year 1) or cannot be told."""
    if value is None or value.year <= 1:
        return None
    try:
        return value.astimezone(UTC)
    except OverflowError:
        return None


class Alert(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
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


class AlertGroup(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Hold one notification: the alerts that Alertmanager grouped for one receiver.

    `status`, `common_labels` and `common_annotations` speak only of the alerts included
    (`truncated_alerts` were left out by the sender). `source` names the sender where several
    Alertmanagers post here; it is part of every identity.
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

    @property
    def firing(self) -> tuple[Alert, ...]:
        """Return the alerts that fire."""
        return tuple(alert for alert in self.alerts if alert.status is Status.FIRING)

    @property
    def resolved(self) -> tuple[Alert, ...]:
        """Return the alerts that are over."""
        return tuple(alert for alert in self.alerts if alert.status is Status.RESOLVED)
