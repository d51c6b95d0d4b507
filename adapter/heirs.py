"""Heirs: which robot tells what waits for one that is configured no more.

That is its former fallback, or else the first of the root's robots. The deliveries stay its own,
so that it takes them when it comes back.
"""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol

import structlog

from adapter.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

    from adapter.clock import Clock
    from adapter.config.settings import Settings

ROLLOUT: Final = timedelta(minutes=5)
"""How long replicas may go by different configurations: what one does not know yet is not gone."""

log = structlog.get_logger(__name__)


class Kept(Protocol):
    """Where former fallbacks survive a restart."""

    def get(self, key: str) -> bytes | None:
        """Return what is kept under a key, if anything; raises StoreUnavailable."""
        ...

    def put(self, key: str, value: bytes, *, now: datetime) -> None:
        """Keep a value in place of the one before; raises StoreUnavailable."""
        ...


class Store(Protocol):
    """Know for whom something waits."""

    @property
    def kept(self) -> Kept:
        """Return what survives a restart."""
        ...

    def queue(self, now: datetime | None = None) -> Mapping[str, object]:
        """Return what waits, by robot; with `now` also what was deferred until then."""
        ...

    def dissolve(self, known: Collection[str], *, now: datetime, age: timedelta) -> int:
        """Let be planned anew what tokens other than these left open for so long; return how much.

        That is counted in messages.
        """
        ...


class Heirs:
    """Know the heir of each robot that is gone and for which something waits.

    Where replicas share the store it is gone once it has not been known here for `patience`.
    """

    def __init__(self, store: Store, clock: Clock, *, patience: timedelta = timedelta(0)) -> None:
        self._store = store
        self._clock = clock
        self._patience = patience
        self._unknown_since: dict[str, datetime] = {}
        self._lock = threading.Lock()
        self._fallbacks: dict[str, str] = {}  # as they are kept
        self._heirs: Mapping[str, str] = {}
        self._waiting: frozenset[str] = frozenset()

    def known(self) -> Mapping[str, str]:
        """Return the names of heirs, by the robot that is gone."""
        return self._heirs

    def refresh(self, settings: Settings) -> None:
        """Find who is gone and who its heir is, and tell of it once."""
        with self._lock:
            try:
                gone = self._look(settings)
                heirs = {robot: self._heir(robot, settings) for robot in sorted(gone)}
            except StoreUnavailable as error:  # the configuration is in force all the same
                log.warning("what waits for robots of old could not be read", why=str(error))
                return
            found = {robot: heir for robot, heir in heirs.items() if heir}
            self._tell(found, gone - found.keys())
            if found != self._heirs:
                self._heirs = found

    def _look(self, settings: Settings) -> frozenset[str]:
        """Remember the fallbacks of now, and return the robots that are gone."""
        now = self._clock.now()
        for robot in settings.robots.values():
            if self._fallback(robot.name) != robot.fallback:
                self._store.kept.put(_key(robot.name), robot.fallback.encode(), now=now)
                self._fallbacks[robot.name] = robot.fallback
        robots = settings.robots.values()
        tokens = {member.token_key for robot in robots for member in robot.members}
        dissolved = self._store.dissolve(tokens, now=now, age=self._patience)
        if dissolved:
            log.warning("messages of tokens of old may come twice", messages=dissolved)
        unknown = self._store.queue(now).keys() - settings.robots.keys()
        self._unknown_since = {name: self._unknown_since.get(name, now) for name in unknown}
        since = self._unknown_since.items()
        return frozenset(name for name, at in since if now - at >= self._patience)

    def _heir(self, robot: str, settings: Settings) -> str:
        candidates = (self._fallback(robot), *(settings.route.settings.robots or ()))
        return next((name for name in candidates if name and name in settings.robots), "")

    def _fallback(self, robot: str) -> str | None:
        """Return the fallback that a robot has or had; None if it was never seen."""
        if robot not in self._fallbacks:
            kept = self._store.kept.get(_key(robot))
            if kept is None:
                return None
            self._fallbacks[robot] = kept.decode()
        return self._fallbacks[robot]

    def _tell(self, heirs: Mapping[str, str], alone: Iterable[str]) -> None:
        for robot, heir in heirs.items():
            if self._heirs.get(robot) != heir:
                what = "deliveries of a robot that is configured no more go to another"
                log.warning(what, robot=robot, to=heir)
        waiting = frozenset(alone)
        if waiting - self._waiting:
            what = "deliveries wait for robots that are not configured"
            log.warning(what, robots=sorted(waiting))
        self._waiting = waiting


def _key(robot: str) -> str:
    return f"fallback/{robot}"
