"""Folding: the states of alerts that wait become what is to be told, in order.

Of several waiting states of one alert only the newest is told, and it covers the others. It stands
where the oldest stood: an alert that changes while it waits must not lose its place. Alerts of one
group stand together, where the one of them stands that has waited longest.
"""

from __future__ import annotations

from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from adapter.core.batch import Entry, Queued, Stream, Waiting
    from adapter.core.priority import Priority

_place = attrgetter("place")


def fold(head: Sequence[Waiting]) -> tuple[Entry, ...]:
    """Return the newest waiting state of each alert, in the order in which they are told."""
    return tuple(queued.entry for queued in queue_of(head))


def queue_of(head: Sequence[Waiting]) -> list[Queued]:
    """Return the entries in order: high priority first, groups together, oldest first.

    There may be thousands at each turn, so deliveries are taken whole unless others tell of them.
    """
    several = _told_by_several(head)
    lanes: dict[tuple[Priority, Stream], list[Queued]] = {}
    states: dict[tuple[str, str], list[Queued]] = {}
    for waiting in head:
        if not several.isdisjoint(waiting.fingerprints):
            for queued in waiting.queued:
                identity = queued.stream.source, queued.entry.alert.fingerprint
                states.setdefault(identity, []).append(queued)
        elif len(waiting.streams) == 1:
            lanes.setdefault((waiting.priority, waiting.streams[0]), []).extend(waiting.queued)
        else:
            for queued in waiting.queued:
                lanes.setdefault((queued.priority, queued.stream), []).append(queued)
    for found in states.values():
        folded = _folded(found)
        lanes.setdefault((folded.priority, folded.stream), []).append(folded)
    return _in_order(lanes.values())


def _told_by_several(head: Iterable[Waiting]) -> set[str]:
    """Return the fingerprints of alerts of which more than one state may wait."""
    seen: set[str] = set()
    several: set[str] = set()
    for waiting in head:
        told = waiting.fingerprints
        several |= told & seen if len(told) == len(waiting.left) else told
        seen |= told
    return several


def _folded(states: Sequence[Queued]) -> Queued:
    """Return the newest of an alert's states, of the highest priority that any of them has."""
    newest = max(states, key=_place)
    if len(states) == 1:
        return newest
    priority = max(state.priority for state in states)
    entry = msgspec.structs.replace(
        newest.entry,
        received_at=min(state.entry.received_at for state in states),
        covers=tuple(sorted(state.place for state in states if state is not newest)),
    )
    return newest._replace(
        entry=entry,
        priority=priority,
        place=min(state.place for state in states if state.priority is priority),
        suspect=min((state.suspect for state in states if state.suspect), default=0),
    )


def _in_order(lanes: Iterable[list[Queued]]) -> list[Queued]:
    sorted_lanes = [sorted(lane, key=_place) for lane in lanes if lane]
    sorted_lanes.sort(key=lambda lane: (-lane[0].priority, lane[0].place))
    return list(chain.from_iterable(sorted_lanes))
