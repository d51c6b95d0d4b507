"""The state of an alert group, which tells a repeated webhook from a new one."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from adapter.core.alerts import instant

if TYPE_CHECKING:
    from adapter.core.alerts import AlertGroup


def digest(group: AlertGroup) -> str:
    """Return a short name of the group's state: which alerts, since when, and how they stand.

    Two groups with one digest tell the same. The body's bytes would not do: an unchanged group
    differs in `notification_reason` and, from another replica of Alertmanager, in `externalURL`.
    How many alerts the sender left out is part of the state, for one more may be news.
    """
    alerts = sorted(
        (alert.fingerprint, alert.status.value, str(instant(alert.starts_at)))
        for alert in group.alerts
    )
    state = msgspec.json.encode((alerts, group.truncated_alerts))
    return hashlib.blake2b(state, digest_size=16).hexdigest()
