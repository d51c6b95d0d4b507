"""Outbox: what was accepted, until DingTalk has it. One code path for every database.

A delivery is `pending` until all its alerts are told; a message is `open` until it is known what
became of it. Nothing is sent that is not stored and charged, and nothing is settled but by the
holder of the token's lease.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import structs

from adapter.core.delivery import Idle
from adapter.core.priority import Priority
from adapter.core.turn import Turn
from adapter.outbox import (
    accepting,
    announced,
    deciding,
    digests,
    enqueuing,
    posts,
    probing,
    purging,
    refusals,
    reminders,
    sending,
    stranding,
    summing,
    swapping,
    switchboard,
    turns,
)
from adapter.outbox.acts import Acts
from adapter.outbox.kept import Kept
from adapter.outbox.looking import Looking
from adapter.outbox.slices import Slices
from adapter.outbox.tables import to_us
from adapter.outbox.words import say

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from datetime import datetime, timedelta
    from pathlib import Path

    from sqlalchemy import Connection, Engine

    from adapter.core.audit import By
    from adapter.core.delivery import Delivery, Notice, Post
    from adapter.core.heartbeats import Beat, Watched
    from adapter.core.monthly import Allowance
    from adapter.core.quota import Rate
    from adapter.core.reminder_notice import Due
    from adapter.core.routing import Ended
    from adapter.core.stranded import Strand, Stranded
    from adapter.core.swaps import Swap
    from adapter.core.switches import Seen, Switch
    from adapter.core.turn import Launch, Relief, Settlement
    from adapter.outbox.enqueuing import Enqueued
    from adapter.outbox.letters import Changed
    from adapter.outbox.posts import Posted
    from adapter.outbox.rows import Accepted
    from adapter.outbox.writing import Writer

_UNFINISHED: Final = Idle(None)
"""Says that something of a digest is to be settled first."""

_UNFINISHED_URGENT: Final = Idle(None)
"""Says so while something high waits."""


class Outbox(Looking):
    """Keep deliveries from "accepted" to "delivered"; `kept` holds small values beside them.

    `acts` is what people did about them.

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
        super().__init__(reading, writer.judge)
        self._writer = writer
        self.kept = Kept(writer, self._read)
        self._release = release
        self.moved_aside = moved_aside
        self.vanished = vanished
        self._waiting = 0
        self._slices = Slices(writer, self._said)
        self.acts = Acts(writer, self._said)
        self.recount()

    def _said(self, words: int) -> None:
        self._waiting += words

    # -- accepting ---------------------------------------------------------------------------

    def enqueue(
        self,
        accepted: Sequence[Delivery],
        *,
        now: datetime,
        dedup_window: timedelta,
        beats: Sequence[Beat] = (),
        ended: Sequence[Ended] = (),
    ) -> Accepted:
        """Commit beats, and deliveries, except of a group whose state a robot was given already.

        `ended` are alerts that are over and of which their robots are not told.
        A group state is the same when fingerprints, states and starts of all its alerts are, and it
        is a duplicate only of the one accepted last, within the window (zero: never).
        """
        return self.begin(
            accepted, now=now, dedup_window=dedup_window, beats=beats, ended=ended
        ).wait()

    def begin(
        self,
        accepted: Sequence[Delivery],
        *,
        now: datetime,
        dedup_window: timedelta,
        beats: Sequence[Beat] = (),
        ended: Sequence[Ended] = (),
    ) -> Enqueued:
        """Begin what `enqueue` does, and return before it is committed."""
        self._slices.webhook_came()
        return enqueuing.begin(
            self._writer,
            accepted,
            now=now,
            dedup_window=dedup_window,
            beats=beats,
            ended=ended,
            count=self._said,
        )

    def notify(self, words: Iterable[Notice], *, now: datetime) -> None:
        """Commit words of the adapter itself."""
        words = tuple(words)
        if words:
            self._waiting += self._writer.run(lambda connection: say(connection, words, now))

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
        seen = self._writer.run(
            lambda connection: switchboard.look(connection, judge, now, only=only)
        )
        self._waiting += len(seen.words)
        return seen

    def remind(
        self, tell: Callable[[Sequence[Due]], Sequence[Notice]], *, now: datetime
    ) -> tuple[Notice, ...]:
        """Commit what `tell` makes of the reminders that are due; return the words."""
        if not self._read(reminders.DUE.params(at=to_us(now))):
            return ()

        def operation(connection: Connection) -> tuple[Notice, ...]:
            accepting.lock(connection, [reminders.LOCK])
            return reminders.look(connection, tell, now)

        words = self._writer.run(operation)
        self._waiting += len(words)
        return words

    def post(self, post: Post, *, now: datetime) -> Posted:
        """Commit a message that was asked for; under a `msgUuid` that is known it is that one."""
        posted = self._writer.run(lambda connection: posts.put(connection, post, now))
        self._waiting += not posted.duplicate
        return posted

    def keep_refused(self, body: bytes, *, code: int, reason: str, now: datetime) -> None:
        """Keep a body that could not be accepted, for a person to look at."""
        self._writer.run(
            lambda connection: refusals.keep(connection, body, code=code, reason=reason, now=now)
        )

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

        def take(connection: Connection) -> Turn | Idle | None:
            if digests.unfinished(connection, robot):
                high = turns.waits(connection, robot, (Priority.HIGH,))
                return _UNFINISHED_URGENT if high else _UNFINISHED
            if announced.owes(connection, robot):
                return None  # it must be locked before tokens are
            return turns.take_turn(
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

        while (turn := self._writer.run(take)) is None:
            self._writer.run(lambda connection: announced.catch_up(connection, robot))
        if turn is _UNFINISHED or turn is _UNFINISHED_URGENT:
            urgent = turn is _UNFINISHED_URGENT
            return self._slices.next_of(robot, now, rate.slot, urgent=urgent)
        self._slices.over(robot)
        if isinstance(turn, Turn) and turn.totals is summing.LATER:
            return structs.replace(turn, totals=self.outline(robot))
        return turn

    def launch(self, turn: Turn, launch: Launch, *, now: datetime) -> bool:
        """Store a message and charge its request; return whether the lease still held."""
        return self._charge(turn, launch.id, now, launch)

    def relaunch(self, turn: Turn, batch_id: str, *, now: datetime) -> bool:
        """Charge the repetition of an open message; return whether the lease still held."""
        return self._charge(turn, batch_id, now)

    def _charge(
        self, turn: Turn, batch_id: str, now: datetime, launch: Launch | None = None
    ) -> bool:
        held, added = self._writer.run(
            lambda connection: sending.charge(connection, turn, batch_id, now, launch)
        )
        self._waiting += added
        return held

    def settle(
        self, turn: Turn, batch_id: str, settlement: Settlement, *, now: datetime, outcome: str
    ) -> bool:
        """Commit what became of a message and of its token; return whether the lease still held.

        Of what a digest told the rest is settled turn by turn (`take_turn`).
        """

        def operation(connection: Connection) -> tuple[bool, int] | None:
            return sending.settle(connection, turn, batch_id, settlement, now=now, outcome=outcome)

        while (settled := self._writer.run(operation)) is None:
            self._slices.settle(turn.robot)
        held, gone = settled
        self._waiting -= gone
        return held

    def give_back(self, turn: Turn) -> None:
        """End a turn in which nothing was sent."""
        self._writer.run(lambda connection: sending.give_back(connection, turn))

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
        self._writer.run(sending.end_rest)

    def dissolve(self, known: Collection[str], *, now: datetime, age: timedelta) -> int:
        """Let be planned anew what tokens other than these left open; return how many messages.

        Nobody can send their bytes again. One that is just being sent, or was made less than `age`
        ago, is left alone.
        """
        return self._writer.run(
            lambda connection: sending.dissolve(connection, known, now=now, age=age)
        )

    # -- what a person decides ---------------------------------------------------------------

    def retry(self, ids: Sequence[str], *, by: By | None = None) -> Changed:
        """Let what is dead wait again; what cannot be done is told and changes nothing.

        Who decides is kept with it, if that is known.
        """
        changed = self._writer.run(lambda connection: deciding.retry(connection, ids, by))
        self.recount()
        return changed

    def discard(self, ids: Sequence[str], *, now: datetime, by: By | None = None) -> Changed:
        """Give up what is dead or waits; what cannot be done is told; likewise."""
        changed = self._writer.run(lambda connection: deciding.discard(connection, ids, now, by))
        self.recount()
        return changed

    def swap(self, swap: Swap) -> None:
        """Keep that somebody takes over a schedule for a while, and who decided so."""
        self._writer.run(lambda connection: swapping.put(connection, swap))

    def undo_swap(self, number: int, *, by: By) -> bool:
        """Let a swap count no more; return whether it did until now."""
        return self._writer.run(lambda connection: swapping.undo(connection, number, by))

    # -- keeping -----------------------------------------------------------------------------

    def waiting(self) -> int:
        """Return how many deliveries and other messages wait, as far as this process knows."""
        return self._waiting

    def recount(self) -> None:
        """Learn how many deliveries, deferred or not, and other messages wait."""
        self._waiting = self.count_waiting()

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
        return self._writer.run(
            lambda connection: purging.purge(
                connection,
                before=before,
                dead_before=dead_before,
                states_before=states_before,
                announced_before=announced_before,
            )
        )

    def probe(self, now: datetime) -> None:
        """Write and read, to learn whether both work; raises StoreUnavailable if one does not.

        What the writer has in memory looks sound whatever became of the file; readers see the file.
        """
        self._writer.run(lambda connection: probing.probe(connection, now))
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
