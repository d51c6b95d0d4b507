"""Looking: what is in an outbox, read without waiting for whoever writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import msgspec
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from adapter.core.monthly import month_of
from adapter.core.priority import Priority
from adapter.core.turn import Stirring
from adapter.errors import StoreUnavailable
from adapter.outbox import (
    announced,
    counting,
    deferring,
    digests,
    months,
    outlining,
    posts,
    refusals,
    swapping,
    switchboard,
)
from adapter.outbox.ledger import OPEN
from adapter.outbox.messages import PENDING
from adapter.outbox.rows import Ailing, QueueState, RefusedBody, to_ailing, to_delivery
from adapter.outbox.tables import (
    batches,
    charges,
    dead,
    deliveries,
    from_us,
    notices,
    queues,
    to_us,
    tokens,
)
from adapter.outbox.tables import months as month_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Engine, Row, Select

    from adapter.core.alerts import Alert
    from adapter.core.batch import Batch, Totals
    from adapter.core.delivery import Delivery
    from adapter.core.mentions import Wanted
    from adapter.core.swaps import Swap
    from adapter.core.switches import Switch
    from adapter.outbox.months import Month

_FILLED: Final = select(queues.c.robot).where(queues.c.deliveries > 0).distinct()
_ASKED_FOR: Final = select(notices.c.robot).where(notices.c.state == PENDING).distinct()
_LEFT_OPEN: Final = select(batches.c.token).where(batches.c.state == OPEN)


class Looking:
    """Look at an outbox; every method raises StoreUnavailable where it cannot be read.

    `judge` is told why: it may show that the database is corrupt.
    """

    def __init__(self, reading: Engine, judge: Callable[[str], object]) -> None:
        self._reading = reading
        self._judge = judge

    def queue(self, now: datetime | None = None) -> dict[str, QueueState]:
        """Return what waits, by robot; with `now` also what was deferred until then.

        That has waited only since its deferral ended.
        """
        numbers = (
            select(queues.c.robot, func.sum(queues.c.deliveries).label("pending"))
            .where(queues.c.deliveries > 0)
            .group_by(queues.c.robot)
        )
        states = {
            str(row.robot): QueueState(int(row.pending), self._oldest(row.robot))
            for row in self._read(numbers)
        }
        for row in self._read(posts.WAITING):
            here = QueueState(int(row.number), from_us(row.oldest))
            states[str(row.robot)] = here.beside(states.get(str(row.robot)))
        for row in () if now is None else self._read(deferring.overdue(now)):
            here = QueueState(int(row.number), from_us(row.since))
            states[str(row.robot)] = here.beside(states.get(str(row.robot)))
        return states

    def lanes(self) -> dict[str, dict[Priority, int]]:
        """Return how many deliveries wait, by robot and priority; what is held back apart."""
        found: dict[str, dict[Priority, int]] = {}
        for row in self._read(select(queues).where(queues.c.deliveries > 0)):
            found.setdefault(row.robot, {})[Priority(row.priority)] = row.deliveries
        return found

    def held_back(self) -> dict[str, int]:
        """Return how many deliveries are deferred, by robot."""
        number = func.count().label("number")
        query = select(deliveries.c.robot, number).where(deliveries.c.state == deferring.DEFERRED)
        return {row.robot: row.number for row in self._read(query.group_by(deliveries.c.robot))}

    def _oldest(self, robot: str) -> datetime:
        """Return when the oldest delivery of a robot was received: the first of either lane."""
        columns = deliveries.c
        mine = (columns.robot == robot, columns.state == PENDING)
        firsts = [
            select(columns.received_at)
            .where(*mine, columns.priority == int(lane))
            .order_by(columns.id)
            .limit(1)
            for lane in Priority
        ]
        found = [row.received_at for first in firsts for row in self._read(first)]
        return from_us(min(found, default=0))

    def count_waiting(self) -> int:
        """Return how many deliveries, deferred or not, and other messages wait."""
        held = select(func.count()).where(deliveries.c.state == deferring.DEFERRED)
        [[deferred]] = self._read(held)
        return int(deferred) + sum(state.pending for state in self.queue().values())

    def wanted_by_digest(self, robot: str, batch: Batch) -> tuple[Wanted, ...]:
        """Return whom all that a digest counts asks for."""
        counted = digests.waiting(robot, batch.through_id)
        if batch.held is not None:
            counted = deferring.due(robot, batch.held.until, batch.through_id)
        try:
            with self._reading.begin() as connection:
                return announced.wanted_by_digest(connection, robot, counted)
        except SQLAlchemyError as error:
            raise self._unreadable(error) from None

    def stirring(self, until: datetime) -> Stirring:
        """Return in which queues something waits, and which tokens have left a message open.

        What is deferred until later than that is left out.
        """
        due = deferring.overdue(until)
        queries = (_FILLED, _ASKED_FOR, digests.UNFINISHED, due)
        return Stirring(
            frozenset(row.robot for query in queries for row in self._read(query)),
            frozenset(row.token for row in self._read(_LEFT_OPEN)),
        )

    def outline(self, robot: str) -> Totals:
        """Return the sums of all that waits at a robot, whatever its number of alert names."""
        try:
            with self._reading.begin() as connection:
                return outlining.outline_of(connection, robot)
        except SQLAlchemyError as error:
            raise self._unreadable(error) from None

    def resting(self) -> dict[str, datetime]:
        """Return until when tokens rest, for those that ever had to."""
        query = select(tokens.c.token, tokens.c.rests_until)
        return {row.token: from_us(row.rests_until) for row in self._read(query)}

    def ailing(self) -> dict[str, Ailing]:
        """Return which tokens could not send at last, and why, by their key."""
        query = select(tokens).where(tokens.c.ill != "")
        return {row.token: to_ailing(row) for row in self._read(query)}

    def months(self, now: datetime) -> dict[str, Month]:
        """Return how many messages were sent in this month of each quota that was ever used."""
        rows = self._read(select(month_table))
        this = {row.quota: months.to_month(row) for row in rows if row.month == month_of(now)}
        return {row.quota: this.get(row.quota, months.NEW_MONTH) for row in rows}

    def spent(self, now: datetime) -> dict[str, int]:
        """Return how many requests count against the rate of a token."""
        query = (
            select(charges.c.token, func.count().label("number"))
            .where(charges.c.ends_at > to_us(now))
            .group_by(charges.c.token)
        )
        return {row.token: row.number for row in self._read(query)}

    def switches(self) -> list[Switch]:
        """Return what is known of every heartbeat."""
        return [switchboard.to_switch(row) for row in self._read(switchboard.ALL)]

    def swaps(self) -> list[Swap]:
        """Return the swaps of shifts that count, in the order in which they were made."""
        return [swapping.to_swap(row) for row in self._read(swapping.STANDING)]

    def dead(self) -> dict[str, int]:
        """Return how many alerts DingTalk would not take in any form, by robot."""
        query = select(dead.c.robot, func.count().label("number")).group_by(dead.c.robot)
        return {row.robot: row.number for row in self._read(query)}

    def alerts_between(self, robot: str, since: datetime, until: datetime) -> Iterator[Alert]:
        """Yield the alerts that came for a robot in a span, each time they came."""
        return counting.alerts_between(self._read, robot, since, until)

    def recent(self, limit: int) -> list[tuple[int, datetime, Delivery]]:
        """Return the newest deliveries, each with its id and when it was received."""
        rows = self._read(select(deliveries).order_by(deliveries.c.id.desc()).limit(limit))
        read = ((row, _readable(row.payload)) for row in rows)
        return [(row.id, from_us(row.received_at), each) for row, each in read if each is not None]

    def delivery(self, number: int) -> Delivery | None:
        """Return a delivery by its id, if it is known and can be read."""
        rows = self._read(select(deliveries.c.payload).where(deliveries.c.id == number))
        return _readable(rows[0].payload) if rows else None

    def refused(self) -> list[RefusedBody]:
        """Return the bodies that could not be accepted, the newest first."""
        return [refusals.to_refused(row) for row in self._read(refusals.ALL)]

    def now(self) -> datetime | None:
        """Return the database's time, where replicas go by it; None where one process does."""
        if self._reading.dialect.name == "sqlite":
            return None
        [[now]] = self._read(select(func.clock_timestamp()))
        return cast("datetime", now)

    def _read(self, query: Select[Any]) -> Sequence[Row[Any]]:
        try:
            with self._reading.begin() as connection:
                return connection.execute(query).all()
        except SQLAlchemyError as error:
            raise self._unreadable(error) from None

    def _unreadable(self, error: SQLAlchemyError) -> StoreUnavailable:
        cause = str(getattr(error, "orig", None) or type(error).__name__)
        self._judge(cause)
        return StoreUnavailable(f"the store could not be read: {cause}")


def _readable(payload: bytes) -> Delivery | None:
    """Return a delivery; None if another version wrote it."""
    try:
        return to_delivery(payload)
    except msgspec.MsgspecError:
        return None
