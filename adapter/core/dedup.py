"""The state of an alert group, which tells a repeated webhook from a new one."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec

from adapter.core.alerts import instant

if TYPE_CHECKING:
    from adapter.core.alerts import Alert, AlertGroup

_UNTOLD: Final = datetime.min.replace(tzinfo=UTC)
_encode: Final = msgspec.json.Encoder().encode


def digest(group: AlertGroup) -> str:
    """Return a short name of the group's state: which alerts, since when, and how they stand.

    Two groups with one digest tell the same. The body's bytes would not do: an unchanged group
    differs in `notification_reason` and, from another replica of Alertmanager, in `externalURL`.
    How many alerts the sender left out is part of the state, for one more may be news.
    """
    stand = sorted([(alert.fingerprint, alert.status, _begin(alert)) for alert in group.alerts])
    state = _encode((stand, group.truncated_alerts))
    return hashlib.blake2b(state, digest_size=16).hexdigest()


def _begin(alert: Alert) -> datetime:
    """Return when an alert began, alike in every time zone."""
    begin = alert.starts_at
    if begin is not None and begin.tzinfo is UTC and begin.year > 1:
        return begin  # as nearly all are: Alertmanager runs in UTC
    return instant(begin) or _UNTOLD
