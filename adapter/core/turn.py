"""Turn: what a token's sender may send now, and what becomes of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from adapter.core.batch import Batch, Entry, Form, Held, Totals, Waiting
from adapter.core.delivery import Notice, Post
from adapter.core.monthly import Allowance
from adapter.core.quota import Quota


class OpenBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a message that was, or may have been, on its way: these very bytes must go out again."""

    id: str
    body: bytes
    form: Form
    alerts: int
    attempts: int
    oldest_received_at: datetime
    minimal: bool = False


class Refusal(msgspec.Struct, frozen=True):
    """Remember that DingTalk refused a message for its content, told with all its words."""

    errcode: str
    at: datetime


class Relief(msgspec.Struct, frozen=True):
    """Say for whom a token stands in: once all of these have been ill for `after`.

    Without any, for a robot that is configured no more.
    """

    tokens: tuple[str, ...]
    after: timedelta


class StoredNotice(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a word of the adapter itself, or a message that was asked for, that waits."""

    id: int
    notice: Notice | Post
    received_at: datetime


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the right to send for one token until `leased_until`, and what there is to send.

    One of three: a message to repeat (`open`), a notice, or alerts to plan (`head`, `totals`, and
    `held`: those that were deferred). A notice beside alerts is sent only if no alert is to be
    told now.
    `throttles` and `failures` count those in a row. `room` is how many bytes a body may have.
    `announced` are those alerts of the head that the robot has told as firing (`mentions.py`).
    `allowance`: what the month allows the token's robot; `paced`: today's share of it is spent.
    `senders`: how many tokens share the load.
    `stands_in_for`: what the robot suffers from whose queue this is, if another's token sends.
    `digests`: whether all may be summed up; not while a message of another token tells some of it.
    `ill`: what the token suffered from at last. `refusal`: the content it was refused last.
    """

    token: str
    robot: str
    leased_until: datetime
    quota: Quota
    room: int
    throttles: int = 0
    failures: int = 0
    ill: str = ""
    refusal: Refusal | None = None
    plain_until: datetime | None = None
    allowance: Allowance | None = None
    paced: bool = False
    senders: int = 1
    stands_in_for: str = ""
    digests: bool = True
    open: OpenBatch | None = None
    notice: StoredNotice | None = None
    head: tuple[Waiting, ...] = ()
    totals: Totals = Totals()
    held: Held | None = None
    announced: frozenset[str] = frozenset()

    @property
    def tells_alerts(self) -> bool:
        """Return whether what is sent is made of alerts, and so could be made smaller."""
        if self.open is not None:
            return self.open.alerts > 0
        return self.notice is None or bool(self.head) or self.held is not None


class Stirring(msgspec.Struct, frozen=True):
    """Name the queues in which something waits, and the tokens that have left a message open."""

    queues: frozenset[str]
    tokens: frozenset[str]


class Launch(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a message about to be sent, as it is stored before.

    `entries` are the alerts it tells; a digest tells every normal one up to `through_id` instead.
    """

    id: str
    body: bytes
    form: Form
    alerts: int
    oldest_received_at: datetime
    entries: tuple[Entry, ...] = ()
    through_id: int = 0
    digested: Totals | None = None
    deferred_until: datetime | None = None
    notice_id: int = 0
    minimal: bool = False

    @classmethod
    def of(cls, batch: Batch, told: int, message_id: str, body: bytes) -> Launch:
        """Return the message that tells the first `told` entries of a batch."""
        entries = batch.entries[:told]
        oldest = min(entry.received_at for entry in batch.entries[: max(told, 1)])
        if batch.form is not Form.DIGEST:
            return cls(
                id=message_id,
                body=body,
                form=batch.form,
                alerts=len(entries),
                oldest_received_at=oldest,
                entries=entries,
                minimal=batch.minimal,
            )
        if batch.held is not None:
            oldest = batch.held.since  # it was not late before it was due
        normal = tuple(count for count in batch.totals.counts if count.priority == 0)
        return cls(
            id=message_id,
            body=body,
            form=batch.form,
            alerts=sum(count.alerts for count in normal),
            oldest_received_at=(not batch.held and batch.totals.oldest_received_at) or oldest,
            through_id=batch.through_id,
            digested=batch.totals,
            deferred_until=None if batch.held is None else batch.held.until,
        )


class Fate(StrEnum):
    """Say what becomes of a message after an answer, or none."""

    SENT = "sent"
    FROZEN = "open"  # it may have arrived: the same bytes again
    DISSOLVED = "dissolved"  # it has not: its alerts are planned anew
    REFUSED = "refused"  # its content was: told more plainly, then in halves, then dead


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """Say what follows from an outcome for the message and for its token.

    `ill`: what the token suffers from now. `refusal` and `plain_until` replace what it knew.
    `notices` are stored in the same transaction. `arrived`: DingTalk may have counted the message.
    """

    fate: Fate
    rests_until: datetime | None = None
    throttles: int = 0
    failures: int = 0
    room: int | None = None
    ill: str = ""
    refusal: Refusal | None = None
    plain_until: datetime | None = None
    notices: tuple[Notice, ...] = ()
    arrived: bool = True
