"""The tables of the outbox. Instants are integers: microseconds since 1970 in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)

SCHEMA_VERSION: Final = 1

metadata = MetaData()

_ID: Final = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts only INTEGER by itself
_PENDING: Final = text("state = 'pending'")

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("robot", Text, nullable=False),
    Column("stream", Text, nullable=False),  # what must not overtake within it
    Column("state", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),  # Delivery or Notice as JSON
    Column("received_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("claimed_until", BigInteger, nullable=False),
    Column("message_uuid", Text),  # stored before the first send, the same on every retry
    Column("body", LargeBinary),  # the exact bytes, while what became of them is not known
    Column("settled_at", BigInteger),
    Column("last_error", Text),
    Index("deliveries_next", "robot", "id", sqlite_where=_PENDING, postgresql_where=_PENDING),
    Index("deliveries_order", "stream", "id", sqlite_where=_PENDING, postgresql_where=_PENDING),
    Index("deliveries_settled", "settled_at"),
)

robots = Table(
    "robots",
    metadata,
    Column("robot", Text, primary_key=True),
    Column("rests_until", BigInteger, nullable=False),
    Column("throttles", Integer, nullable=False),  # in a row
)

states = Table(  # the group state accepted last, for deduplication
    "states",
    metadata,
    Column("key", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("accepted_at", BigInteger, nullable=False, index=True),
)

refused = Table(  # bodies that could not be accepted: an alert may be in them
    "refused",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("received_at", BigInteger, nullable=False),
    Column("code", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("truncated", Boolean, nullable=False),
)

probe = Table(  # one row, written to learn whether writing works
    "probe",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("probed_at", BigInteger, nullable=False),
)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def to_us(instant: datetime) -> int:
    """Return an instant as the tables keep it."""
    return (instant - _EPOCH) // _MICROSECOND


def from_us(value: int) -> datetime:
    """Return an instant as the program knows it."""
    return _EPOCH + value * _MICROSECOND
