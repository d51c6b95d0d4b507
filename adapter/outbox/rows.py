"""What goes into the tables and what comes out of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from adapter.core.dedup import digest
from adapter.core.delivery import Claim, Delivery, Notice
from adapter.outbox.tables import from_us, to_us

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Row

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Delivery | Notice).decode


class Accepted(msgspec.Struct, frozen=True):
    """Count what a webhook became."""

    deliveries: int
    duplicates: int


class QueueState(msgspec.Struct, frozen=True):
    """Describe what waits at one robot."""

    pending: int
    oldest_received_at: datetime


class RefusedBody(msgspec.Struct, frozen=True):
    """Hold the start of a body that could not be accepted, and why."""

    received_at: datetime
    code: int
    reason: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Part:
    """Hold all that one webhook brings to one robot: its rows, and the group state they tell."""

    key: str
    digest: str
    rows: tuple[dict[str, object], ...]


def parts_of(accepted: Iterable[Delivery], now: datetime) -> list[Part]:
    """Return the deliveries of one webhook by robot, ready to be stored."""
    by_robot: dict[str, list[Delivery]] = {}
    for delivery in accepted:
        by_robot.setdefault(delivery.robot, []).append(delivery)
    return [_part(group, now) for group in by_robot.values()]


def _part(accepted: Sequence[Delivery], now: datetime) -> Part:
    key = _identity(accepted[0])
    rows = tuple(_row(delivery, key, now) for delivery in accepted)
    return Part(key, " ".join(digest(delivery.group) for delivery in accepted), rows)


def _identity(delivery: Delivery) -> str:
    """Return what makes two notifications tell of the same thing: hashed, since it may be long."""
    group = delivery.group
    identity = (delivery.robot, group.source, group.receiver, group.group_key)
    return hashlib.sha256(_encode(identity)).hexdigest()[:32]


def notice_row(notice: Notice, now: datetime) -> dict[str, object]:
    """Return the row of a word of the adapter itself; notices keep their order among themselves."""
    return _row(notice, f"notice {notice.robot}", now)


def _row(payload: Delivery | Notice, stream: str, now: datetime) -> dict[str, object]:
    return {
        "robot": payload.robot,
        "stream": stream,
        "state": "pending",
        "payload": _encode(payload),
        "received_at": to_us(now),
        "due_at": 0,
        "attempts": 0,
        "claimed_until": 0,
    }


def to_claim(row: Row[Any], claimed_until: datetime, throttles: int) -> Claim:
    """Return a row as the dispatcher knows it."""
    return Claim(
        id=row.id,
        robot=row.robot,
        payload=_decode(row.payload),
        received_at=from_us(row.received_at),
        attempts=row.attempts,
        throttles=throttles,
        message_uuid=row.message_uuid,
        body=row.body,
        claimed_until=claimed_until,
    )
