"""Kinds: alerts of a group that nothing tells apart which is asked of them.

A group of hundreds mostly has one or two: what follows for each is then decided once. Alerts are
sorted column by column, which takes a fraction of looking at one after the other.
"""

from __future__ import annotations

from collections import Counter
from itertools import repeat
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from adapter.core.alerts import subset

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from adapter.core.alerts import Alert, AlertGroup

Kind = tuple[object, ...]
"""The status of an alert, and its values of the labels that are asked, as far as they differ."""

_ALIKE: Final[Kind] = ()
"""The kind of alerts that nothing tells apart."""

_status: Final = attrgetter("status")
_labels: Final = attrgetter("labels")


class Kinds:
    """Sort the alerts of a group by their status and by the labels that are `asked`.

    `examples` holds the last alert of each kind, in the order in which the kinds first come.
    """

    __slots__ = ("_each", "_group", "examples")

    def __init__(self, group: AlertGroup, asked: Sequence[str]) -> None:
        alerts = group.alerts
        telling = _telling(alerts, asked) if len(alerts) > 1 else ()
        self._group = group
        self._each: Sequence[Kind]
        self.examples: Mapping[Kind, Alert]
        if telling:
            self._each = list(zip(*telling, strict=True))
            self.examples = dict(zip(self._each, alerts, strict=True))
        else:
            self._each = [_ALIKE] * len(alerts)
            self.examples = {_ALIKE: alerts[-1]} if alerts else {}

    def each(self, these: Collection[Kind]) -> list[Kind]:
        """Return the kind of each alert of these kinds, in the group's order."""
        return [kind for kind in self._each if kind in these]

    def numbers(self, indexes: Iterable[int] | None = None) -> Iterable[tuple[Kind, int]]:
        """Return how many alerts of each kind there are, of all or at these indexes."""
        each = self._each if indexes is None else [self._each[at] for at in indexes]
        if len(self.examples) > 1:
            return Counter(each).items()
        return ((each[0], len(each)),) if each else ()

    def part(self, these: Collection[Kind]) -> AlertGroup:
        """Return the group with only the alerts of these kinds."""
        if len(these) == len(self.examples):
            return self._group
        each = zip(self._each, self._group.alerts, strict=True)
        return subset(self._group, [alert for kind, alert in each if kind in these])


def _telling(alerts: Sequence[Alert], asked: Sequence[str]) -> list[list[object]]:
    """Return the columns in which the alerts are not all alike."""
    labels: list[dict[str, str]] = list(map(_labels, alerts))
    columns: list[list[object]] = [list(map(_status, alerts))]
    columns += [list(map(dict.get, labels, repeat(name))) for name in asked]
    return [column for column in columns if column.count(column[0]) < len(column)]
