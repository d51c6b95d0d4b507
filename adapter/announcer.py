"""Tell robots at each handoff who is on call from now on: once, whatever replicas and restarts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol

import msgspec
import structlog

from adapter.core.handoff import Shift, announcement, count, taken_over
from adapter.core.roster import current
from adapter.core.routes import inherit
from adapter.core.words import DEFAULT_LANGUAGE
from adapter.rounds import Rounds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from adapter.clock import Clock
    from adapter.config.settings import ScheduleSettings, Settings
    from adapter.core.alerts import Alert
    from adapter.core.delivery import Notice
    from adapter.core.oncall import Schedule
    from adapter.core.roster import Current

LOOK: Final = timedelta(minutes=1)
"""How often it is looked who is on call, at least; a handoff that is known is met exactly."""

log = structlog.get_logger(__name__)


class Kept(Protocol):
    """Where it stands what was told last."""

    def get(self, key: str) -> bytes | None:
        """Return what is kept under a key, if anything; raises StoreUnavailable."""
        ...

    def tell_once(
        self,
        key: str,
        *,
        before: bytes | None,
        after: bytes,
        words: Iterable[Notice],
        now: datetime,
    ) -> bool:
        """Keep `after` and queue the words, if `before` is still kept; return whether it was."""
        ...


class Store(Protocol):
    """Where alerts are looked up and words are queued."""

    @property
    def kept(self) -> Kept:
        """Return what survives a restart."""
        ...

    def alerts_between(self, robot: str, since: datetime, until: datetime) -> Iterator[Alert]:
        """Yield the alerts that came for a robot in a span."""
        ...


class Announcer:
    """Tell of handoffs."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        settings: Callable[[], Settings],
        schedules: Callable[[], Mapping[str, Schedule]],
        wake: Callable[[Iterable[str]], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._schedules = schedules
        self._wake = wake
        self.rounds = Rounds("announcer", clock, self.step, every=LOOK)

    def step(self) -> timedelta:
        """Tell of every handoff that has been and is not told; return when to look again."""
        settings, schedules, now = self._settings(), self._schedules(), self._clock.now()
        next_at = now + LOOK
        for each in settings.schedules.values():
            schedule = schedules.get(each.name)
            if each.announce and schedule is not None:
                found = current(schedule, settings.people, now)
                self._tell(each, found, settings, now)
                next_at = min(next_at, found.until or next_at)
        return next_at - self._clock.now()

    def _tell(
        self, schedule: ScheduleSettings, found: Current, settings: Settings, now: datetime
    ) -> None:
        key = f"shift/{schedule.name}"
        before = self._store.kept.get(key)
        last = None if before is None else msgspec.json.decode(before, type=Shift)
        shift = taken_over(last, found, now)
        if shift is None:
            return
        words = [] if last is None else list(self._words(schedule, found, last, settings))
        after = msgspec.json.encode(shift)
        if self._store.kept.tell_once(key, before=before, after=after, words=words, now=now):
            self._wake(notice.robot for notice in words)
            log.info("on call", schedule=schedule.name, people=shift.people, told=len(words))

    def _words(
        self, schedule: ScheduleSettings, found: Current, last: Shift, settings: Settings
    ) -> Iterator[Notice]:
        ended_at = found.since or self._clock.now()
        for name in schedule.announce:
            robot = settings.robots[name]
            look = inherit((robot.defaults, settings.route.settings))
            alerts = self._store.alerts_between(name, last.since, ended_at)
            yield announcement(
                name,
                schedule.name,
                now=found,
                last=last,
                counts=count(alerts, settings.scale),
                people=settings.people,
                zone=schedule.schedule.zone,
                language=look.language or DEFAULT_LANGUAGE,
            )
