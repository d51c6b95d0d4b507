"""MentionRule: whom a route rings for which alerts, and when; decided when they are accepted.

Only words of the configuration can ring anyone: a label names a person or a schedule that is
configured, never a number. Who that is now is read when the message is made (`directory.py`).
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from adapter.core.alerts import Status

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence

    from adapter.core.alerts import Alert

ALL: Final = "all"
SCHEDULE_BY_LABEL: Final = "schedule:label:"
SCHEDULE: Final = "schedule:"
LABEL: Final = "label:"
MOBILE: Final = "mobile:"
USER: Final = "user:"
KINDS: Final = (SCHEDULE_BY_LABEL, SCHEDULE, LABEL, MOBILE, USER)
"""How a target begins that is neither a person nor `all`; the longer word of two comes first."""


class Occasion(StrEnum):
    """Say what an alert is to its robot: `firing` is one that it has not yet announced."""

    FIRING = "firing"
    REPEAT = "repeat"
    RESOLVED = "resolved"


DEFAULT_ON: Final = (Occasion.FIRING.value,)


class MentionRule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Say whom to ring; `otherwise` if that finds nobody; `alerts` by index, None for all."""

    targets: tuple[str, ...]
    otherwise: tuple[str, ...] = ()
    on: tuple[str, ...] = DEFAULT_ON
    alerts: tuple[int, ...] | None = None


class Wanted(NamedTuple):
    """Hold whom one alert asks for, with the values of the labels that name them."""

    targets: tuple[str, ...]
    otherwise: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()


def wanted_by(
    rules: Iterable[MentionRule], index: int, alert: Alert, occasion: Occasion | None
) -> Iterator[Wanted]:
    """Yield whom the alert at `index` of a delivery rings on this occasion."""
    for rule in rules:
        if occasion in rule.on and _is_about(rule, index):
            names = dict.fromkeys(label_of(target) for target in (*rule.targets, *rule.otherwise))
            labels = tuple((name, alert.labels.get(name, "")) for name in names if name)
            yield Wanted(rule.targets, rule.otherwise, labels)


def _is_about(rule: MentionRule, index: int) -> bool:
    if rule.alerts is None:
        return True
    place = bisect_left(rule.alerts, index)
    return rule.alerts[place : place + 1] == (index,)


def label_of(target: str) -> str:
    """Return the label that names the person or schedule of a target; empty if none does."""
    for kind in (SCHEDULE_BY_LABEL, LABEL):
        if target.startswith(kind):
            return target.removeprefix(kind)
    return ""


def rules_of(shares: Sequence[tuple[MentionRule, ...]]) -> tuple[MentionRule, ...]:
    """Return the rules of a delivery, given those of each of its alerts in order."""
    if shares.count(()) == len(shares):
        return ()
    found: dict[MentionRule, list[int]] = {}
    for index, rules in enumerate(shares):
        for rule in dict.fromkeys(rules):
            found.setdefault(rule, []).append(index)
    return tuple(
        rule
        if len(indexes) == len(shares)
        else msgspec.structs.replace(rule, alerts=tuple(indexes))
        for rule, indexes in found.items()
    )


def announcement(source: str, alert: Alert) -> str:
    """Return the name under which a robot remembers that it announced an alert as firing.

    It is short, and the same for every notification of one outbreak: source, fingerprint, start.
    """
    outbreak = msgspec.json.encode((source, alert.fingerprint, str(alert.started_at)))
    return hashlib.blake2b(outbreak, digest_size=12).hexdigest()


def occasion_of(source: str, alert: Alert, announced: Container[str]) -> Occasion | None:
    """Return what an alert is to a robot that has announced these; None where it rings nobody.

    What is over and was never announced fired while it waited: nobody has to know of it at night.
    """
    known = announcement(source, alert) in announced
    if alert.status is Status.FIRING:
        return Occasion.REPEAT if known else Occasion.FIRING
    return Occasion.RESOLVED if known else None
