"""What the pages ask of the outbox; every method raises StoreUnavailable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from adapter.core.delivery import Delivery
    from adapter.core.priority import Priority
    from adapter.core.swaps import Swap
    from adapter.core.switches import Switch


class Waiting(Protocol):
    """Say what waits at one robot."""

    @property
    def pending(self) -> int:
        """Return how much, messages that tell no alert among it."""
        ...

    @property
    def oldest_received_at(self) -> datetime:
        """Return when the oldest of it was received."""
        ...


class Ailing(Protocol):
    """Say what a token suffers from."""

    @property
    def reason(self) -> str:
        """Return it in one short word."""
        ...

    @property
    def why(self) -> str:
        """Return DingTalk's own words."""
        ...

    @property
    def since(self) -> datetime:
        """Return since when."""
        ...

    @property
    def rests_until(self) -> datetime:
        """Return when it is tried again."""
        ...


class Month(Protocol):
    """Count what was sent of a quota."""

    def spent(self, used: int) -> int:
        """Return that and what others had `used` before."""
        ...


class Records(Protocol):
    """Tell what the outbox holds."""

    def queue(self, now: datetime) -> Mapping[str, Waiting]:
        """Return what waits, by robot, and what was deferred until now."""
        ...

    def lanes(self) -> Mapping[str, Mapping[Priority, int]]:
        """Return how many deliveries wait, by robot and priority."""
        ...

    def held_back(self) -> Mapping[str, int]:
        """Return how many deliveries are deferred, by robot."""
        ...

    def dead(self) -> Mapping[str, int]:
        """Return how many alerts DingTalk took in no form, by robot."""
        ...

    def spent(self, now: datetime) -> Mapping[str, int]:
        """Return how many requests count against the rate of a token, by its key."""
        ...

    def resting(self) -> Mapping[str, datetime]:
        """Return until when tokens rest, by their key."""
        ...

    def ailing(self) -> Mapping[str, Ailing]:
        """Return what tokens suffer from, by their key."""
        ...

    def months(self, now: datetime) -> Mapping[str, Month]:
        """Return what was sent of each quota this month."""
        ...

    def recent(self, limit: int) -> Sequence[tuple[int, datetime, Delivery]]:
        """Return the newest deliveries, each with its id and when it was received."""
        ...

    def delivery(self, number: int) -> Delivery | None:
        """Return a delivery by its id, if it is known."""
        ...

    def swaps(self) -> Sequence[Swap]:
        """Return the swaps of shifts that count, in the order in which they were made."""
        ...

    def switches(self) -> Iterable[Switch]:
        """Return what is known of every heartbeat."""
        ...
