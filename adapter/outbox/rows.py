"""What goes into the tables and what comes out of them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from adapter.core.batch import Waiting
from adapter.core.dedup import digest
from adapter.core.delivery import Delivery, Notice, Post
from adapter.core.priority import Priority
from adapter.outbox.bits import unpack
from adapter.outbox.compression import compress, decompress
from adapter.outbox.tables import from_us, to_us
from adapter.outbox.weighing import count_rows, weigh

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Row

    from adapter.outbox.weighing import Weight

_encode: Final = msgspec.json.Encoder().encode
_decode_delivery: Final = msgspec.json.Decoder(Delivery).decode
_decode_notice: Final[msgspec.json.Decoder[Notice | Post]] = msgspec.json.Decoder(Notice | Post)

CHANGED_ELSEWHERE: Final = frozenset({"new alerts added", "some alerts resolved"})
"""Reasons that speak of the whole group, of which a robot may get only a part."""


class Accepted(msgspec.Struct, frozen=True):
    """Count what a webhook became."""

    deliveries: int
    duplicates: int


class QueueState(msgspec.Struct, frozen=True):
    """Describe what waits at one robot."""

    pending: int
    oldest_received_at: datetime

    def beside(self, other: QueueState | None) -> QueueState:
        """Return what waits in both."""
        if other is None:
            return self
        oldest = min(self.oldest_received_at, other.oldest_received_at)
        return QueueState(self.pending + other.pending, oldest)


class Ailing(msgspec.Struct, frozen=True):
    """Describe a token that cannot send: since when, why, and when it is tried again."""

    reason: str
    why: str  # DingTalk's own words
    since: datetime
    rests_until: datetime


class RefusedBody(msgspec.Struct, frozen=True):
    """Hold the start of a body that could not be accepted, and why."""

    received_at: datetime
    code: int
    reason: str
    body: bytes


class Part(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Hold all that one webhook brings to one robot: its rows, and the group state they tell.

    Not the alerts themselves: they would wait for the commit, and more of them than a processor
    has at hand.

    `counts` and `lanes` say by how much the sums grow, and each priority's queue.
    `changed_elsewhere` is true where what is new may lie in another robot's part of the group;
    `defers`, where any of it is held back; `reminds`, where somebody is to be reminded of any.
    """

    robot: str
    key: str
    digest: str
    changed_elsewhere: bool
    defers: bool
    reminds: bool
    rows: tuple[dict[str, object], ...]
    counts: Sequence[dict[str, object]]
    lanes: dict[int, int]


def parts_of(accepted: Iterable[Delivery], now: datetime) -> list[Part]:
    """Return the deliveries of one webhook by robot, ready to be stored."""
    by_robot: dict[str, list[Delivery]] = {}
    for delivery in accepted:
        by_robot.setdefault(delivery.robot, []).append(delivery)
    return [_part(group, now) for group in by_robot.values()]


def _part(accepted: Sequence[Delivery], now: datetime) -> Part:
    first = accepted[0]
    waiting = [delivery for delivery in accepted if delivery.deferred_until is None]
    weights = {id(delivery): weigh(delivery) for delivery in waiting}
    return Part(
        robot=first.robot,
        key=_identity(first),
        digest=_state_of(accepted),
        changed_elsewhere=first.group.notification_reason in CHANGED_ELSEWHERE,
        defers=len(waiting) < len(accepted),
        reminds=any(delivery.remind is not None for delivery in accepted),
        rows=tuple([_row(each, now, weights.get(id(each))) for each in accepted]),
        counts=count_rows([weight for each in weights.values() for weight in each]),
        lanes=_lanes(waiting),
    )


def _lanes(waiting: Iterable[Delivery]) -> dict[int, int]:
    """Return how many deliveries of each priority there are."""
    lanes: dict[int, int] = {}
    for delivery in waiting:
        priority = int(delivery.priority)
        lanes[priority] = lanes.get(priority, 0) + 1
    return lanes


def _state_of(accepted: Sequence[Delivery]) -> str:
    """Return what the robot is told of the group, however that is divided.

    A deferral divides it otherwise, and a repeated webhook may come after one begins or ends.
    """
    group = accepted[0].group
    if len(accepted) == 1:
        return digest(group)
    alerts = tuple(alert for delivery in accepted for alert in delivery.group.alerts)
    return digest(msgspec.structs.replace(group, alerts=alerts))


def _identity(delivery: Delivery) -> str:
    """Return what makes two notifications tell of the same thing: hashed, since it may be long."""
    group = delivery.group
    identity = (delivery.robot, group.source, group.receiver, group.group_key)
    return hashlib.blake2b(_encode(identity), digest_size=16).hexdigest()


def _row(delivery: Delivery, now: datetime, weights: Sequence[Weight] | None) -> dict[str, object]:
    until = delivery.deferred_until
    return {
        "robot": delivery.robot,
        "priority": int(delivery.priority),
        "state": "pending" if until is None else "deferred",
        "rings": int(bool(delivery.mentions)),
        "deferred_until": None if until is None else to_us(until),
        "payload": compress(_encode(delivery)),
        "alerts": len(delivery.group.alerts),
        "suspect": 0,
        "times": 1,
        "received_at": to_us(now),
        "weights": None if weights is None else _encode(weights).decode(),
    }


def notice_row(notice: Notice, now: datetime) -> dict[str, object]:
    """Return the row of a word of the adapter itself."""
    return {
        "robot": notice.robot,
        "state": "pending",
        "payload": _encode(notice),
        "asked": 0,
        "received_at": to_us(now),
    }


def asked_row(post: Post, now: datetime) -> dict[str, object]:
    """Return the row of a message that was asked for."""
    return {
        "robot": post.robot,
        "state": "pending",
        "payload": _encode(post),
        "asked": 1,
        "uuid": post.msg_uuid,
        "received_at": to_us(now),
    }


def to_ailing(row: Row[Any]) -> Ailing:
    """Return what ails a token."""
    return Ailing(row.ill, row.ill_why, from_us(row.ill_since), from_us(row.rests_until))


def to_delivery(payload: bytes) -> Delivery:
    """Return a delivery as it was accepted."""
    return _decode_delivery(decompress(payload))


def to_notice(payload: bytes) -> Notice | Post:
    """Return a word of the adapter, or a message that was asked for, as it was stored."""
    return _decode_notice.decode(payload)


def to_waiting(row: Row[Any]) -> Waiting:
    """Return a row as the planner knows it."""
    told = unpack(row.told, row.alerts)
    delivery = to_delivery(row.payload)
    group = msgspec.structs.replace(delivery.group, times=row.times)
    return Waiting(
        id=row.id,
        delivery=msgspec.structs.replace(delivery, group=group),
        priority=Priority(row.priority),
        received_at=from_us(row.received_at),
        left=tuple(index for index in range(row.alerts) if index not in told),
        suspect=row.suspect,
    )
