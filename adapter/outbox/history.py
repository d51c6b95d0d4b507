"""History: a person's questions. What waits, what was sent in which message, what died and why.

It only reads, beside whoever owns the database.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from adapter.core.life import Contents, Life, Message, Timeline
from adapter.errors import StoreUnavailable
from adapter.outbox import auditing, refusals, searching, swapping
from adapter.outbox.acts import newest_acts
from adapter.outbox.asked import Asked, asked_by
from adapter.outbox.letters import parse_name
from adapter.outbox.listing import IllRobot, Overview, ill_of, overview_of, readable_alerts
from adapter.outbox.lives import (
    lives_of,
    to_message,
)
from adapter.outbox.postgresql import read_postgresql
from adapter.outbox.refusals import Refused
from adapter.outbox.searching import holding
from adapter.outbox.sqlite import read_sqlite
from adapter.outbox.tables import batches, deliveries
from adapter.outbox.timeline import contents_of, timeline_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from sqlalchemy import Connection, Engine, Row

    from adapter.core.acts import Act
    from adapter.core.audit import Decision
    from adapter.core.search import Hits, Search
    from adapter.core.swaps import Swap
    from adapter.secret import Secret

T = TypeVar("T")

NEWEST: Final = 10_000
"""Deliveries that a trace looks at, the newest."""

TRACED: Final = 200
"""Deliveries that a trace tells, the newest."""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what an id names: a message with its body, alerts of a delivery, what was asked for.

    Or a body that was refused.
    """

    message: Message | None = None
    body: str = ""
    lives: tuple[Life, ...] = ()
    asked: tuple[Asked, ...] = ()
    refused: Refused | None = None


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """Tell what became of an alert, the oldest first; `cut`: older deliveries were left out."""

    lives: tuple[Life, ...]
    cut: bool


def open_history(path: Path, postgresql: Secret | None) -> History:
    """Return the history in SQLite's file, or in PostgreSQL if that is used."""
    return History(read_sqlite(path) if postgresql is None else read_postgresql(postgresql))


@dataclass(frozen=True, slots=True)
class History:
    """Answer questions about an outbox; every answer may raise StoreUnavailable."""

    engine: Engine

    def overview(self, limit: int) -> Overview:
        """Return what waits, what is dead and what was sent, at most so many of each."""
        return self._ask(lambda connection: overview_of(connection, limit))

    def ill(self, tokens: Mapping[str, tuple[str, int]]) -> tuple[IllRobot, ...]:
        """Return which robots cannot send; `tokens` tells robot and place in its pool by key."""
        return self._ask(lambda connection: ill_of(connection, tokens))

    def show(self, name: str) -> Shown | None:
        """Return what `DELIVERY`, `DELIVERY.INDEX`, `mID` or the id of a message names, if any.

        What was asked for may be named by its `msgUuid` too; `refused:N` is what was refused.
        """
        return self._ask(lambda connection: _show(connection, name))

    def asked(self, name: str) -> Asked | None:
        """Return what became of the message `mID`."""
        found = self._ask(lambda connection: asked_by(connection, name))
        return next((asked for asked in found if asked.id == name), None)

    def trace(self, fingerprint: str, newest: int = NEWEST) -> Trace:
        """Return what became of the alert with this fingerprint, whenever it came."""
        return self._ask(lambda connection: _trace(connection, fingerprint, newest))

    def timeline(self, delivery: int) -> Timeline | None:
        """Return what became of a delivery, if it is known."""
        return self._ask(lambda connection: timeline_of(connection, delivery))

    def contents(self, message: str) -> Contents | None:
        """Return what a message told, if it is known."""
        return self._ask(lambda connection: contents_of(connection, message))

    def search(self, search: Search) -> Hits:
        """Return the newest deliveries that fit."""
        return self._ask(lambda connection: searching.find(connection, search))

    def decisions(self, delivery: int) -> tuple[Decision, ...]:
        """Return what people decided about a delivery, the oldest first."""
        return self._ask(lambda connection: auditing.about(connection, delivery))

    def newest_decisions(self, limit: int) -> tuple[Decision, ...]:
        """Return what people decided last, the newest first."""
        return self._ask(lambda connection: auditing.newest(connection, limit))

    def swaps(self) -> tuple[Swap, ...]:
        """Return the swaps of shifts that count, in the order in which they were made."""
        return self._ask(
            lambda connection: tuple(map(swapping.to_swap, connection.execute(swapping.STANDING)))
        )

    def body(self, message: str) -> bytes | None:
        """Return what was sent to DingTalk as a message, if it is known."""
        query = select(batches.c.body).where(batches.c.id == message)
        return self._ask(lambda connection: connection.execute(query).scalar())

    def acts(self, limit: int) -> tuple[Act, ...]:
        """Return what people did through links of messages, the newest first."""
        return self._ask(lambda connection: newest_acts(connection, limit))

    def close(self) -> None:
        """Give the database up."""
        self.engine.dispose()

    def _ask(self, question: Callable[[Connection], T]) -> T:
        try:
            with self.engine.begin() as connection:
                return question(connection)
        except msgspec.MsgspecError as error:
            raise StoreUnavailable(f"a delivery cannot be read by this version: {error}") from None
        except SQLAlchemyError as error:
            said = str(getattr(error, "orig", None) or type(error).__name__).strip()
            why = said.splitlines()[0] if said else type(error).__name__
            raise StoreUnavailable(
                f"the outbox could not be read: {why}; see that storage.url names the database "
                "that `serve` uses, and that this user may read it"
            ) from None


def _show(connection: Connection, name: str) -> Shown | None:
    found = connection.execute(select(batches).where(batches.c.id == name)).first()
    if found is not None:
        return Shown(message=to_message(found), body=found.body.decode(errors="replace"))
    asked = asked_by(connection, name)
    if asked:
        return Shown(asked=asked)
    refused = refusals.find(connection, name)
    if refused is not None:
        described, body = refused
        return Shown(refused=described, body=body.decode(errors="replace"))
    place = parse_name(name)
    if place is None:
        return None
    delivery_id, index = place
    row = connection.execute(select(deliveries).where(deliveries.c.id == delivery_id)).first()
    if row is None or (index is not None and index >= row.alerts):
        return None
    indexes = range(row.alerts) if index is None else [index]
    return Shown(lives=tuple(lives_of(connection, row, indexes)))


def _trace(connection: Connection, fingerprint: str, newest: int) -> Trace:
    recent = select(deliveries.c.id, deliveries.c.payload).order_by(deliveries.c.id.desc())
    looked_at = recent.limit(newest).subquery()
    needle = b'"fingerprint":' + msgspec.json.encode(fingerprint)
    newest_first = select(looked_at).order_by(looked_at.c.id.desc())
    found = holding(connection, newest_first, looked_at.c.payload, [needle])
    ids = [row.id for row in islice(found, TRACED + 1)]
    rows = select(deliveries).where(deliveries.c.id.in_(ids[:TRACED])).order_by(deliveries.c.id)
    lives = [life for row in connection.execute(rows) for life in _of(connection, row, fingerprint)]
    older = connection.execute(recent.offset(newest).limit(1)).first() is not None
    return Trace(lives=tuple(lives), cut=older or len(ids) > TRACED)


def _of(connection: Connection, row: Row[Any], fingerprint: str) -> list[Life]:
    alerts = enumerate(readable_alerts(row.payload))
    indexes = [index for index, alert in alerts if alert.fingerprint == fingerprint]
    return lives_of(connection, row, indexes) if indexes else []
