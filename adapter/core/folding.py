"""Folding: the states of alerts that wait become what is to be told, in order.

Of several waiting states of one alert only the newest is told, and it covers the others. It stands
where the oldest stood: an alert that changes while it waits must not lose its place. Alerts of one
group stand together, where the one of them stands that has waited longest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from adapter.core.batch import Entry
from adapter.core.delivery import Split

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from adapter.core.alerts import Alert
    from adapter.core.batch import Waiting
    from adapter.core.delivery import RenderSettings
    from adapter.core.priority import Priority

Place = tuple[int, int]
"""Delivery id and index: which state of an alert, and how long it has waited."""


class Stream(NamedTuple):
    """Name an alert group and its look: what may be told as one group.

    A sender that gives no group key says nothing of what belongs together but by its deliveries.
    """

    source: str
    receiver: str
    group_key: str | int  # or the delivery's id
    look: RenderSettings
    alert: str = ""  # the only one, where each has a message of its own


class Queued(NamedTuple):
    """Hold an entry with what decides about its turn; `suspect` as in `Waiting`."""

    entry: Entry
    priority: Priority
    place: Place
    stream: Stream
    suspect: int


class _State(NamedTuple):
    """Hold one waiting state of an alert; they compare by place, which no two share."""

    place: Place
    waiting: Waiting


def fold(head: Iterable[Waiting]) -> tuple[Entry, ...]:
    """Return the newest waiting state of each alert, in the order in which they are told."""
    return tuple(queued.entry for queued in queue_of(head))


def queue_of(head: Iterable[Waiting]) -> list[Queued]:
    """Return the entries in order: high priority first, groups together, oldest first."""
    states: dict[tuple[str, str], list[_State]] = {}
    for waiting in head:
        group = waiting.delivery.group
        for index in waiting.left:
            identity = group.source, group.alerts[index].fingerprint
            states.setdefault(identity, []).append(_State((waiting.id, index), waiting))
    return _in_order([_queued(found) for found in states.values()])


def _stream(waiting: Waiting, alert: Alert) -> Stream:
    delivery = waiting.delivery
    group = delivery.group
    key = group.group_key or waiting.id
    alone = alert.fingerprint if delivery.split is Split.ALERT else ""
    return Stream(group.source, group.receiver, key, delivery.settings, alone)


def _queued(states: Sequence[_State]) -> Queued:
    """Return the newest of an alert's states, of the highest priority that any of them has."""
    newest = max(states)
    if len(states) == 1:
        priority, place = newest.waiting.priority, newest.place
        suspect, received_at = newest.waiting.suspect, newest.waiting.received_at
        covers: tuple[Place, ...] = ()
    else:
        priority = max(state.waiting.priority for state in states)
        place = min(state.place for state in states if state.waiting.priority is priority)
        suspect = min((s.waiting.suspect for s in states if s.waiting.suspect), default=0)
        received_at = min(state.waiting.received_at for state in states)
        covers = tuple(sorted(state.place for state in states if state is not newest))
    delivery_id, index = newest.place
    delivery = newest.waiting.delivery
    alert = delivery.group.alerts[index]
    entry = Entry(
        delivery_id=delivery_id,
        index=index,
        alert=alert,
        delivery=delivery,
        received_at=received_at,
        covers=covers,
    )
    return Queued(entry, priority, place, _stream(newest.waiting, alert), suspect)


def _in_order(queue: list[Queued]) -> list[Queued]:
    first: dict[tuple[Priority, Stream], Place] = {}
    for queued in queue:
        lane = queued.priority, queued.stream
        first[lane] = min(first.get(lane, queued.place), queued.place)
    return sorted(queue, key=lambda q: (-q.priority, first[q.priority, q.stream], q.place))
