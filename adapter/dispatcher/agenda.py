"""The agenda: when to look at which seat next. Several threads write it.

A round costs by the seats that are looked at, not by those that there are.
"""

from __future__ import annotations

import itertools
import threading
from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from adapter.dispatcher.seats import Seat

_Name = tuple[str, str]

NEVER: Final = datetime.max.replace(tzinfo=UTC)
NOW: Final = datetime.min.replace(tzinfo=UTC)


class Agenda:
    """Remember when to look at which seat; who has waited longest for a turn goes first."""

    def __init__(self) -> None:
        self._seats: dict[_Name, Seat] = {}
        self._by_queue: defaultdict[str, list[_Name]] = defaultdict(list)
        self._by_token: defaultdict[str, list[_Name]] = defaultdict(list)
        self._look_at: dict[_Name, datetime] = {}  # of others: never
        self._rests_until: dict[_Name, datetime] = {}
        self._places: dict[_Name, int] = {}
        self._next_place = itertools.count()
        self._lock = threading.Lock()

    def know(self, seats: Iterable[Seat], look_at: datetime) -> None:
        """Learn which seats there are; those that are new are looked at then."""
        with self._lock:
            known = self._seats
            self._seats = {seat.name: seat for seat in seats}
            self._by_queue.clear()
            self._by_token.clear()
            for queue, token in self._seats:
                self._by_queue[queue].append((queue, token))
                self._by_token[token].append((queue, token))
            self._look_at = {name: at for name, at in self._look_at.items() if name in self._seats}
            self._look_at |= dict.fromkeys(self._seats.keys() - known.keys(), look_at)
            self._rests_until.clear()
            self._places = {name: next(self._next_place) for name in self._seats}

    def wake(self, queues: Iterable[str]) -> bool:
        """Look at these queues now, unless the token rests; return whether that is sooner."""
        sooner = False
        with self._lock:
            for name in (name for queue in queues for name in self._by_queue.get(queue, ())):
                look_at = self._rests_until.get(name, NOW)
                if look_at < self._look_at.get(name, NEVER):
                    self._look_at[name] = look_at
                    sooner = True
        return sooner

    def look_at_all(self) -> None:
        """Look at every seat now, whatever was known of it."""
        with self._lock:
            self._rests_until.clear()
            self._look_at = dict.fromkeys(self._seats, NOW)

    def look_at(
        self, queues: Collection[str], tokens: Collection[str], but: _Name | None = None
    ) -> None:
        """Look at the seats of these queues and tokens now, whatever was known of them."""
        with self._lock:
            names = [name for queue in queues for name in self._by_queue.get(queue, ())]
            names += [name for token in tokens for name in self._by_token.get(token, ())]
            for name in names:
                if name != but:
                    self._look_at[name] = NOW

    def due(self, now: datetime) -> list[Seat]:
        """Return the seats to look at now, the one that has waited longest first."""
        with self._lock:
            names = [name for name, at in self._look_at.items() if at <= now]
            return [self._seats[name] for name in sorted(names, key=self._places.__getitem__)]

    def looked(self, seat: Seat) -> None:
        """Look no more at a seat; a wake from here on is about something new."""
        with self._lock:
            self._look_at.pop(seat.name, None)

    def come_back(self, seat: Seat, until: datetime | None, *, rests: bool = False) -> None:
        """Look at a seat again then, or sooner if that was asked for meanwhile."""
        with self._lock:
            self._rests_until.pop(seat.name, None)
            if until is None or seat.name not in self._seats:
                return
            if rests:
                self._rests_until[seat.name] = until
            self._look_at[seat.name] = min(self._look_at.get(seat.name, NEVER), until)

    def handed_over(self, seat: Seat) -> None:
        """Let whoever else sends with this token come first next time."""
        with self._lock:
            self._rests_until.pop(seat.name, None)
            self._places[seat.name] = next(self._next_place)

    def next_at(self, is_free: Callable[[Seat], bool]) -> datetime:
        """Return when to look next at a seat that is free."""
        with self._lock:
            ahead = [(self._seats[name], at) for name, at in self._look_at.items()]
        return min((at for seat, at in ahead if is_free(seat)), default=NEVER)
