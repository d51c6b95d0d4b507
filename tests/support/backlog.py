"""Backlog: a queue, a renderer and a DingTalk so simple that every message can be checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import accumulate
from typing import TYPE_CHECKING

import msgspec

from adapter.core.batch import Count, Form, Last, Limits, Totals, Waiting
from adapter.core.batching import estimate, plan
from adapter.core.message import BODY_LIMIT
from adapter.core.priority import Priority
from adapter.core.quota import Quota, Rate
from support.clock import START

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from adapter.core.alerts import Alert
    from adapter.core.batch import Batch, Entry, Plan
    from adapter.core.delivery import Delivery

MINUTE = timedelta(minutes=1)
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Told:
    """Hold one message that was sent, and what was known when it was planned."""

    at: datetime
    batch: Batch
    entries: tuple[Entry, ...]  # those that had room; of a digest none
    places: tuple[Place, ...]  # all that waits no more for it
    before: tuple[Waiting, ...]
    quota: Quota
    accepted: bool = True


@dataclass
class Backlog:
    """Keep what waits at one robot and send it as `plan()` says, at the time it says."""

    rate: Rate = field(default_factory=Rate)
    limits: Limits = field(default_factory=lambda: Limits(digest_after=MINUTE))
    head_alerts: int = 2_000
    now: datetime = START
    refused: frozenset[str] = frozenset()  # fingerprints, however they are told
    refused_notes: frozenset[str] = frozenset()  # fingerprints, unless the message is minimal
    posted: dict[int, Waiting] = field(default_factory=dict, repr=False)
    waiting: dict[int, Waiting] = field(default_factory=dict, repr=False)
    history: list[Told] = field(default_factory=list, repr=False)
    dead: list[Place] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin with a token that was never used."""
        self.quota = Quota(rate=self.rate)
        self._last: Last | None = None

    def post(self, *deliveries: Delivery) -> None:
        """Accept deliveries now."""
        for delivery in deliveries:
            waiting = Waiting(
                id=len(self.posted) + 1,
                delivery=delivery,
                priority=delivery.priority,
                received_at=self.now,
                left=tuple(range(len(delivery.group.alerts))),
            )
            self.posted[waiting.id] = self.waiting[waiting.id] = waiting

    def head(self) -> tuple[Waiting, ...]:
        """Return whole deliveries, high before normal, until they hold enough alerts."""
        found: list[Waiting] = []
        room = self.head_alerts
        for waiting in sorted(self.waiting.values(), key=lambda w: (-w.priority, w.id)):
            if room <= 0:
                break
            found.append(waiting)
            room -= len(waiting.left)
        return tuple(found)

    def totals(self) -> Totals:
        """Sum up all that waits."""
        normal = [w for w in self.waiting.values() if w.priority is Priority.NORMAL]
        return Totals(
            counts=tuple(count for w in self.waiting.values() for count in _counts(w)),
            deliveries=len(normal),
            high_deliveries=len(self.waiting) - len(normal),
            last_id=max((w.id for w in normal), default=0),
            oldest_received_at=min((w.received_at for w in normal), default=None),
            last=self._last,
        )

    def plan(self) -> Plan:
        """Return what is to be done now."""
        return plan(self.head(), self.totals(), self.quota, self.now, self.limits)

    def step(self) -> bool:
        """Send the next message, or wait until it may be; return whether there was any to send."""
        planned = self.plan()
        if planned.batch is not None:
            self._send(planned.batch)
        elif planned.wake_at is not None:
            assert planned.wake_at > self.now
            self.now = planned.wake_at
        return planned != type(planned)()

    def run(self, until: datetime | None = None) -> list[Told]:
        """Send what waits (of what may be sent until then); return all messages so far."""
        while until is None or (self.plan().wake_at or self.now) < until:
            if not self.step():
                break
        if until is not None:
            self.now = max(self.now, until)
        return self.history

    def _send(self, batch: Batch) -> None:
        told = batch.entries[: _room_for(batch)]
        before = tuple(self.waiting.values())
        accepted = not any(self._refuses(entry, batch) for entry in told)
        if batch.form is Form.DIGEST:
            told = ()
            places = tuple(self._digested(batch.through_id))
        else:
            places = tuple(place for entry in told for place in states_of(entry))
        self.history.append(Told(self.now, batch, told, places, before, self.quota, accepted))
        self._last = Last(form=batch.form, alone=batch.alone, planned_at=self.now)
        self.quota = self.quota.spend(self.now, self.now + self.rate.per)
        if accepted:
            self._forget(places)
        else:
            self._suspect(told, places)

    def _refuses(self, entry: Entry, batch: Batch) -> bool:
        bad = self.refused if batch.minimal else self.refused | self.refused_notes
        return batch.form is not Form.DIGEST and entry.alert.fingerprint in bad

    def _digested(self, through_id: int) -> Iterator[Place]:
        for waiting in self.waiting.values():
            if waiting.id <= through_id and waiting.priority is Priority.NORMAL:
                yield from ((waiting.id, index) for index in waiting.left)

    def _suspect(self, told: tuple[Entry, ...], places: tuple[Place, ...]) -> None:
        """Halve what was refused, as the outbox does; what stands alone is dead."""
        suspects = {delivery_id: self.waiting[delivery_id] for delivery_id, _ in places}
        known = any(waiting.suspect for waiting in suspects.values())
        if known and len(told) == 1:
            self.dead.extend(places)
            self._forget(places)
            return
        beside = max(1, len(told) // 2) if known else len(told)
        for waiting in suspects.values():
            self.waiting[waiting.id] = msgspec.structs.replace(waiting, suspect=beside)

    def _forget(self, places: tuple[Place, ...]) -> None:
        gone: dict[int, set[int]] = {}
        for delivery_id, index in places:
            assert index not in gone.setdefault(delivery_id, set()), "told twice"
            gone[delivery_id].add(index)
        for delivery_id, indexes in gone.items():
            waiting = self.waiting.pop(delivery_id)
            assert indexes <= set(waiting.left), "told twice"
            left = tuple(index for index in waiting.left if index not in indexes)
            if left:
                self.waiting[delivery_id] = msgspec.structs.replace(waiting, left=left)


def states_of(entry: Entry) -> tuple[Place, ...]:
    """Return the waiting states that an entry stands for, oldest first."""
    return (*entry.covers, (entry.delivery_id, entry.index))


def _room_for(batch: Batch) -> int:
    """Return how many entries a message has room for: at least one."""
    sizes = accumulate(_size(entry.alert, batch) for entry in batch.entries)
    return max(1, sum(1 for size in sizes if size <= BODY_LIMIT))


def _size(alert: Alert, batch: Batch) -> int:
    full, line = estimate(alert)
    return full if batch.form is Form.FULL and not batch.alone else line


def _counts(waiting: Waiting) -> Iterator[Count]:
    alerts = [waiting.delivery.group.alerts[index] for index in waiting.left]
    for alert in alerts:
        full, line = estimate(alert)
        yield Count(
            priority=waiting.priority,
            template=waiting.delivery.settings.template,
            name=alert.name,
            severity=alert.labels.get("severity", ""),
            status=alert.status,
            alerts=1,
            full_bytes=full,
            line_bytes=line,
        )
