"""Reminding: when an alert that nobody looks after rings again, and when that ends.

It ends when the alert is acknowledged, silenced or over, which is noted elsewhere; when it has rung
as often as it may; and when nothing was heard of the alert for so long that its end must have been
missed: Alertmanager tells no end of what was silenced, inhibited or lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

if TYPE_CHECKING:
    from adapter.core.matchers import Matcher

REPEAT: Final = timedelta(hours=4)
"""Alertmanager's repeat interval, unless an alert was seen to come more rarely."""


class Quiet(NamedTuple):
    """Say of which alerts of a source nobody must be reminded any more: these, and their like."""

    source: str
    fingerprints: tuple[str, ...]
    matchers: tuple[Matcher, ...] = ()
    why: str = "acknowledged"


class Remind(msgspec.Struct, frozen=True, kw_only=True):
    """Say when what nobody looks after rings again, how often, and whom."""

    after: timedelta
    times: int = 3
    targets: tuple[str, ...] = ()


class Reminder(msgspec.Struct, frozen=True, kw_only=True):
    """Hold how far the reminding of one alert is.

    `gap` is the longest time between two webhooks that told it. It `waits` while its robot has not
    been told of it, and was told at `told_at`.
    """

    due_at: datetime
    heard_at: datetime
    gap: timedelta = timedelta(0)
    sent: int = 0
    waits: bool = False
    told_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Look again then."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Ring:
    """Ring now, for the `number`th time, and look again then; None: never."""

    number: int
    then: datetime | None


@dataclass(frozen=True, slots=True)
class Over:
    """Ring no more."""

    why: str


DONE: Final = "rang as often as it may"
UNHEARD: Final = "nothing was heard of the alert"

Verdict = Wait | Ring | Over


def judge(reminder: Reminder, remind: Remind, now: datetime) -> Verdict:
    """Return what becomes of a reminder now."""
    if now - reminder.heard_at > 2 * max(REPEAT, reminder.gap):
        return Over(UNHEARD)
    if reminder.sent >= remind.times:
        return Over(DONE)
    if reminder.waits:
        return Wait(now + remind.after)
    due_at = reminder.due_at
    if not reminder.sent and reminder.told_at is not None:
        due_at = max(due_at, reminder.told_at + remind.after)
    if due_at > now:
        return Wait(due_at)
    number = reminder.sent + 1
    return Ring(number, now + remind.after if number < remind.times else None)
