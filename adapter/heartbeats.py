"""Look at the switches of heartbeats, and tell robots what stopped coming and what is back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol

import structlog

from adapter.core.heartbeat_notice import VALUE_BYTES, notices
from adapter.core.heartbeats import Watched
from adapter.core.reader import Readers
from adapter.core.routes import inherit
from adapter.core.switches import Seen, look
from adapter.core.targets import look_of
from adapter.rounds import Rounds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from adapter.clock import Clock
    from adapter.config.settings import Settings
    from adapter.core.delivery import Notice
    from adapter.core.heartbeats import Heartbeat
    from adapter.core.switches import Look, Switch

LOOK_EVERY: Final = timedelta(seconds=2)
"""How often the switches are looked at, and how late at most it is told that one fell."""

log = structlog.get_logger(__name__)


class Store(Protocol):
    """Where switches are kept."""

    def look_at_heartbeats(
        self,
        judge: Callable[[Sequence[Switch], bool], Seen],
        *,
        now: datetime,
        only: Watched | None = None,
    ) -> Seen:
        """Commit what `judge` makes of all switches; first forget all that is not of `only`."""
        ...


class Watch:
    """Look at the switches from time to time."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        settings: Callable[[], Settings],
        wake: Callable[[Iterable[str]], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._wake = wake
        self._watched: Watched | None = None
        self.rounds = Rounds("heartbeats", clock, self.step, every=LOOK_EVERY)

    def step(self) -> None:
        """Look once; a configuration that is new first has what is not of it forgotten."""
        settings, now = self._settings(), self._clock.now()
        watched = Watched(tuple(each.key for each in settings.heartbeats), tuple(settings.sources))
        changed = watched != self._watched
        if not (changed or watched.heartbeats):
            return
        seen = self._store.look_at_heartbeats(
            lambda switches, interrupted: _judge(settings, switches, now, interrupted),
            now=now,
            only=watched if changed else None,
        )
        self._watched = watched
        self._wake({notice.robot for notice in seen.words})
        for each in seen.looks:
            _log(each)


def _judge(
    settings: Settings,
    switches: Sequence[Switch],
    now: datetime,
    interrupted: bool,  # noqa: FBT001  # as the store says it
) -> Seen:
    looks: list[Look] = []
    words: list[Notice] = []
    for heartbeat in settings.heartbeats:
        own = (switch for switch in switches if switch.heartbeat == heartbeat.key)
        found = look(heartbeat, own, now, interrupted=interrupted)
        looks.append(found)
        words += _words(heartbeat, found, settings, now)
    return Seen(looks, words)


def _words(
    heartbeat: Heartbeat, found: Look, settings: Settings, now: datetime
) -> Iterator[Notice]:
    for robot in heartbeat.robots:
        defaults = settings.robots[robot].defaults
        look_there = look_of(inherit((defaults, settings.route.settings)))
        reader = Readers(now, settings.style).of(look_there, VALUE_BYTES)
        yield from notices(robot, heartbeat, found, reader)


def _log(found: Look) -> None:
    for event, switches in (
        ("heartbeat lost", found.lost),
        ("heartbeat is back", found.back),
    ):
        for each in switches:
            log.warning(
                event,
                heartbeat=each.heartbeat,
                source=each.source,
                value=each.value,
                since=str(each.lost_since),
            )
