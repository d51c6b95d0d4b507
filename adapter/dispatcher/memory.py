"""What was told last to each robot, as far as this process remembers: manners, not promises.

A part of a series says which it is, and what waited when a form was chosen is told in that form.
Whom one part of a series rang the next ones do not ring again, for what waited then. A restart
forgets all this, which costs a number in a heading, or rings somebody once more.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from adapter.core.batch import Form, Last

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from adapter.core.batch import Batch
    from adapter.core.directory import Contact

MOST_SERIES: Final = 1_000
"""Series remembered at most; one that was never told to its end would stay for ever."""

_Key = tuple[object, ...]


class Memory:
    """Remember how the last message told alerts, and how many parts of each series went out."""

    def __init__(self) -> None:
        self._last: dict[str, Last] = {}
        self._parts: dict[_Key, int] = {}
        self._on_their_way: dict[str, tuple[_Key, dict[Contact, datetime]]] = {}
        self._rung: dict[_Key, dict[Contact, datetime]] = {}
        self._lock = threading.Lock()

    def last(self, robot: str) -> Last | None:
        """Return how the last message to a robot told alerts."""
        with self._lock:
            return self._last.get(robot)

    def part(self, robot: str, batch: Batch, *, ends: bool = False) -> tuple[int, int] | None:
        """Return which part of how many a message is; None for one that stands alone.

        `ends`: the message tells all that was planned for it, so it is the last of its series.
        """
        with self._lock:
            told = self._parts.get(_series(robot, batch), 0)
        left = 1 if ends else batch.parts
        if batch.form is Form.DIGEST or told + left == 1:
            return None
        return told + 1, told + left

    def note(self, robot: str, batch: Batch, planned_at: datetime, *, ends: bool) -> None:
        """Remember a message that is about to be sent."""
        if batch.held is not None:
            return  # it says nothing of the form of what was not held back
        key = _series(robot, batch)
        with self._lock:
            told = self._parts.pop(key, 0)
            if told == 0:
                self._rung.pop(key, None)
            if not ends and batch.form is not Form.DIGEST:
                self._parts[key] = told + 1
            if len(self._parts) > MOST_SERIES:
                self._parts.clear()
                self._rung.clear()
            self._last[robot] = Last(form=batch.form, alone=batch.alone, planned_at=planned_at)

    def rings(
        self,
        robot: str,
        batch: Batch,
        message_id: str,
        rung: Iterable[Contact],
        planned_at: datetime,
    ) -> None:
        """Remember whom a message rings once it is sent, if it is part of a series."""
        key = _series(robot, batch)
        with self._lock:
            if key in self._parts:
                self._on_their_way[message_id] = key, dict.fromkeys(rung, planned_at)
            if len(self._on_their_way) > MOST_SERIES:
                self._on_their_way.clear()

    def sent(self, message_id: str) -> None:
        """Remember that a message was sent, and so has rung people."""
        with self._lock:
            key, rung = self._on_their_way.pop(message_id, ((), {}))
            if rung:
                self._rung[key] = {**self._rung.get(key, {}), **rung}

    def rung(self, robot: str, batch: Batch) -> Mapping[Contact, datetime]:
        """Return whom the parts of a series told so far rang, and when that was planned."""
        key = _series(robot, batch)
        with self._lock:
            return dict(self._rung.get(key, {})) if key in self._parts else {}


def _series(robot: str, batch: Batch) -> _Key:
    """Return what the parts of one series have in common: their group, or their priority."""
    if not batch.alone:
        return robot, batch.priority
    delivery = batch.entries[0].delivery
    group = delivery.group
    return robot, group.source, group.receiver, group.group_key, delivery.settings
