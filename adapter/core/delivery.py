"""Delivery and Outcome: what becomes of one alert group on its way to one robot.

A refusal of DingTalk is an ordinary answer, so it is a value, and `settle()` decides what follows
from it without touching a clock, a socket or the store.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, assert_never

import msgspec

from adapter.core.alerts import AlertGroup


class RenderSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Hold what routing decided about the look of a message."""

    template: str = "default"
    language: str = "zh"
    timezone: str = "Asia/Shanghai"


class Delivery(msgspec.Struct, frozen=True, kw_only=True, tag="alerts"):
    """Hold the part of one alert group that goes to one robot, and how it is to look."""

    robot: str
    group: AlertGroup
    settings: RenderSettings


class Notice(msgspec.Struct, frozen=True, kw_only=True, tag="notice"):
    """Hold a word of the adapter itself to one robot (markdown)."""

    robot: str
    title: str
    text: str


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one delivery for as long as `claimed_until` allows.

    `body` is set when these exact bytes may have reached DingTalk already and must go out again.
    """

    id: int
    robot: str
    payload: Delivery | Notice
    received_at: datetime
    attempts: int
    throttles: int
    message_uuid: str | None
    body: bytes | None
    claimed_until: datetime


class Idle(msgspec.Struct, frozen=True):
    """Say that nothing can be claimed before `until`; None: before something new arrives."""

    until: datetime | None


class Sent(msgspec.Struct, frozen=True):
    """DingTalk accepted the message."""


class Throttled(msgspec.Struct, frozen=True):
    """DingTalk refused because too many messages came; not an attempt."""

    errcode: str
    errmsg: str


class Exhausted(msgspec.Struct, frozen=True):
    """The month's messages are used up (90030)."""

    errcode: str
    errmsg: str


class Unreachable(msgspec.Struct, frozen=True):
    """No usable answer came; `ambiguous` when the message may have been accepted all the same."""

    reason: str
    ambiguous: bool


class Broken(msgspec.Struct, frozen=True):
    """The robot or its settings are at fault, whatever the message; `reason` is a short word."""

    errcode: str
    errmsg: str
    reason: str


class Refused(msgspec.Struct, frozen=True):
    """DingTalk refused this content; another message may pass."""

    errcode: str
    errmsg: str


class TooBig(msgspec.Struct, frozen=True):
    """The body is larger than DingTalk takes."""

    errcode: str
    errmsg: str


Outcome = Sent | Throttled | Exhausted | Unreachable | Broken | Refused | TooBig


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """Say what follows from an outcome.

    `due_at` None: delivered. Otherwise the delivery is tried again then. `frozen`: the same bytes
    must go out again. `rests_until`: the robot sends nothing before. `throttled`: refused for its
    rate, which is counted in a row and is no attempt.
    """

    due_at: datetime | None = None
    attempts: int = 0
    frozen: bool = False
    rests_until: datetime | None = None
    throttled: bool = False


FIRST_RETRY: Final = timedelta(seconds=1)
LONGEST_RETRY: Final = timedelta(minutes=5)
THROTTLE_REST: Final = timedelta(minutes=1)
LONGEST_THROTTLE_REST: Final = timedelta(minutes=10)
BROKEN_REST: Final = timedelta(minutes=10)
EXHAUSTED_REST: Final = timedelta(hours=1)


def backoff(attempts: int, jitter: float) -> timedelta:
    """Return how long to wait after so many failed attempts; `jitter` in [0, 1) spreads it.

    Doubles from one second to five minutes, and is at least half of the full span.
    """
    doublings = min(max(attempts - 1, 0), 20)
    span = min(FIRST_RETRY * (1 << doublings), LONGEST_RETRY)
    return span * (0.5 + jitter / 2)


def settle(
    outcome: Outcome, *, attempts: int, throttles: int, now: datetime, jitter: float
) -> Settlement:
    """Decide what follows from `outcome`; `attempts` and `throttles` count those before it."""
    match outcome:
        case Sent():
            return Settlement(attempts=attempts + 1)
        case Throttled():
            rest = min(THROTTLE_REST * (1 << min(throttles, 4)), LONGEST_THROTTLE_REST)
            until = now + rest
            return Settlement(due_at=until, attempts=attempts, rests_until=until, throttled=True)
        case Exhausted():
            return _rest(now + EXHAUSTED_REST, attempts)
        case Unreachable(ambiguous=ambiguous):
            due_at = now + backoff(attempts + 1, jitter)
            return Settlement(
                due_at=due_at, attempts=attempts + 1, frozen=ambiguous, rests_until=due_at
            )
        case Broken():
            return _rest(now + BROKEN_REST, attempts + 1)
        case Refused() | TooBig():
            return Settlement(due_at=now + backoff(attempts + 1, jitter), attempts=attempts + 1)
        case _:
            assert_never(outcome)


def _rest(until: datetime, attempts: int) -> Settlement:
    return Settlement(due_at=until, attempts=attempts, rests_until=until)
