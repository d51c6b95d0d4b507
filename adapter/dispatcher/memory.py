"""What was told last to each robot, as far as this process remembers: manners, not promises.

A part of a series says which it is, and what waited when a form was chosen is told in that form.
A restart forgets both, which costs a number in a heading.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from adapter.core.batch import Form, Last

if TYPE_CHECKING:
    from datetime import datetime

    from adapter.core.batch import Batch


class Memory:
    """Remember by robot how the last message told alerts, and how many of its series went out."""

    def __init__(self) -> None:
        self._last: dict[str, Last] = {}
        self._told: dict[str, int] = {}
        self._lock = threading.Lock()

    def last(self, robot: str) -> Last | None:
        """Return how the last message to a robot told alerts."""
        with self._lock:
            return self._last.get(robot)

    def part(self, robot: str, batch: Batch) -> tuple[int, int] | None:
        """Return which part of how many a message is; None for one that stands alone."""
        with self._lock:
            told = self._told.get(robot, 0)
        if batch.form is Form.DIGEST or told + batch.parts == 1:
            return None
        return told + 1, told + batch.parts

    def note(self, robot: str, batch: Batch, planned_at: datetime) -> None:
        """Remember a message that is about to be sent."""
        ended = batch.form is Form.DIGEST or batch.parts <= 1
        with self._lock:
            self._told[robot] = 0 if ended else self._told.get(robot, 0) + 1
            self._last[robot] = Last(form=batch.form, alone=batch.alone, planned_at=planned_at)
