"""Trials: how alerts are tried again after DingTalk refused a message because of its content.

They go out plainly, without URLs and annotations, apart from all others, so that nobody else is
refused for their sake, and in ever smaller numbers (`Waiting.suspect`), until the one at fault
stands alone. Time is cut into spans of four slots, and trials have the first slot of each: so they
take about a quarter of what a token sends, whatever else waits, and no memory is needed.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from adapter.core.batch import Batch, Form

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapter.core.folding import Queued
    from adapter.core.quota import Quota

SHARE: Final = 4
"""Trials have one slot of so many."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def trial_at(quota: Quota, now: datetime) -> datetime:
    """Return the earliest instant, not before `now`, at which a trial may be sent.

    Within its slot a trial is the first message, or it is sent when the burst is spent: then the
    next must wait for a slot of its own.
    """
    slot = quota.rate.slot
    passed = (now - _EPOCH) % (SHARE * slot)
    began_at = now - passed
    spent = quota.spend(now, now).next_at(now) > now
    sent = any(end >= began_at + quota.rate.per for end in quota.charges)
    return now if passed < slot and (spent or not sent) else began_at + SHARE * slot


def trial(suspects: Sequence[Queued]) -> Batch:
    """Return the next suspects, as many as each of them may be told with."""
    first, room, told = suspects[0], suspects[0].suspect, 0
    for suspect in suspects:
        room = min(room, suspect.suspect)
        alike = (suspect.priority, suspect.stream.look) == (first.priority, first.stream.look)
        if not alike or told >= room:
            break
        told += 1
    return Batch(
        form=Form.FULL,
        priority=first.priority,
        entries=tuple(queued.entry for queued in suspects[:told]),
        minimal=True,
    )
