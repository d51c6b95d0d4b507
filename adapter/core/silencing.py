"""Silencing: which alerts a silence from a message mutes: its own and their like, never more."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from adapter.core.alerts import common
from adapter.core.matchers import Matcher, MatcherError, Operator, parse_matchers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from adapter.core.alerts import Alert, AlertGroup

MORE_LIMIT: Final = 1_000
"""Characters of matchers that a person adds."""

_UNITS: Final = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what Alertmanager is asked to mute, until when, by whom and why."""

    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    created_by: str
    comment: str


def meant(group: AlertGroup, fingerprint: str) -> tuple[Alert, ...]:
    """Return the alert with a fingerprint, or without one all that fire."""
    if not fingerprint:
        return group.firing
    return tuple(alert for alert in group.alerts if alert.fingerprint == fingerprint)[:1]


def own_matchers(alerts: Sequence[Alert], added: Mapping[str, str]) -> tuple[Matcher, ...]:
    """Return what these alerts have in common, but for labels that only we `added`.

    None where that might mute alerts of other names.
    """
    labels = common(alert.labels for alert in alerts)
    if len(alerts) > 1 and not labels.get("alertname"):
        return ()
    return tuple(
        Matcher(name, Operator.EQUAL, value)
        for name, value in labels.items()
        if value and added.get(name) != value
    )


def narrowed(own: tuple[Matcher, ...], more: str) -> tuple[Matcher, ...]:
    """Return the matchers with those that a person adds, or raise MatcherError."""
    if len(more) > MORE_LIMIT:
        raise MatcherError(f"longer than {MORE_LIMIT} characters", MORE_LIMIT)
    added = parse_matchers(more) if more.strip() else ()
    return (*own, *(matcher for matcher in dict.fromkeys(added) if matcher not in own))


def written(matchers: Sequence[Matcher]) -> str:
    """Return matchers as a form holds them, and as Alertmanager prints them."""
    return ", ".join(map(str, matchers))


def span_name(span: timedelta) -> str:
    """Return a span as a form names it, and Prometheus writes it: `4h`, `90m`."""
    seconds = int(span.total_seconds())
    unit, size = next((u, s) for u, s in _UNITS if seconds % s == 0)
    return f"{seconds // size}{unit}"


def chosen(name: str, durations: Sequence[timedelta]) -> timedelta | None:
    """Return the duration of this name if it is among those, or is shorter than the longest.

    It is a number with one unit, as links and forms write it.
    """
    found = re.fullmatch(r"([1-9]\d{0,6})([smhd])", name, re.ASCII)
    if found is None:
        return None
    span = timedelta(seconds=int(found[1]) * dict(_UNITS)[found[2]])
    return span if timedelta(minutes=1) <= span <= max(durations) else None
