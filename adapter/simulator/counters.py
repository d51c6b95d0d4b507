"""What a DingTalk remembers between requests: rates, message ids, the month's messages.

Nothing here reads the time: `now` is an argument. Every store of keys is bounded, the oldest key
goes first, so that strangers' tokens cannot fill the memory.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import timedelta, timezone
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from datetime import datetime

    from adapter.simulator.settings import Rate

_MONTHS_TURN_IN: Final = timezone(timedelta(hours=8))  # DingTalk's organisations live in China
_KEYS: Final = 50_000


@dataclass(frozen=True, slots=True)
class Meter:
    """Say how much of its rate a token has used, and until when it is muted."""

    sent: int
    limit: int
    muted_until: datetime | None


@dataclass(slots=True)
class _Window:
    sent: deque[datetime] = field(default_factory=deque)
    muted_until: datetime | None = None


class Counters:
    """Count requests by token, message ids by robot, and messages by month."""

    def __init__(self) -> None:
        self._windows: OrderedDict[str, _Window] = OrderedDict()
        self._seen: OrderedDict[tuple[str, str], datetime] = OrderedDict()
        self._months: OrderedDict[tuple[str, int, int], int] = OrderedDict()

    def admit(self, token: str, rate: Rate, now: datetime) -> bool:
        """Count one request of a token; return False when it is one too many or the token is mute.

        Requests during the mute neither extend it nor count afterwards (DingTalk does not say).
        """
        window = self._windows.setdefault(token, _Window())
        _bound(self._windows)
        _forget(window, rate, now)
        if window.muted_until is not None:
            return False
        if len(window.sent) >= rate.messages:
            window.muted_until = now + rate.muted_for
            window.sent.clear()
            return False
        window.sent.append(now)
        return True

    def meter(self, token: str, rate: Rate, now: datetime) -> Meter:
        """Return how a token stands."""
        window = self._windows.get(token, _Window())
        _forget(window, rate, now)
        return Meter(len(window.sent), rate.messages, window.muted_until)

    def repeated(self, robot: str, uuid: str, window: timedelta, now: datetime) -> bool:
        """Return whether a robot has accepted this message id within `window`."""
        seen_at = self._seen.get((robot, uuid))
        return seen_at is not None and now - seen_at < window

    def remember(self, robot: str, uuid: str, now: datetime) -> None:
        """Remember that a robot has accepted this message id."""
        self._seen[robot, uuid] = now
        _bound(self._seen)

    def month(self, robot: str, now: datetime) -> int:
        """Return how many messages a robot (or `""`: all of them) has had accepted this month."""
        local = now.astimezone(_MONTHS_TURN_IN)
        return self._months.get((robot, local.year, local.month), 0)

    def count(self, robot: str, now: datetime) -> None:
        """Count one accepted message, for its robot and for all of them."""
        local = now.astimezone(_MONTHS_TURN_IN)
        for key in (robot, local.year, local.month), ("", local.year, local.month):
            self._months[key] = self._months.get(key, 0) + 1
        _bound(self._months)


def _forget(window: _Window, rate: Rate, now: datetime) -> None:
    if window.muted_until is not None and window.muted_until <= now:
        window.muted_until = None
    while window.sent and not now - rate.per < window.sent[0] <= now:
        window.sent.popleft()


def _bound(store: OrderedDict[Any, Any]) -> None:
    while len(store) > _KEYS:
        store.popitem(last=False)
