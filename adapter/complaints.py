"""Tell the root's robots of refused webhooks: once an hour, whatever replicas and restarts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from adapter.core.refusal_notice import refusal_notice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from adapter.clock import Clock
    from adapter.config.settings import Settings
    from adapter.core.delivery import Notice

PAUSE: Final = timedelta(hours=1)
"""How long nothing more is told."""

_KEY: Final = "refusal"


class Kept(Protocol):
    """Where it stands when something was told last."""

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


class Complaints:
    """Tell of webhooks that were refused for good."""

    def __init__(
        self,
        kept: Kept,
        clock: Clock,
        *,
        settings: Callable[[], Settings],
        wake: Callable[[Iterable[str]], None],
    ) -> None:
        self._kept = kept
        self._clock = clock
        self._settings = settings
        self._wake = wake

    def tell(self, code: int, why: str) -> None:
        """Tell of one, unless one was told within the hour; raises StoreUnavailable."""
        settings, now = self._settings(), self._clock.now()
        robots = [name for name in settings.route.settings.robots or () if name in settings.robots]
        before = self._kept.get(_KEY)
        if not robots or (before is not None and _recent(before, now)):
            return
        words = [refusal_notice(name, code, why) for name in robots]
        after = msgspec.json.encode(now)
        if self._kept.tell_once(_KEY, before=before, after=after, words=words, now=now):
            self._wake(robots)


def _recent(told: bytes, now: datetime) -> bool:
    """Return whether it was within the hour; what the future says, a wrong clock has said."""
    return timedelta(0) <= now - msgspec.json.decode(told, type=datetime) < PAUSE
