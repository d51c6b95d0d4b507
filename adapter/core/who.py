"""Who: whom each entry of a message rings, and whom a digest does."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol

from adapter.core.directory import NOT_FOUND, Contact, Found, united
from adapter.core.mentions import occasion_of, wanted_by

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from adapter.core.batch import Entry
    from adapter.core.directory import Directory
    from adapter.core.mentions import Wanted

Earlier = Mapping[Contact, datetime]
NO_EARLIER: Final[Earlier] = MappingProxyType({})


class Who(Protocol):
    """Know whom to ring."""

    def of(self, entry: Entry) -> Found:
        """Return whom an entry rings."""
        ...

    def of_digest(self) -> Found:
        """Return whom a digest rings."""
        ...

    @property
    def earlier(self) -> Earlier:
        """Return whom the parts before this one rang, for alerts received up to then."""
        ...


class Nobody:
    """Ring nobody."""

    def of(self, _entry: Entry) -> Found:
        """Return nobody."""
        return NOT_FOUND

    def of_digest(self) -> Found:
        """Return nobody."""
        return NOT_FOUND

    @property
    def earlier(self) -> Earlier:
        """Return nobody."""
        return NO_EARLIER


NOBODY: Final = Nobody()


class OnDuty:
    """Ask the directory, once for each mention; `announced` is what the robot has told as firing.

    `digested` is whom all that a digest counts asks for.
    """

    def __init__(
        self,
        directory: Directory,
        now: datetime,
        announced: Collection[str] = frozenset(),
        *,
        digested: Iterable[Wanted] = (),
        earlier: Earlier = NO_EARLIER,
    ) -> None:
        self._directory = directory
        self._now = now
        self._announced = announced
        self._digested = digested
        self.earlier = earlier
        self._found: dict[Wanted, Found] = {}
        self._of: dict[tuple[int, int], Found] = {}

    def of(self, entry: Entry) -> Found:
        """Return whom an entry rings now."""
        if not entry.delivery.mentions:
            return NOT_FOUND
        place = entry.delivery_id, entry.index
        if place not in self._of:
            rules, source = entry.delivery.mentions, entry.delivery.group.source
            occasion = occasion_of(source, entry.alert, self._announced)
            wanted = wanted_by(rules, entry.index, entry.alert, occasion)
            self._of[place] = self._united(wanted)
        return self._of[place]

    def of_digest(self) -> Found:
        """Return whom all that is counted rings now."""
        return self._united(self._digested)

    def _united(self, several: Iterable[Wanted]) -> Found:
        return united([self._find(wanted) for wanted in several])

    def _find(self, wanted: Wanted) -> Found:
        if wanted not in self._found:
            self._found[wanted] = self._directory.find(wanted, self._now)
        return self._found[wanted]
