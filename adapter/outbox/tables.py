"""The tables of the outbox. Instants are integers: microseconds since 1970 in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

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
    inspect,
    text,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection

SCHEMA_VERSION: Final = 2
"""What is kept is of this version: 2 has `weights`, and payloads that are compressed."""

metadata = MetaData()

_ID: Final = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts only INTEGER by itself
_PENDING: Final = text("state = 'pending'")
_OPEN: Final = text("state = 'open'")
_DEFERRED: Final = text("state = 'deferred'")
_REMINDS: Final = text("ended = ''")
_LIVE: Final = text("superseded_by IS NULL")
_RINGING: Final = text("rings = 1")
_SETTLED: Final = text("settled_at IS NOT NULL")  # what waits need not be written there too

deliveries = Table(  # the alerts of one group, of one priority, on their way to one robot
    "deliveries",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("robot", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("state", Text, nullable=False),  # pending, deferred, sent, superseded, discarded
    Column("rings", Integer, nullable=False, default=0),  # 1 if it may ring anybody
    Column("payload", LargeBinary, nullable=False),  # Delivery as JSON
    Column("alerts", Integer, nullable=False),
    Column("told", Text),  # bits of the alerts told, superseded or dead, in hexadecimal
    Column("suspect", Integer, nullable=False, default=0),  # see Waiting.suspect
    Column("times", Integer, nullable=False, default=1),  # see AlertGroup.times
    Column("received_at", BigInteger, nullable=False),
    Column("deferred_until", BigInteger),
    Column("settled_at", BigInteger),
    Column("weights", Text),  # what it adds to the sums, as JSON; not of old ones
    Index(
        "deliveries_deferred",
        "robot",
        "deferred_until",
        sqlite_where=_DEFERRED,
        postgresql_where=_DEFERRED,
    ),
    Index(
        "deliveries_next",
        "robot",
        "priority",
        "id",
        sqlite_where=_PENDING,
        postgresql_where=_PENDING,
    ),
    Index(
        "deliveries_ringing",
        "robot",
        "state",
        sqlite_where=_RINGING,
        postgresql_where=_RINGING,
    ),
    Index("deliveries_settled", "settled_at", sqlite_where=_SETTLED, postgresql_where=_SETTLED),
)

notices = Table(  # what tells no alert: words of the adapter itself, messages that were asked for
    "notices",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("robot", Text, nullable=False),
    Column("state", Text, nullable=False),  # pending, sent, dead, discarded
    Column("payload", LargeBinary, nullable=False),  # Notice or Post as JSON
    Column("asked", Integer, nullable=False),  # 0 a Notice, 1 a Post
    Column("uuid", Text),  # msgUuid of a Post
    Column("received_at", BigInteger, nullable=False),
    Column("settled_at", BigInteger),
    Column("reason", Text),  # why it is dead
    Index("notices_next", "robot", "asked", "id", sqlite_where=_PENDING, postgresql_where=_PENDING),
    Index("notices_uuid", "robot", "uuid", unique=True),
    Index("notices_settled", "settled_at"),
)

deferred = Table(  # states of alerts that are held back
    "deferred",
    metadata,
    Column("delivery", BigInteger, primary_key=True, autoincrement=False),
    Column("alert", Integer, primary_key=True, autoincrement=False),  # its index there
    Column("robot", Text, nullable=False),
    Column("identity", Text, nullable=False),  # of the alert, whatever its state
    Column("until", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("fired", Boolean, nullable=False),  # an older state that was held back was firing
    Column("superseded_by", Text),  # DELIVERY.INDEX of a newer state
    Index("deferred_live", "robot", "identity", sqlite_where=_LIVE, postgresql_where=_LIVE),
)

totals = Table(  # what waits, summed up, so that planning need not look at all of it
    "totals",
    metadata,
    Column("robot", Text, primary_key=True),
    Column("priority", Integer, primary_key=True, autoincrement=False),
    Column("template", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("severity", Text, primary_key=True),
    Column("status", Text, primary_key=True),
    Column("alerts", Integer, nullable=False),
    Column("full_bytes", BigInteger, nullable=False),
    Column("line_bytes", BigInteger, nullable=False),
    sqlite_with_rowid=False,  # one tree for the key and the rest: fewer pages to commit
)

queues = Table(  # how many deliveries wait
    "queues",
    metadata,
    Column("robot", Text, primary_key=True),
    Column("priority", Integer, primary_key=True, autoincrement=False),
    Column("deliveries", Integer, nullable=False),
    sqlite_with_rowid=False,  # one tree for the key and the rest: fewer pages to commit
)

batches = Table(  # one message: its id is its msgUuid unless that was asked for; its bytes are sent
    "batches",
    metadata,
    Column("id", Text, primary_key=True),
    Column("token", Text, nullable=False),
    Column("robot", Text, nullable=False),
    Column("state", Text, nullable=False),  # open, sent, dissolved
    Column("form", Text, nullable=False),
    Column("alerts", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("digested", LargeBinary),  # of a digest: its Totals as JSON, without counts
    Column("deferred_until", BigInteger),  # a digest of what was deferred until then
    Column("minimal", Boolean, nullable=False),  # without URLs and annotations
    Column("oldest_received_at", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("settled_at", BigInteger),
    Column("outcome", Text),
    Index("batches_open", "token", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index("batches_settled", "settled_at"),
)

items = Table(  # which alerts a message tells
    "items",
    metadata,
    Column("batch", Text, primary_key=True),
    Column("delivery", BigInteger, primary_key=True, autoincrement=False),
    Column("told", Text, nullable=False),  # bits of its alerts that the message tells
    Column("covered", Text, nullable=False),  # bits of those told by a newer state
    Index("items_delivery", "delivery"),
)

tokens = Table(  # what an access token has spent; its key is a hash of it
    "tokens",
    metadata,
    Column("token", Text, primary_key=True),
    Column("leased_until", BigInteger, nullable=False),
    Column("steady_at", BigInteger, nullable=False),
    Column("rests_until", BigInteger, nullable=False),
    Column("throttles", Integer, nullable=False),  # in a row
    Column("failures", Integer, nullable=False),  # in a row
    Column("room", Integer, nullable=False),  # bytes a body may have; lowered when it was too big
    Column("posted", Integer, nullable=False),  # 1 if its last message was one of `notices`
    Column("ill", Text, nullable=False),  # what it suffers from, in a short word; empty: it is well
    Column("ill_since", BigInteger, nullable=False),
    Column("ill_why", Text, nullable=False),  # DingTalk's own words
    Column("refused", Text, nullable=False),  # errcode of the content it was refused last
    Column("refused_at", BigInteger, nullable=False),
    Column("plain_until", BigInteger, nullable=False),  # until then nothing is told in all words
)

charges = Table(  # requests that count against the rate
    "charges",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("token", Text, nullable=False),
    Column("batch", Text, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
    Index("charges_token", "token", "ends_at"),
)

months = Table(  # how many messages of a quota were sent in each month
    "months",
    metadata,
    Column("quota", Text, primary_key=True),
    Column("month", Text, primary_key=True),  # 2026-11, of Asia/Shanghai
    Column("messages", Integer, nullable=False),
    Column("first", Boolean, nullable=False),  # the first one counted: its quota began with `used`
    Column("told", Boolean, nullable=False),  # that most of it is spent
)

dead = Table(  # alerts that DingTalk would not take in any form
    "dead",
    metadata,
    Column("delivery", BigInteger, primary_key=True, autoincrement=False),
    Column("alert", Integer, primary_key=True, autoincrement=False),  # its index there
    Column("robot", Text, nullable=False),
    Column("died_at", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Index("dead_robot", "robot"),
)

stranded = Table(  # deliveries that the last resort was told of
    "stranded",
    metadata,
    Column("delivery", BigInteger, primary_key=True, autoincrement=False),
    Column("robot", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("told", Text, nullable=False),  # bits of its alerts
    Column("sent_at", BigInteger, nullable=False),
    Index("stranded_last", "robot", "priority", "delivery"),
)

discarded = Table(  # alerts that a person gave up, dead or waiting
    "discarded",
    metadata,
    Column("delivery", BigInteger, primary_key=True, autoincrement=False),
    Column("alert", Integer, primary_key=True, autoincrement=False),  # its index there
    Column("robot", Text, nullable=False),
    Column("discarded_at", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),  # why it had died; empty if it waited
)

states = Table(  # the group state accepted last, for deduplication
    "states",
    metadata,
    Column("key", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("times", Integer, nullable=False),  # in a row
    Column("accepted_at", BigInteger, nullable=False, index=True),
)

announced = Table(  # alerts that a robot has told as firing: they ring nobody again
    "announced",
    metadata,
    Column("robot", Text, primary_key=True),
    Column("alert", Text, primary_key=True),  # see mentions.announcement()
    Column("told_at", BigInteger, nullable=False, index=True),
)

unnoted = Table(  # digests that were told, whose alerts do not stand in `announced` yet
    "unnoted",
    metadata,
    Column("batch", Text, primary_key=True),
    Column("robot", Text, nullable=False, index=True),
    Column("settled_at", BigInteger, nullable=False),  # as of the deliveries that it told
)

unsettled = Table(  # digests that were told, and of whose deliveries some are not settled yet
    "unsettled",
    metadata,
    Column("batch", Text, primary_key=True),
    Column("robot", Text, nullable=False, index=True),
    Column("through_id", BigInteger, nullable=False),
    Column("settled_at", BigInteger, nullable=False),  # as of the message
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

kept = Table(  # what the adapter must not forget in a restart, and replicas share
    "kept",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
    Column("kept_at", BigInteger, nullable=False),
)

decisions = Table(  # what people decided on the page
    "decisions",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False, index=True),
    Column("who", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),  # as a person names it
    Column("delivery", BigInteger),
    Index("decisions_delivery", "delivery"),
)

reminders = Table(  # alerts that ring again until somebody looks after them
    "reminders",
    metadata,
    Column("robot", Text, primary_key=True),
    Column("alert", Text, primary_key=True),  # see mentions.announcement()
    Column("identity", Text, nullable=False),  # of the alert, whenever it began
    Column("source", Text, nullable=False),
    Column("delivery", BigInteger, nullable=False),  # that told it last
    Column("place", Integer, nullable=False),  # its index there
    Column("due_at", BigInteger, nullable=False),
    Column("heard_at", BigInteger, nullable=False, index=True),
    Column("gap", BigInteger, nullable=False),  # longest time between two webhooks with it
    Column("sent", Integer, nullable=False),
    Column("ended", Text, nullable=False),  # why; empty while it lives
    Index("reminders_identity", "identity", "robot"),
    Index("reminders_due", "due_at", sqlite_where=_REMINDS, postgresql_where=_REMINDS),
)

acts = Table(  # what people did about alerts through links of messages
    "acts",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("key", Text, nullable=False, unique=True),  # see Act.key
    Column("delivery", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("done", Boolean, nullable=False),
    Column("leased_until", BigInteger, nullable=False),  # while somebody is at it
    Column("act", LargeBinary, nullable=False),  # Act as JSON
    Index("acts_delivery", "delivery"),
    Index("acts_at", "at"),
)

swaps = Table(  # shifts that people swapped on the page
    "swaps",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("schedule", Text, nullable=False),
    Column("person", Text, nullable=False),  # the key of one
    Column("starts_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
    Column("who", Text, nullable=False),
    Column("decided_at", BigInteger, nullable=False),
    Column("undone_at", BigInteger),
)

heartbeats = Table(  # what came of each heartbeat, by source and value
    "heartbeats",
    metadata,
    Column("heartbeat", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    Column("since_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger),  # unless it never came
    Column("lost_since", BigInteger),  # while the robots know that it is lost
)

probe = Table(  # one row, written to learn whether writing works
    "probe",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("probed_at", BigInteger, nullable=False),
    Column("filler", LargeBinary, nullable=False),  # as large as a webhook may well be
)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def to_us(instant: datetime) -> int:
    """Return an instant as the tables keep it."""
    return (instant - _EPOCH) // _MICROSECOND


def from_us(value: int) -> datetime:
    """Return an instant as the program knows it."""
    return _EPOCH + value * _MICROSECOND


def create_tables(connection: Connection) -> None:
    """Create the tables that are not there yet, and the column that the first ones did not have."""
    metadata.create_all(connection)
    there = {column["name"] for column in inspect(connection).get_columns(deliveries.name)}
    if "weights" not in there:
        connection.execute(text("ALTER TABLE deliveries ADD COLUMN weights TEXT"))
