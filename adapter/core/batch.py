"""Batch: what one message is to tell, and in which form.

A delivery may hold more alerts than one message can tell, and one message may tell alerts of many
deliveries. An `Entry` names one alert of one waiting delivery; a `Batch` lists entries; how many of
them one message really has room for is known only once it is rendered.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from itertools import cycle
from typing import NamedTuple

import msgspec

from adapter.core.alerts import Alert, Status
from adapter.core.delivery import Delivery, RenderSettings, Split
from adapter.core.priority import Priority

Place = tuple[int, int]
"""Delivery id and index: which state of an alert, and how long it has waited."""


class Form(StrEnum):
    """Say how an alert is told: with all its words, in one line, or as a number."""

    FULL = "full"
    LINE = "line"
    DIGEST = "digest"


class Entry(msgspec.Struct, frozen=True, kw_only=True, gc=False):  # like an Alert, in no cycle
    """Name one alert to tell: the newest state that waits.

    `covers` are the older waiting states of the same alert, as (delivery id, index): they are told
    by this entry and by nothing else. `received_at` is when the oldest of them came.
    """

    delivery_id: int
    index: int
    alert: Alert
    delivery: Delivery
    received_at: datetime
    covers: tuple[Place, ...] = ()


class Stream(NamedTuple):
    """Name an alert group and its look: what may be told as one group.

    A sender that gives no group key says nothing of what belongs together but by its deliveries.
    """

    source: str
    receiver: str
    group_key: str | int  # or the delivery's id
    look: RenderSettings
    alert: str = ""  # the only one, where each has a message of its own


class Queued(NamedTuple):
    """Hold an entry with what decides about its turn; `suspect` as in `Waiting`."""

    entry: Entry
    priority: Priority
    place: Place
    stream: Stream
    suspect: int


class Waiting(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Hold one delivery that waits; `left` are the indexes of its alerts not told yet, in order.

    It is planned with at every turn until it is told, so what follows from it is kept with it.
    """

    id: int
    delivery: Delivery
    priority: Priority
    received_at: datetime
    left: tuple[int, ...]
    suspect: int = 0  # DingTalk refused a message with it: at most so many alerts beside it now

    @cached_property
    def fingerprints(self) -> frozenset[str]:
        """Return those of the alerts that are left."""
        alerts = self.delivery.group.alerts
        return frozenset([alerts[index].fingerprint for index in self.left])

    @cached_property
    def streams(self) -> tuple[Stream, ...]:
        """Return as what the alerts that are left may be told: as one group, or each as its own."""
        group, settings = self.delivery.group, self.delivery.settings
        key = group.group_key or self.id
        together = Stream(group.source, group.receiver, key, settings)
        if self.delivery.split is Split.GROUP or not self.left:
            return (together,)
        alerts = (group.alerts[index] for index in self.left)
        return tuple(together._replace(alert=alert.fingerprint) for alert in alerts)

    @cached_property
    def queued(self) -> tuple[Queued, ...]:
        """Return how the alerts that are left wait if no other delivery tells of them."""
        return tuple(
            Queued(self._entry(index), self.priority, (self.id, index), stream, self.suspect)
            for index, stream in zip(self.left, cycle(self.streams), strict=False)
        )

    def _entry(self, index: int) -> Entry:
        return Entry(
            delivery_id=self.id,
            index=index,
            alert=self.delivery.group.alerts[index],
            delivery=self.delivery,
            received_at=self.received_at,
        )


class Count(msgspec.Struct, frozen=True, kw_only=True, gc=False):  # as above
    """Count alerts that wait at one robot, by what a digest tells of them.

    `full_bytes` and `line_bytes` estimate what telling them so would take. `names` is how many
    alert names it counts together, where there are too many to count each; then it has no `name`.
    """

    priority: Priority
    template: str
    name: str  # the alertname
    severity: str
    status: Status
    alerts: int
    full_bytes: int
    line_bytes: int
    fired: bool = False  # while it was held back, whatever its state is now
    names: int = 0


class Last(msgspec.Struct, frozen=True, kw_only=True):
    """Remember how the last message told alerts: what waited then already is told alike."""

    form: Form
    alone: bool
    planned_at: datetime


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Sum up all that waits at one robot; the outbox keeps it up to date as alerts come and go."""

    counts: tuple[Count, ...] = ()
    deliveries: int = 0  # of normal priority
    high_deliveries: int = 0
    last_id: int = 0  # the newest delivery that is counted
    oldest_received_at: datetime | None = None
    last: Last | None = None


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """Sum up what was deferred at one robot and is due: told in one digest, apart from the rest.

    The first of it has been due `since` then, all of it at `until`; `head` is its beginning.
    """

    since: datetime
    until: datetime
    totals: Totals
    head: tuple[Waiting, ...] = ()


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Hold how patient a robot's readers are.

    `pace`: how long normal priority waits to be told together; zero where nothing must be spared.
    `senders`: how many tokens share the load.
    `digests`: whether all that waits may be summed up; what would be is told in lines otherwise.
    """

    digest_after: timedelta
    max_age: timedelta = timedelta(hours=6)
    pace: timedelta = timedelta(0)
    senders: int = 1
    digests: bool = True


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what the next message tells.

    `entries` are the candidates in order; the message tells as many of the first as fit. A digest
    tells every normal alert up to `through_id` by `totals`, and `entries` only serve as examples.
    `alone`: the entries are one group, told by that group's own template.
    `held`: the digest tells this instead, which was deferred.
    `parts`: in how many messages all that waits in this form will be told, as far as is known now.
    """

    form: Form
    priority: Priority
    entries: tuple[Entry, ...]
    alone: bool = False
    parts: int = 1
    through_id: int = 0
    minimal: bool = False  # without URLs and annotations, because DingTalk refused more
    totals: Totals = Totals()
    held: Held | None = None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Say what to send now, or when to look again (None: when something arrives)."""

    batch: Batch | None = None
    wake_at: datetime | None = None
