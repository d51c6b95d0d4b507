"""Batching: what the next message tells, and in which form.

1.  As long as the rate has slots to spare, every group gets a message of its own, at once.
2.  If not, many groups share a message: in full if all that waits can be told so within half a
    `per`, else in one line an alert if that can be done within `digest_after`.
3.  Else normal alerts are told as numbers, in one digest of all; so is what has waited too long.
    High priority is told before normal and never as a number, and all of it within one slot: where
    its groups would have to queue for slots of their own, they share the next message at once.
4.  What was deferred and is due is told as numbers in one digest of its own. It changes the form
    of nothing else.

What waits is measured by `Totals`, since the head is only its beginning. The decision is made anew
for every message: a storm begins with groups alone and changes its form as more arrive. It does not
change back until what waited is told: the end of a list in ten single messages helps nobody.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from adapter.core.batch import Batch, Form, Plan
from adapter.core.estimating import estimate
from adapter.core.folding import fold, queue_of
from adapter.core.message import BODY_LIMIT
from adapter.core.priority import Priority
from adapter.core.quota import MOST_SLOTS
from adapter.core.trials import trial, trial_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from adapter.core.batch import Held, Limits, Queued, Totals, Waiting
    from adapter.core.delivery import RenderSettings
    from adapter.core.quota import Quota

__all__ = ["PLANNED", "estimate", "fold", "plan"]

PLANNED: Final = BODY_LIMIT - 1_000
"""Bytes of alerts that a message is planned with; the rest is its title, heading and footer."""

_received_at: Final = attrgetter("entry.received_at")
_mentions: Final = attrgetter("entry.delivery.mentions")
_look: Final = attrgetter("stream.look")


def plan(  # noqa: PLR0913, PLR0917  # each is a different kind of thing
    head: Sequence[Waiting],
    totals: Totals,
    quota: Quota,
    now: datetime,
    limits: Limits,
    held: Held | None = None,
) -> Plan:
    """Return the next message, or when to look again; nothing if nothing waits.

    `head` is what waits first, high priority before normal; `totals` sum up all that waits. What
    was `held` back and is due stands in neither, and comes after high priority only.
    """
    if held is None and not any(waiting.left for waiting in head):
        return Plan()
    free_at = quota.next_at(now)
    if free_at > now:
        return Plan(wake_at=free_at)
    sound = queue_of(head)
    suspects: list[Queued] = []
    if any(waiting.suspect for waiting in head):
        suspects = [queued for queued in sound if queued.suspect]
        sound = [queued for queued in sound if not queued.suspect]
    if held is not None and not (sound and sound[0].priority is Priority.HIGH):
        return Plan(batch=_digest_of(held))
    if suspects and not (sound and sound[0].priority is Priority.HIGH):
        tried_at = trial_at(quota, now)
        if tried_at <= now:
            return Plan(batch=trial(suspects))
        if not sound:
            return Plan(wake_at=tried_at)
    planning = _Planning(head, sound, _first_lane(sound), totals, quota, now, limits)
    paced_at = planning.paced_at()
    return Plan(wake_at=paced_at) if paced_at > now else Plan(batch=planning.batch())


def _first_lane(queue: list[Queued]) -> list[Queued]:
    """Return what has the highest priority in the queue."""
    if queue[-1].priority is queue[0].priority:
        return queue
    return [queued for queued in queue if queued.priority is queue[0].priority]


def _digest_of(held: Held) -> Batch:
    return Batch(
        form=Form.DIGEST,
        priority=Priority.NORMAL,
        entries=fold(held.head),
        through_id=held.totals.last_id,
        totals=held.totals,
        held=held,
    )


@dataclass(frozen=True)
class _Planning:
    """Decide about one message; `lane` is what waits of the highest priority in the queue."""

    head: Sequence[Waiting]
    queue: Sequence[Queued]
    lane: Sequence[Queued]
    totals: Totals
    quota: Quota
    now: datetime
    limits: Limits

    def paced_at(self) -> datetime:
        """Return when what waits is told at the earliest, so that a month's messages last."""
        paced = self.limits.pace if self.priority is Priority.NORMAL else timedelta(0)
        return self.oldest_at + paced

    def batch(self) -> Batch:
        """Return the next message in the fullest form that there is room for."""
        digests = self.priority is Priority.NORMAL and self.limits.digests
        if digests and self.now - self.oldest_at > self.limits.max_age:
            return self._digest()
        before = self._merged_before()
        slots = self._slots(self._patience())
        if before is None and self._is_spare(slots):
            return self._alone()
        if self._messages(Form.FULL) <= (1 if before is Form.LINE else slots):
            return self._merged(Form.FULL)
        lines = self._messages(Form.LINE)
        if digests and lines > self._slots(self.limits.digest_after, lines):
            return self._digest()
        return self._merged(Form.LINE)

    @property
    def priority(self) -> Priority:
        """Return the priority of what the message tells first."""
        return self.lane[0].priority

    def _slots(self, span: timedelta, wanted: int = MOST_SLOTS) -> int:
        """Return how many messages may be sent within a span by all that share the load.

        If it is more than those `wanted`, by how much does not matter.
        """
        senders = self.limits.senders
        return self.quota.slots(self.now, span, -(-wanted // senders)) * senders

    def _patience(self) -> timedelta:
        """Return how long all that waits of this priority may take in its own or full words."""
        half = self.quota.rate.per / 2
        if self.priority is Priority.NORMAL:
            return half
        return max(timedelta(0), min(self.quota.rate.slot, half) - (self.now - self.oldest_at))

    @cached_property
    def oldest_at(self) -> datetime:
        """Return when the first of what waits of the highest priority came."""
        oldest: datetime = min(map(_received_at, self.lane))
        return oldest

    def _merged_before(self) -> Form | None:
        """Return the form of the last message if it was merged and what is oldest waited then."""
        last = self.totals.last
        if last is None or last.alone:
            return None
        return last.form if self.oldest_at <= last.planned_at else None

    def _is_spare(self, slots: int) -> bool:
        """Return whether each group of the lane can have a message of its own.

        None has where messages must be spared. A few huge groups fill many. And where high priority
        takes every slot, normal alerts would never be told: when they have waited for a `per`, they
        share its messages.
        """
        if self.limits.pace and self._groups() > 1:
            return False
        if self._groups() > slots or self._messages(Form.LINE) > slots:
            return False
        others = self.queue[len(self.lane) :]
        oldest_at = min(map(_received_at, others), default=self.now)
        return self.now - oldest_at <= self.quota.rate.per

    def _groups(self) -> int:
        """Return how many groups of this priority wait; beyond the head each delivery is one."""
        high = self.priority is Priority.HIGH
        waiting = self.totals.high_deliveries if high else self.totals.deliveries
        seen = sum(1 for waiting in self.head if waiting.priority is self.priority)
        groups = sum(1 for _ in groupby(self.lane, attrgetter("stream")))  # they stand together
        return groups + max(0, waiting - seen)

    def _messages(self, form: Form) -> int:
        """Return how many messages all that waits of this priority takes in this form."""
        full, line = self._sizes
        return sum(map(_messages_of, (full if form is Form.FULL else line).values()))

    @cached_property
    def _sizes(self) -> tuple[Counter[str], Counter[str]]:
        """Return by template how many bytes it takes in full, and in lines."""
        full, line = Counter[str](), Counter[str]()
        for count in self.totals.counts:
            if count.priority is self.priority:
                full[count.template] += count.full_bytes
                line[count.template] += count.line_bytes
        return full, line

    def _alone(self) -> Batch:
        """Return the first group; if it is too large for one message, its lines come first."""
        group = [queued for queued in self.lane if queued.stream == self.lane[0].stream]
        size = sum(estimate(queued.entry.alert)[1] for queued in group)
        return self._of(group, Form.FULL, alone=True, parts=_messages_of(size))

    def _merged(self, form: Form) -> Batch:
        """Return all of one look; what follows high priority in its message is normal.

        High priority of several looks goes out together, each in its own, for the next message is a
        whole slot away. Groups that ring whom the first one rings come first.
        """
        look = self.lane[0].stream.look
        alike = _of_look(self.lane, look)
        if len(alike) == len(self.lane):
            alike = _of_look(self.queue, look)
        elif self.priority is Priority.HIGH:
            alike = list(self.lane)
        return self._of(_same_mentions_first(alike), form, parts=self._messages(form))

    def _digest(self) -> Batch:
        return self._of(self.lane, Form.DIGEST, through_id=self.totals.last_id)

    def _of(
        self,
        queue: Iterable[Queued],
        form: Form,
        *,
        alone: bool = False,
        parts: int = 1,
        through_id: int = 0,
    ) -> Batch:
        return Batch(
            form=form,
            priority=self.priority,
            entries=tuple(queued.entry for queued in queue),
            alone=alone,
            parts=max(parts, 1),
            through_id=through_id,
            totals=self.totals,
        )


def _of_look(queue: Sequence[Queued], look: RenderSettings) -> list[Queued]:
    """Return what is told in this look: there may be thousands, and mostly it is all."""
    if list(map(_look, queue)).count(look) == len(queue):
        return list(queue)
    return [queued for queued in queue if queued.stream.look == look]


def _same_mentions_first(queue: list[Queued]) -> list[Queued]:
    """Return the queue with the groups that ring like its first entry before the others."""
    wanted = queue[0].entry.delivery.mentions
    if list(map(_mentions, queue)).count(wanted) == len(queue):
        return queue
    same = {queued.stream for queued in queue if queued.entry.delivery.mentions == wanted}
    return sorted(queue, key=lambda queued: (-queued.priority, queued.stream not in same))


def _messages_of(size: int) -> int:
    """Return how many messages so many bytes of alerts take."""
    return -(-size // PLANNED)
