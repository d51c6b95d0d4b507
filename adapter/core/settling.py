"""What follows from an outcome: pure, so that every case can be seen and tried.

Spans that follow from the rate scale with its `per`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, assert_never
from zoneinfo import ZoneInfo

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
from adapter.core.turn import Fate, Settlement

if TYPE_CHECKING:
    from adapter.core.turn import Turn

FIRST_RETRY: Final = timedelta(seconds=1)
LONGEST_RETRY: Final = timedelta(minutes=5)
LONGEST_THROTTLE: Final = 10
"""How many times `per` a throttled token rests at most: DingTalk mutes for ten minutes."""

BROKEN_REST: Final = 10
"""How many times `per` a broken robot is left alone before it is tried again."""

SMALLEST_ROOM: Final = 4_000
_MONTHS_TURN: Final = ZoneInfo("Asia/Shanghai")  # where DingTalk counts


def backoff(failures: int, jitter: float) -> timedelta:
    """Return how long to wait after so many failures in a row; `jitter` in [0, 1) spreads it.

    Doubles from one second to five minutes, and is at least half of the full span.
    """
    doublings = min(max(failures - 1, 0), 20)
    span = min(FIRST_RETRY * (1 << doublings), LONGEST_RETRY)
    return span * (0.5 + jitter / 2)


def settle(  # noqa: PLR0911  # a case each
    outcome: Outcome, turn: Turn, *, now: datetime, jitter: float
) -> Settlement:
    """Decide what becomes of a message that was sent in this turn, and of its token."""
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
    local = now.astimezone(_MONTHS_TURN)
    year, month = (local.year + 1, 1) if local.month == 12 else (local.year, local.month + 1)  # noqa: PLR2004  # December
    return datetime(year, month, 1, tzinfo=_MONTHS_TURN).astimezone(now.tzinfo)
