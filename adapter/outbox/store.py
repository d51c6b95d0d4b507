"""Outbox: what was accepted, until DingTalk has it. One code path for every database.

A delivery is `pending` until all its alerts are told; a message is `open` until it is known what
became of it. Nothing is sent that is not stored and charged, and nothing is settled but by the
holder of the token's lease.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar, cast

from sqlalchemy import and_, delete, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from adapter.core.illness import THROTTLED
from adapter.core.monthly import month_of
from adapter.core.priority import Priority
from adapter.core.turn import Fate
from adapter.errors import StoreUnavailable
from adapter.outbox import (
    accepting,
    announced,
    deferring,
    ledger,
    letters,
    messages,
    months,
    posts,
    stranding,
    switchboard,
    turns,
)
from adapter.outbox.counting import alerts_between
from adapter.outbox.kept import Kept
from adapter.outbox.rows import (
    Accepted,
    Ailing,
    QueueState,
    RefusedBody,
    notice_row,
    parts_of,
    to_ailing,
)
from adapter.outbox.tables import announced as told_firing
from adapter.outbox.tables import (
    batches,
    charges,
    dead,
    deferred,
    deliveries,
    discarded,
    from_us,
    items,
    notices,
    probe,
    queues,
    refused,
    states,
    stranded,
    to_us,
    tokens,
)
from adapter.outbox.tables import months as month_table

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from datetime import datetime, timedelta
    from pathlib import Path

    from sqlalchemy import Connection, Engine, Row, Select

    from adapter.core.alerts import Alert
    from adapter.core.batch import Batch
    from adapter.core.delivery import Delivery, Idle, Notice, Post
    from adapter.core.heartbeats import Beat, Watched
    from adapter.core.mentions import Wanted
    from adapter.core.monthly import Allowance
    from adapter.core.quota import Rate
    from adapter.core.stranded import Strand, Stranded
    from adapter.core.switches import Seen, Switch
    from adapter.core.turn import Launch, Relief, Settlement, Turn
    from adapter.outbox.letters import Changed
    from adapter.outbox.months import Month
    from adapter.outbox.posts import Posted

A = TypeVar("A")
T = TypeVar("T")

REFUSED_KEPT: Final = 100
"""Refused bodies kept for inspection, the newest."""

REFUSED_BYTES: Final = 64 * 1024
"""Bytes kept of a refused body."""

PROBE_BYTES: Final = 64 * 1024
"""Bytes that a probe writes: where a small row still fits, a webhook may not."""

PURGE_CHUNK: Final = 1000
"""Rows that one transaction removes at most, so that accepting never waits long behind it."""


class Writer(Protocol):
    """Run operations, each wholly or not at all."""

    def run(self, operation: Callable[[Connection], T]) -> T:
        """Return what `operation` returns, once it is committed; raises StoreUnavailable."""
        ...

    def run_together(
        self, operation: Callable[[Connection, Sequence[A]], Sequence[T]], argument: A
    ) -> T:
        """Return what `operation` returns for `argument`; it may be carried out for several."""
        ...

    def alive(self) -> bool:
        """Return whether operations are still taken."""
        ...

    def corrupt(self) -> bool:
        """Return whether the database was found to be corrupt."""
        ...

    def judge(self, cause: str) -> None:
        """Learn why something could not be read: it may show that the database is corrupt."""
        ...

    def close(self) -> None:
        """Carry out what was asked for and end."""
        ...


class Outbox:
    """Keep deliveries from "accepted" to "delivered"; `kept` holds small values beside them.

    `moved_aside` names a corrupt file found at the start; `vanished`: the file was gone.
    """

    def __init__(
        self,
        writer: Writer,
        *,
        reading: Engine,
        release: Callable[[], object],
        moved_aside: Path | None = None,
        vanished: bool = False,
    ) -> None:
        self._writer = writer
        self._reading = reading
        self.kept = Kept(writer, self._read)
        self._release = release
        self.moved_aside = moved_aside
        self.vanished = vanished
        self._waiting = 0
        self.recount()

    # -- accepting ---------------------------------------------------------------------------

    def enqueue(
        self,
        accepted: Sequence[Delivery],
        *,
        now: datetime,
        dedup_window: timedelta,
        beats: Sequence[Beat] = (),
    ) -> Accepted:
        """Commit beats, and deliveries, except of a group whose state a robot was given already.

        A group state is the same when fingerprints, states and starts of all its alerts are, and it
        is a duplicate only of the one accepted last, within the window (zero: never).
        """
        webhook = accepting.Webhook(parts_of(accepted, now), now, dedup_window)

        def with_beats(connection: Connection) -> accepting.Taken:
            switchboard.note(connection, beats, now)
            return accepting.accept(connection, [webhook])[0]

        if beats:
            taken = self._writer.run(with_beats)
        else:
            taken = self._writer.run_together(accepting.accept, webhook)
        self._waiting += taken.fresh - taken.superseded
        return Accepted(taken.fresh, len(accepted) - taken.fresh)

    def notify(self, words: Iterable[Notice], *, now: datetime) -> None:
        """Commit words of the adapter itself."""
        rows = [notice_row(notice, now) for notice in words]

        def operation(connection: Connection) -> None:
            connection.execute(insert(notices), rows)

        if rows:
            self._writer.run(operation)
            self._waiting += len(rows)

    def look_at_heartbeats(
        self,
        judge: Callable[[Sequence[Switch], bool], Seen],
        *,
        now: datetime,
        only: Watched | None = None,
    ) -> Seen:
        """Commit what `judge` makes of all switches of heartbeats, with the words it tells.

        `only` is what is configured, if what is not is to be forgotten first.
        """

        def operation(connection: Connection) -> Seen:
            if only is not None:
                switchboard.forget_others(connection, only)
            return switchboard.look(connection, judge, now)

        seen = self._writer.run(operation)
        self._waiting += len(seen.words)
        return seen

    def post(self, post: Post, *, now: datetime) -> Posted:
        """Commit a message that was asked for; under a `msgUuid` that is known it is that one."""
        posted = self._writer.run(lambda connection: posts.put(connection, post, now))
        self._waiting += not posted.duplicate
        return posted

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

    def take_turn(  # noqa: PLR0913  # each is a different kind of thing, and named
        self,
        *,
        token: str,
        robot: str,
        rate: Rate,
        now: datetime,
        lease: timedelta,
        peers: Sequence[str] = (),
        others: Sequence[str] = (),
        relief: Relief | None = None,
        allowance: Allowance | None = None,
    ) -> Turn | Idle:
        """Lease a token and return what its robot has to send, or when to ask again.

        `peers` and `others` send from this robot's queue too; with the peers the token shares the
        load. With `relief` it is another robot's, and sends while all of the robot's own are ill.
        `allowance` is what the month allows the token's robot.
        """
        return self._writer.run(
            lambda connection: turns.take_turn(
                connection,
                token=token,
                robot=robot,
                rate=rate,
                now=now,
                until=now + lease,
                peers=peers,
                others=others,
                relief=relief,
                allowance=allowance,
            )
        )

    def launch(self, turn: Turn, launch: Launch, *, now: datetime) -> bool:
        """Store a message and charge its request; return whether the lease still held."""

        def store(connection: Connection) -> None:
            messages.store(connection, turn, launch, now)
            ledger.note_posted(connection, turn, posted=launch.notice_id > 0)

        return self._charge(turn, launch.id, now, store)

    def wanted_by_digest(self, robot: str, batch: Batch) -> tuple[Wanted, ...]:
        """Return whom all that a digest counts asks for."""
        counted = messages.waiting(robot, batch.through_id)
        if batch.held is not None:
            counted = deferring.due(robot, batch.held.until, batch.through_id)
        try:
            with self._reading.begin() as connection:
                return announced.wanted_by_digest(connection, robot, counted)
        except SQLAlchemyError as error:
            raise self._unreadable(error) from None

    def relaunch(self, turn: Turn, batch_id: str, *, now: datetime) -> bool:
        """Charge the repetition of an open message; return whether the lease still held."""
        return self._charge(turn, batch_id, now, lambda _connection: None)

    def _charge(
        self, turn: Turn, batch_id: str, now: datetime, before: Callable[[Connection], None]
    ) -> bool:
        def operation(connection: Connection) -> tuple[bool, int]:
            if not ledger.holds(connection, turn):
                return False, 0
            before(connection)
            ledger.charge(connection, turn, batch_id, now)
            return True, months.count(connection, turn.allowance, now)

        held, notices_added = self._writer.run(operation)
        self._waiting += notices_added
        return held

    def settle(
        self, turn: Turn, batch_id: str, settlement: Settlement, *, now: datetime, outcome: str
    ) -> bool:
        """Commit what became of a message and of its token; return whether the lease still held."""

        def operation(connection: Connection) -> tuple[bool, int]:
            accepting.lock(connection, [turn.robot])
            if not ledger.holds(connection, turn):
                return False, 0
            ledger.end_charge(connection, turn, batch_id, now)
            gone = _settle_message(connection, batch_id, settlement.fate, outcome, now)
            if not settlement.arrived:
                months.uncount(connection, turn.allowance, now)
            ledger.learn(connection, turn, settlement, outcome, now)
            if settlement.notices:
                rows = [notice_row(notice, now) for notice in settlement.notices]
                connection.execute(insert(notices), rows)
            return True, gone - len(settlement.notices)

        held, gone = self._writer.run(operation)
        self._waiting -= gone
        return held

    def give_back(self, turn: Turn) -> None:
        """End a turn in which nothing was sent."""

        def operation(connection: Connection) -> None:
            if ledger.holds(connection, turn):
                ledger.give_back(connection, turn)

        self._writer.run(operation)

    def take_stranded(
        self, strands: Sequence[Strand], *, now: datetime, lease: timedelta
    ) -> Stranded | Idle:
        """Lease the last resort and return a delivery for it, or when to ask again."""
        return self._writer.run(
            lambda connection: stranding.take(connection, strands, now=now, until=now + lease)
        )

    def settle_stranded(
        self, told: Stranded, *, rests_until: datetime | None, now: datetime
    ) -> bool:
        """Note that a delivery was taken, or until when to rest; return whether the lease held."""
        return self._writer.run(
            lambda connection: stranding.settle(connection, told, rests=rests_until, now=now)
        )

    def end_rest(self) -> None:
        """Let tokens try again now, because their settings may have been mended.

        What DingTalk throttles rests on: no setting ends that, and one more request prolongs it.
        """
        rested = update(tokens).where(tokens.c.ill != THROTTLED).values(rests_until=0)

        def operation(connection: Connection) -> None:
            connection.execute(rested)

        self._writer.run(operation)

    def dissolve(self, known: Collection[str], *, now: datetime, age: timedelta) -> int:
        """Let be planned anew what tokens other than these left open; return how many messages.

        Nobody can send their bytes again. One that is just being sent, or was made less than `age`
        ago, is left alone.
        """

        def operation(connection: Connection) -> int:
            left = messages.left_open(connection, known, now - age)
            rows = ledger.lock_tokens(connection, left) if left else {}
            over = [token for token, row in rows.items() if not ledger.is_leased(row, now)]
            ledger.end_leases(connection, over)  # an answer that comes late settles nothing
            return messages.dissolve(connection, over, now)

        return self._writer.run(operation)

    # -- what a person decides ---------------------------------------------------------------

    def retry(self, ids: Sequence[str]) -> Changed:
        """Let what is dead wait again; what cannot be done is told and changes nothing."""
        alerts, asked = _by_kind(ids)
        changed = self._writer.run(
            lambda connection: letters.retry(connection, alerts) + posts.retry(connection, asked)
        )
        self.recount()
        return changed

    def discard(self, ids: Sequence[str], *, now: datetime) -> Changed:
        """Give up what is dead or waits; what cannot be done is told."""
        alerts, asked = _by_kind(ids)
        changed = self._writer.run(
            lambda connection: (
                letters.discard(connection, alerts, now) + posts.discard(connection, asked, now)
            )
        )
        self.recount()
        return changed

    # -- looking -----------------------------------------------------------------------------

    def waiting(self) -> int:
        """Return how many deliveries and other messages wait, as far as this process knows."""
        return self._waiting

    def recount(self) -> None:
        """Learn how many deliveries, deferred or not, and other messages wait."""
        held = select(func.count()).where(deliveries.c.state == deferring.DEFERRED)
        [[deferred]] = self._read(held)
        self._waiting = deferred + sum(state.pending for state in self.queue().values())

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

    def _oldest(self, robot: str) -> datetime:
        """Return when the oldest delivery of a robot was received: the first of either lane."""
        columns = deliveries.c
        mine = (columns.robot == robot, columns.state == turns.PENDING)
        firsts = [
            select(columns.received_at)
            .where(*mine, columns.priority == int(lane))
            .order_by(columns.id)
            .limit(1)
            for lane in Priority
        ]
        found = [row.received_at for first in firsts for row in self._read(first)]
        return from_us(min(found, default=0))

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

    def dead(self) -> dict[str, int]:
        """Return how many alerts DingTalk would not take in any form, by robot."""
        query = select(dead.c.robot, func.count().label("number")).group_by(dead.c.robot)
        return {row.robot: row.number for row in self._read(query)}

    def alerts_between(self, robot: str, since: datetime, until: datetime) -> Iterator[Alert]:
        """Yield the alerts that came for a robot in a span, each time they came."""
        return alerts_between(self._read, robot, since, until)

    def refused(self) -> list[RefusedBody]:
        """Return the bodies that could not be accepted, the newest first."""
        query = select(refused).order_by(refused.c.id.desc())
        return [
            RefusedBody(from_us(row.received_at), row.code, row.reason, row.body)
            for row in self._read(query)
        ]

    # -- keeping -----------------------------------------------------------------------------

    def purge(
        self,
        *,
        before: datetime,
        dead_before: datetime,
        states_before: datetime,
        announced_before: datetime,
    ) -> int:
        """Remove what was settled, died, the group states accepted, the alerts told, before these.

        Return how many rows: a limited number at a time; call again while it returns some. A
        delivery stays as long as a dead letter of it does, for that may be tried again.
        """

        def operation(connection: Connection) -> int:
            old = select(batches.c.id).where(batches.c.settled_at < to_us(before))
            some = old.limit(PURGE_CHUNK).scalar_subquery()
            connection.execute(delete(items).where(items.c.batch.in_(some)))
            removed = connection.execute(delete(batches).where(batches.c.id.in_(some))).rowcount
            for table, ended_at in ((dead, dead.c.died_at), (discarded, discarded.c.discarded_at)):
                removed += connection.execute(
                    delete(table).where(ended_at < to_us(dead_before))
                ).rowcount
            kept = deliveries.c.id.in_(select(dead.c.delivery))
            young = and_(
                notices.c.state == messages.DEAD, notices.c.settled_at >= to_us(dead_before)
            )
            for table, spared in ((deliveries, kept), (notices, young)):
                old = select(table.c.id).where(table.c.settled_at < to_us(before), ~spared)
                some = old.order_by(table.c.id).limit(PURGE_CHUNK).scalar_subquery()
                if table is deliveries:
                    connection.execute(delete(deferred).where(deferred.c.delivery.in_(some)))
                gone = table.c.id.in_(some)
                removed += connection.execute(delete(table).where(gone)).rowcount
            forgotten = stranded.c.delivery.not_in(select(deliveries.c.id))
            connection.execute(
                delete(stranded).where(stranded.c.sent_at < to_us(before), forgotten)
            )
            for table, last_at, limit in (
                (states, states.c.accepted_at, states_before),
                (told_firing, told_firing.c.told_at, announced_before),
            ):
                removed += connection.execute(delete(table).where(last_at < to_us(limit))).rowcount
            return removed

        return self._writer.run(operation)

    def now(self) -> datetime | None:
        """Return the database's time, where several replicas go by it; None where one process does.

        Raises StoreUnavailable.
        """
        if self._reading.dialect.name == "sqlite":
            return None
        [[now]] = self._read(select(func.clock_timestamp()))
        return cast("datetime", now)

    def probe(self, now: datetime) -> None:
        """Write and read, to learn whether both work; raises StoreUnavailable if one does not.

        What the writer has in memory looks sound whatever became of the file; readers see the file.
        """

        def operation(connection: Connection) -> None:
            connection.execute(delete(probe))
            row = {"id": 1, "probed_at": to_us(now), "filler": bytes(PROBE_BYTES)}
            connection.execute(insert(probe), row)

        self._writer.run(operation)
        self.queue()

    def alive(self) -> bool:
        """Return whether the store can go on; False means the process must start anew."""
        return self._writer.alive()

    def corrupt(self) -> bool:
        """Return whether the database was found to be corrupt, which ends the store."""
        return self._writer.corrupt()

    def close(self) -> None:
        """Finish what was asked for and give the database up."""
        self._reading.dispose()
        self._writer.close()
        self._release()

    def _read(self, query: Select[Any]) -> Sequence[Row[Any]]:
        try:
            with self._reading.begin() as connection:
                return connection.execute(query).all()
        except SQLAlchemyError as error:
            raise self._unreadable(error) from None

    def _unreadable(self, error: SQLAlchemyError) -> StoreUnavailable:
        cause = str(getattr(error, "orig", None) or type(error).__name__)
        self._writer.judge(cause)
        return StoreUnavailable(f"the store could not be read: {cause}")


def _by_kind(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the names of alerts, and those of messages that were asked for."""
    asked = [name for name in dict.fromkeys(names) if posts.id_of(name) is not None]
    return [name for name in names if name not in asked], asked


def _settle_message(
    connection: Connection, batch_id: str, fate: Fate, outcome: str, now: datetime
) -> int:
    """Carry out the fate of a message; return how many deliveries wait no more."""
    if fate is Fate.FROZEN:
        messages.keep_open(connection, batch_id, outcome)
        return 0
    messages.close(connection, batch_id, state=fate.value, outcome=outcome, now=now)
    if fate is Fate.SENT:
        return messages.mark_sent(connection, batch_id, now)
    if fate is Fate.REFUSED:
        return messages.mark_refused(connection, batch_id, outcome, now)
    return 0
