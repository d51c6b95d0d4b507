"""Overlap: what messages of other tokens may be telling, so that no token overtakes another.

Several tokens may send from one queue. An alert group stays with a token as long as a message of
that token, on its way or frozen, tells any of it; and so does each alert, in whichever groups it
waits. That holds for tokens of old too, which the configuration names no more. While a digest is on
its way, normal deliveries wait: it may have counted them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec
from sqlalchemy import bindparam, select

from adapter.core.priority import Priority
from adapter.outbox.bits import unite, unpack
from adapter.outbox.ledger import OPEN
from adapter.outbox.prepared import Prepared
from adapter.outbox.rows import to_delivery
from adapter.outbox.tables import batches, deliveries, items

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import Connection, Row

    from adapter.core.batch import Waiting
    from adapter.core.delivery import Delivery

_Group = tuple[str, str, str | int]
_Alert = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Overlap:
    """Hold what may not be told meanwhile; `notices` and `digest`: such a message is on its way."""

    groups: frozenset[_Group] = frozenset()
    alerts: frozenset[_Alert] = frozenset()
    notices: bool = False
    digest: bool = False

    @property
    def anything(self) -> bool:
        """Return whether any alert is told by another token's message."""
        return self.digest or bool(self.alerts)

    def keeps(self, waiting: Waiting) -> bool:
        """Return whether none of a delivery may be told."""
        if not self.groups and not self.digest:  # as mostly: no other token sends
            return False
        counted = self.digest and waiting.priority is Priority.NORMAL
        return counted or _group(waiting.id, waiting.delivery) in self.groups

    def free(self, head: Sequence[Waiting]) -> tuple[Waiting, ...]:
        """Return what may be told of the head; a newer state of what is kept must wait as well."""
        if not self.groups and not self.digest:
            return tuple([waiting for waiting in head if waiting.left])
        alerts = set(self.alerts)
        for waiting in filter(self.keeps, head):
            alerts.update(_alerts(waiting.delivery, waiting.left))
        rest = (_without(waiting, alerts) for waiting in head if not self.keeps(waiting))
        return tuple(waiting for waiting in rest if waiting.left)


_OPEN: Final = Prepared(
    any=select(batches.c.digested, items.c.delivery, items.c.told, items.c.covered)
    .add_columns(deliveries.c.payload, deliveries.c.alerts)
    .join(items, items.c.batch == batches.c.id)
    .outerjoin(deliveries, deliveries.c.id == items.c.delivery)
    .where(batches.c.robot == bindparam("of"), batches.c.state == OPEN)
    .where(batches.c.token != bindparam("mine"))
)


def overlap_with(connection: Connection, robot: str, token: str) -> Overlap:
    """Return what open messages of tokens other than this tell of a robot's queue."""
    rows = _OPEN.rows(connection, of=robot, mine=token)
    told = [found for row in rows if (found := _told(row)) is not None]
    return Overlap(
        groups=frozenset(_group(number, delivery) for number, delivery, _ in told),
        alerts=frozenset(each for _, delivery, left in told for each in _alerts(delivery, left)),
        notices=any(row.delivery < 0 for row in rows),
        digest=any(row.digested is not None for row in rows),
    )


def _told(row: Row[Any]) -> tuple[int, Delivery, Iterable[int]] | None:
    """Return a delivery of which a message tells a part in words, and which alerts of it."""
    if row.digested is not None or row.payload is None:
        return None
    try:
        delivery = to_delivery(row.payload)
    except msgspec.MsgspecError:
        return None  # of another version: it is not planned either
    return row.delivery, delivery, unpack(unite(row.told, row.covered), row.alerts)


def _group(number: int, delivery: Delivery) -> _Group:
    group = delivery.group
    return group.source, group.receiver, group.group_key or number


def _alerts(delivery: Delivery, indexes: Iterable[int]) -> Iterator[_Alert]:
    group = delivery.group
    return ((group.source, group.alerts[index].fingerprint) for index in indexes)


def _without(waiting: Waiting, alerts: set[_Alert]) -> Waiting:
    if not alerts:
        return waiting
    named = zip(waiting.left, _alerts(waiting.delivery, waiting.left), strict=True)
    left = tuple(index for index, name in named if name not in alerts)
    return msgspec.structs.replace(waiting, left=left)
