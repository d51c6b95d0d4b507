"""What follows from an outcome: pure, so that every case can be seen and tried.

Spans that follow from the rate scale with its `per`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, assert_never

import msgspec

from adapter.core.delivery import (
    Broken,
    Exhausted,
    Outcome,
    Refused,
    Sent,
    Throttled,
    TooBig,
    Unreachable,
)
from adapter.core.illness import illness
from adapter.core.monthly import MONTHS_TURN
from adapter.core.turn import Fate, Refusal, Settlement

if TYPE_CHECKING:
    from adapter.core.turn import Turn

FIRST_RETRY: Final = timedelta(seconds=1)
LONGEST_RETRY: Final = timedelta(minutes=5)
LONGEST_THROTTLE: Final = 10
"""How many times `per` a throttled token rests at most: DingTalk mutes for ten minutes."""

BROKEN_REST: Final = 10
"""How many times `per` a broken robot is left alone before it is tried again."""

PLAIN_SPAN: Final = 10
"""How many times `per` all is told without URLs and annotations once two messages failed alike."""

SMALLEST_ROOM: Final = 4_000


def backoff(failures: int, jitter: float) -> timedelta:
    """Return how long to wait after so many failures in a row; `jitter` in [0, 1) spreads it.

    Doubles from one second to five minutes, and is at least half of the full span.
    """
    doublings = min(max(failures - 1, 0), 20)
    span = min(FIRST_RETRY * (1 << doublings), LONGEST_RETRY)
    return span * (0.5 + jitter / 2)


def settle(
    outcome: Outcome, turn: Turn, *, now: datetime, jitter: float, minimal: bool = False
) -> Settlement:
    """Decide what becomes of a message that was sent in this turn, and of its token.

    `minimal`: the message had neither URLs nor annotations.
    """
    settlement = _settle(outcome, turn, now, jitter)
    refusal, plain_until = turn.refusal, turn.plain_until
    if isinstance(outcome, Refused) and not minimal:
        span = turn.quota.rate.per * PLAIN_SPAN
        if refusal is not None and refusal.errcode == outcome.errcode and now - refusal.at < span:
            plain_until = now + span
        refusal = Refusal(outcome.errcode, now)
    return msgspec.structs.replace(
        settlement,
        ill=illness(outcome),
        refusal=refusal,
        plain_until=plain_until,
        arrived=not isinstance(outcome, Unreachable) or outcome.ambiguous,
    )


def _settle(  # noqa: PLR0911  # a case each
    outcome: Outcome, turn: Turn, now: datetime, jitter: float
) -> Settlement:
    per, failed = turn.quota.rate.per, turn.failures + 1
    match outcome:
        case Sent():
            return Settlement(fate=Fate.SENT)
        case Throttled():
            spans = min(1 << min(turn.throttles, 10), LONGEST_THROTTLE)
            return Settlement(
                fate=Fate.DISSOLVED,
                rests_until=now + per * spans,
                throttles=turn.throttles + 1,
                failures=turn.failures,
            )
        case Exhausted():
            return Settlement(fate=Fate.DISSOLVED, rests_until=next_month(now), failures=failed)
        case Unreachable(ambiguous=ambiguous):
            fate = Fate.FROZEN if ambiguous else Fate.DISSOLVED
            return Settlement(fate=fate, rests_until=now + backoff(failed, jitter), failures=failed)
        case Broken():
            rests_until = now + per * BROKEN_REST
            return Settlement(fate=Fate.DISSOLVED, rests_until=rests_until, failures=failed)
        case Refused():
            return Settlement(fate=Fate.REFUSED)
        case TooBig() if turn.room <= SMALLEST_ROOM or not turn.tells_alerts:
            return Settlement(fate=Fate.REFUSED)  # it cannot be the size, or be made smaller
        case TooBig():
            room = max(SMALLEST_ROOM, turn.room * 3 // 4)
            return Settlement(fate=Fate.DISSOLVED, room=room)
        case _:
            assert_never(outcome)


def next_month(now: datetime) -> datetime:
    """Return when the month turns where DingTalk counts it."""
    local = now.astimezone(MONTHS_TURN)
    year, month = (local.year + 1, 1) if local.month == 12 else (local.year, local.month + 1)  # noqa: PLR2004  # December
    return datetime(year, month, 1, tzinfo=MONTHS_TURN).astimezone(now.tzinfo)
