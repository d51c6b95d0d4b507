"""Heartbeats: alerts that prove that the others can come; they are observed, never delivered.

Each value of the labels `by`, and each source, has a switch of its own (`switches.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from adapter.core.alerts import Status, subset
from adapter.core.mentions import Wanted, label_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from adapter.core.alerts import AlertGroup
    from adapter.core.matcher import Matcher

BETWEEN: Final = "/"
"""What stands between the values of several labels."""

EVERY: Final = timedelta(minutes=5)
"""The longest gap allowed where nothing is said."""

VALUE_LENGTH: Final = 200
"""Characters of a value that switches are told apart by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """Say which alerts must come, how often, and whom it concerns when they do not.

    `every` is the longest gap allowed; `expect` are values that must come even if never seen.
    """

    name: str
    matchers: tuple[Matcher, ...]
    every: timedelta
    robots: tuple[str, ...]
    by: tuple[str, ...] = ()
    expect: tuple[str, ...] = ()
    mention: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Return under what its switches are kept: by other labels they are others."""
        return " ".join((self.name, *self.by))

    @property
    def awaited(self) -> tuple[str, ...]:
        """Return the values that must come; without any `expect`, the empty one for any."""
        return self.expect or ("",)

    def takes(self, labels: Mapping[str, str]) -> bool:
        """Return whether an alert with these labels is its own."""
        return all(matcher.matches(labels) for matcher in self.matchers)

    def value(self, labels: Mapping[str, str]) -> str:
        """Return the value of an alert, by which it has its switch."""
        joined = BETWEEN.join(labels.get(name, "") for name in self.by)
        return joined.replace("\0", "")[:VALUE_LENGTH]

    def wanted(self, value: str) -> Wanted:
        """Return whom it rings when a value does not come."""
        values = value.split(BETWEEN) if len(self.by) > 1 else [value]
        labels = dict(zip(self.by, values, strict=False)) if len(values) == len(self.by) else {}
        named = dict.fromkeys(name for target in self.mention if (name := label_of(target)))
        return Wanted(self.mention, labels=tuple((name, labels.get(name, "")) for name in named))


class Beat(NamedTuple):
    """Name the switch that an alert keeps from falling; `heartbeat` is the key of one."""

    heartbeat: str
    source: str
    value: str


class Watched(NamedTuple):
    """Name the heartbeats, by key, and the sources that are configured."""

    heartbeats: tuple[str, ...]
    sources: tuple[str, ...]


def sift(group: AlertGroup, heartbeats: Sequence[Heartbeat]) -> tuple[AlertGroup, tuple[Beat, ...]]:
    """Return the group without what is a heartbeat's, and the beats: what is over is none."""
    if not heartbeats:
        return group, ()
    rest = []
    beats: dict[Beat, None] = {}
    for alert in group.alerts:
        takers = takers_of(alert.labels, heartbeats)
        if not takers:
            rest.append(alert)
        elif alert.status is Status.FIRING:
            found = (Beat(each.key, group.source, each.value(alert.labels)) for each in takers)
            beats.update(dict.fromkeys(found))
    return subset(group, rest), tuple(beats)


def takers_of(labels: Mapping[str, str], heartbeats: Iterable[Heartbeat]) -> tuple[Heartbeat, ...]:
    """Return the heartbeats that an alert with these labels belongs to."""
    return tuple([each for each in heartbeats if each.takes(labels)])
