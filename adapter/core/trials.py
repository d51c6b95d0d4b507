"""Trials: how alerts are tried again after DingTalk refused a message because of its content.

They go out plainly, without URLs and annotations, apart from all others, so that nobody else is
refused for their sake, and in ever smaller numbers (`Waiting.suspect`), until the one at fault
stands alone. With every message the quota's `steady_at` goes on by a slot at least; of every four
slots of that time trials have the first: so they take a quarter of what a token sends at most, get
it whatever normal alerts wait, and nobody has to remember the last one.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from adapter.core.batch import Batch, Form

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapter.core.batch import Queued
    from adapter.core.quota import Quota

SHARE: Final = 4
"""Trials have one slot of so many."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def trial_at(quota: Quota, now: datetime) -> datetime:
    """Return the earliest instant, not before `now`, at which a trial has its turn."""
    slot = quota.rate.slot
    at = max(now, quota.steady_at or now)
    passed = (at - _EPOCH) % (SHARE * slot)
    return now if passed < slot else at - passed + SHARE * slot


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
