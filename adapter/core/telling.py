"""Telling: which labels say what an alert is about and where, and which of them say it best."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection

PLACES: Final = ("region", "datacenter", "env", "environment", "cluster", "namespace")
"""Labels that say where, from the largest to the smallest."""

SUBJECTS: Final = (
    *("pod", "instance", "node", "host", "hostname", "nodename", "device", "deployment"),
    *("statefulset", "daemonset", "persistentvolumeclaim", "container", "service", "topic"),
)
"""Labels that say what, the most telling first."""

_TELLING: Final = {name: place for place, name in enumerate(SUBJECTS)}
_UNKNOWN: Final = len(SUBJECTS)
_PLACES: Final = frozenset(PLACES)
_MARKS_SHOWN: Final = 2


def says_what(label: str) -> bool:
    """Return whether a label is known to say what an alert is about."""
    return label in _TELLING


def telling(label: str) -> tuple[int, str]:
    """Return where a label stands in the order of what they tell."""
    return _TELLING.get(label, _UNKNOWN), label


def distinctive(
    labels: Collection[str], told: Collection[str], shared: Collection[str] | None
) -> tuple[str, ...]:
    """Return which labels tell an alert from all others where many groups stand together.

    That is the most telling label of all, and the most telling of those that its group does not
    share; None: it is alone. Those `told` in a way of their own are left out. If none of them is
    telling, it is the first ones by name.
    """
    known, known_place, own, own_place = "", _UNKNOWN, "", (_UNKNOWN + 1, "")
    for label in labels:
        if label in told or label in _PLACES:
            continue
        place = _TELLING.get(label, _UNKNOWN)
        if place < known_place:
            known, known_place = label, place
        if shared is not None and label not in shared and (place, label) < own_place:
            own, own_place = label, (place, label)
    if known and own and known != own:
        return known, own
    if known or own:
        return (known or own,)
    return tuple(sorted(set(labels) - set(told) - _PLACES)[:_MARKS_SHOWN])
