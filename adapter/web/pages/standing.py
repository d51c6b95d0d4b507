"""Standing: how each robot stands, from what the outbox and the configuration say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from adapter.core.advice import remedy
from adapter.core.illness import BLOCKED, told
from adapter.core.priority import Priority

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from adapter.config.settings import RobotSettings, Settings
    from adapter.web.pages.records import Ailing, Records


@dataclass(frozen=True, slots=True)
class Meter:
    """Count what a token of a robot has sent against its rate; `number` is its place in the pool.

    `rests_until` is None while it does not rest.
    """

    number: int
    sent: int
    limit: int
    rests_until: datetime | None

    @property
    def left(self) -> int:
        """Return how many more the rate allows at once."""
        return max(0, self.limit - self.sent)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Say what a token of a robot suffers from, in words, and what a person can do."""

    number: int
    broken: bool
    reason: str
    answer: str
    next_step: str
    since: datetime
    tried_again_at: datetime


@dataclass(frozen=True, slots=True)
class Month:
    """Count what a robot's quota has spent."""

    quota: str
    spent: int
    messages: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Hold how a robot stands; `oldest` is when the oldest of what waits was received."""

    name: str
    meters: tuple[Meter, ...]
    troubles: tuple[Trouble, ...]
    month: Month | None
    high: int
    normal: int
    others: int
    held_back: int
    dead: int
    oldest: datetime | None

    @property
    def state(self) -> str:
        """Return it in a word: broken, blocked, resting or well."""
        if any(trouble.broken for trouble in self.troubles):
            return "broken"
        if self.troubles:
            return "blocked"
        return "resting" if all(meter.rests_until for meter in self.meters) else "well"


def standings(
    settings: Settings, records: Records, now: datetime, language: str
) -> tuple[Standing, ...]:
    """Return how every robot stands, those of the past that have something left at the end."""
    return tuple(_Look(settings, records, now, language).all())


class _Look:
    """Ask the outbox once for all robots."""

    def __init__(self, settings: Settings, records: Records, now: datetime, language: str) -> None:
        self._robots, self._now, self._language = settings.robots, now, language
        self._queue, self._lanes = records.queue(now), records.lanes()
        self._held, self._dead = records.held_back(), records.dead()
        self._spent, self._resting = records.spent(now), records.resting()
        self._ailing, self._months = records.ailing(), records.months(now)

    def all(self) -> Iterator[Standing]:
        gone = {*self._queue, *self._held, *self._dead} - self._robots.keys()
        for name in (*self._robots, *sorted(gone)):
            yield self._standing(name, self._robots.get(name))

    def _standing(self, name: str, robot: RobotSettings | None) -> Standing:
        waiting, lanes = self._queue.get(name), self._lanes.get(name, {})
        members = () if robot is None else robot.members
        high, normal = lanes.get(Priority.HIGH, 0), lanes.get(Priority.NORMAL, 0)
        return Standing(
            name=name,
            meters=tuple(self._meter(*each) for each in enumerate(members)),
            troubles=tuple(
                self._trouble(number, self._ailing[each.token_key])
                for number, each in enumerate(members)
                if each.token_key in self._ailing
            ),
            month=None if robot is None else self._month(robot),
            high=high,
            normal=normal,
            others=max(0, (0 if waiting is None else waiting.pending) - high - normal),
            held_back=self._held.get(name, 0),
            dead=self._dead.get(name, 0),
            oldest=None if waiting is None else waiting.oldest_received_at,
        )

    def _meter(self, number: int, member: RobotSettings) -> Meter:
        rests_until = self._resting.get(member.token_key)
        resting = rests_until is not None and rests_until > self._now
        sent = self._spent.get(member.token_key, 0)
        return Meter(number, sent, member.rate.messages, rests_until if resting else None)

    def _trouble(self, number: int, ailing: Ailing) -> Trouble:
        return Trouble(
            number=number,
            broken=ailing.reason not in BLOCKED,
            reason=told(ailing.reason, self._language),
            answer=ailing.why,
            next_step=remedy(ailing.reason, self._language),
            since=ailing.since,
            tried_again_at=ailing.rests_until,
        )

    def _month(self, robot: RobotSettings) -> Month | None:
        quota = robot.allowance
        if quota is None:
            return None
        month = self._months.get(quota.name)
        spent = quota.used if month is None else month.spent(quota.used)
        return Month(quota.name, spent, quota.messages)
