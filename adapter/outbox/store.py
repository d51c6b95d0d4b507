"""Outbox: accept, claim, freeze, settle. One code path for every database (SQLAlchemy Core).

A delivery is `pending` until it is `sent`; a claim is a lease (`claimed_until`) and no state, so a
crash leaves nothing behind but a lease that ends. Within a stream (robot, source, receiver and
group key) nothing overtakes: only the oldest pending delivery of a stream can be claimed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from adapter.core.delivery import Claim, Idle
from adapter.errors import StoreUnavailable
from adapter.outbox import statements
from adapter.outbox.rows import Accepted, QueueState, RefusedBody, notice_row, parts_of, to_claim
from adapter.outbox.statements import PENDING, SENT
from adapter.outbox.tables import deliveries, from_us, probe, refused, robots, states, to_us

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime, timedelta
    from pathlib import Path

    from sqlalchemy import Connection, Engine, Row, Select

    from adapter.core.delivery import Delivery, Notice, Settlement
    from adapter.outbox.writer import Writer

REFUSED_KEPT: Final = 100
"""Refused bodies kept for inspection, the newest."""

REFUSED_BYTES: Final = 64 * 1024
"""Bytes kept of a refused body."""

PURGE_CHUNK: Final = 1000
"""Rows that one transaction removes at most, so that accepting never waits long behind it."""


class Outbox:
    """Keep deliveries from "accepted" to "delivered"; `moved_aside` names a corrupt file found."""

    def __init__(
        self,
        writer: Writer,
        *,
        reading: Engine,
        release: Callable[[], object],
        moved_aside: Path | None = None,
    ) -> None:
        self._writer = writer
        self._reading = reading
        self._release = release
        self.moved_aside = moved_aside
        self._waiting = 0
        self.recount()

    # -- accepting ---------------------------------------------------------------------------

    def enqueue(
        self, accepted: Sequence[Delivery], *, now: datetime, dedup_window: timedelta
    ) -> Accepted:
        """Commit deliveries, except of a group whose state a robot was given already.

        A group state is the same when fingerprints, states and starts of all its alerts are, and it
        is a duplicate only of the one accepted last, within the window (zero: never).
        """
        parts = parts_of(accepted, now)
        since = to_us(now - dedup_window)

        def operation(connection: Connection) -> Accepted:
            fresh = [part for part in parts if not statements.is_duplicate(connection, part, since)]
            rows = [row for part in fresh for row in part.rows]
            if rows:
                connection.execute(insert(deliveries), rows)
            for part in fresh:
                statements.remember(connection, part, to_us(now))
            return Accepted(len(rows), sum(len(part.rows) for part in parts) - len(rows))

        result = self._writer.run(operation)
        self._waiting += result.deliveries
        return result

    def notify(self, notices: Iterable[Notice], *, now: datetime) -> None:
        """Commit words of the adapter itself."""
        rows = [notice_row(notice, now) for notice in notices]

        def operation(connection: Connection) -> None:
            connection.execute(insert(deliveries), rows)

        if rows:
            self._writer.run(operation)
            self._waiting += len(rows)

    def keep_refused(self, body: bytes, *, code: int, reason: str, now: datetime) -> None:
        """Keep a body that could not be accepted, for a person to look at."""
        row = {
            "received_at": to_us(now),
            "code": code,
            "reason": reason,
            "body": body[:REFUSED_BYTES],
            "truncated": len(body) > REFUSED_BYTES,
        }

        def operation(connection: Connection) -> None:
            connection.execute(insert(refused), row)
            newest = select(refused.c.id).order_by(refused.c.id.desc()).limit(REFUSED_KEPT)
            connection.execute(delete(refused).where(refused.c.id.not_in(newest)))

        self._writer.run(operation)

    # -- delivering --------------------------------------------------------------------------

    def claim(self, robot: str, *, now: datetime, lease: timedelta) -> Claim | Idle:
        """Lease the next delivery of a robot, or say when there can be one."""
        until = now + lease

        def operation(connection: Connection) -> Claim | Idle:
            rest = statements.rest_of(connection, robot)
            if rest is not None and rest.rests_until > to_us(now):
                waits = statements.waits(connection, robot)
                return Idle(from_us(rest.rests_until) if waits else None)
            row = statements.next_delivery(connection, robot, to_us(now))
            if row is None:
                due_at = statements.next_due(connection, robot)
                return Idle(None if due_at is None else from_us(due_at))
            statements.lease(connection, row.id, to_us(until))
            return to_claim(row, until, rest.throttles if rest is not None else 0)

        return self._writer.run(operation)

    def freeze(self, claim: Claim, *, message_uuid: str, body: bytes) -> bool:
        """Store the exact message before it is sent; return whether the lease still held."""
        return self._update(claim, {"message_uuid": message_uuid, "body": body})

    def settle(self, claim: Claim, settlement: Settlement, *, now: datetime, error: str) -> bool:
        """Commit what became of a claimed delivery; return whether the lease still held."""
        values: dict[str, object] = {"attempts": settlement.attempts, "claimed_until": 0}
        if settlement.due_at is None:
            values |= {"state": SENT, "settled_at": to_us(now), "last_error": None}
        else:
            values |= {"due_at": to_us(settlement.due_at), "last_error": error}
            values |= {} if settlement.frozen else {"body": None}
        rests_until = settlement.rests_until
        rest = {
            "robot": claim.robot,
            "rests_until": 0 if rests_until is None else to_us(rests_until),
            "throttles": claim.throttles + 1 if settlement.throttled else 0,
        }

        def operation(connection: Connection) -> bool:
            held = statements.update_claimed(connection, claim, values)
            if held:
                connection.execute(delete(robots).where(robots.c.robot == claim.robot))
                connection.execute(insert(robots), rest)
            return held

        held = self._writer.run(operation)
        if held and settlement.due_at is None:
            self._waiting -= 1
        return held

    def release(self, claim: Claim) -> bool:
        """Give a claim back unused."""
        return self._update(claim, {"claimed_until": 0})

    def end_rest(self) -> None:
        """Let every robot try again now, because its settings may have been mended."""

        def operation(connection: Connection) -> None:
            connection.execute(delete(robots))
            waiting = deliveries.c.state == PENDING
            connection.execute(update(deliveries).where(waiting).values(due_at=0))

        self._writer.run(operation)

    # -- looking -----------------------------------------------------------------------------

    def waiting(self) -> int:
        """Return how many deliveries wait, as far as this process knows without asking."""
        return self._waiting

    def recount(self) -> None:
        """Learn how many deliveries wait."""
        self._waiting = sum(state.pending for state in self.queue().values())

    def queue(self) -> dict[str, QueueState]:
        """Return what waits, by robot."""
        columns = deliveries.c
        query = (
            select(
                columns.robot,
                func.count().label("pending"),
                func.min(columns.received_at).label("oldest"),
            )
            .where(columns.state == PENDING)
            .group_by(columns.robot)
        )
        rows = self._read(query)
        return {row.robot: QueueState(row.pending, from_us(row.oldest)) for row in rows}

    def resting(self) -> dict[str, datetime]:
        """Return until when robots rest, for those that ever had to."""
        query = select(robots.c.robot, robots.c.rests_until)
        return {row.robot: from_us(row.rests_until) for row in self._read(query)}

    def refused(self) -> list[RefusedBody]:
        """Return the bodies that could not be accepted, the newest first."""
        query = select(refused).order_by(refused.c.id.desc())
        return [
            RefusedBody(from_us(row.received_at), row.code, row.reason, row.body)
            for row in self._read(query)
        ]

    # -- keeping -----------------------------------------------------------------------------

    def purge(self, *, before: datetime, states_before: datetime) -> int:
        """Remove what was settled, and group states accepted, before these; return how many rows.

        Removes a limited number at a time; call again while it returns some.
        """
        columns = deliveries.c
        old = (
            select(columns.id).where(columns.settled_at < to_us(before)).limit(PURGE_CHUNK)
        ).scalar_subquery()

        def operation(connection: Connection) -> int:
            removed = connection.execute(delete(deliveries).where(columns.id.in_(old))).rowcount
            stale = states.c.accepted_at < to_us(states_before)
            return removed + connection.execute(delete(states).where(stale)).rowcount

        return self._writer.run(operation)

    def probe(self, now: datetime) -> None:
        """Write, to learn whether writing works; raises StoreUnavailable if it does not."""

        def operation(connection: Connection) -> None:
            connection.execute(delete(probe))
            connection.execute(insert(probe), {"id": 1, "probed_at": to_us(now)})

        self._writer.run(operation)

    def alive(self) -> bool:
        """Return whether the store can go on; False means the process must start anew."""
        return self._writer.alive()

    def close(self) -> None:
        """Finish what was asked for and give the database up."""
        self._reading.dispose()
        self._writer.close()
        self._release()

    def _update(self, claim: Claim, values: Mapping[str, object]) -> bool:
        return self._writer.run(
            lambda connection: statements.update_claimed(connection, claim, values)
        )

    def _read(self, query: Select[Any]) -> Sequence[Row[Any]]:
        try:
            with self._reading.begin() as connection:
                return connection.execute(query).all()
        except SQLAlchemyError as error:
            cause = getattr(error, "orig", None) or type(error).__name__
            raise StoreUnavailable(f"the store could not be read: {cause}") from None
