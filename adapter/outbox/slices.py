"""Slices: what digests have told is settled between webhooks, which go first for a while.

Until its next slot a token sends nothing, so for as long nothing is late if its robot is planned no
more. What comes meanwhile is told by the next digest; what is high waits for nothing.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from adapter.core.delivery import Idle
from adapter.outbox import digests

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from adapter.outbox.writing import Writer

PAUSE: Final = timedelta(milliseconds=100)
"""Between two slices while webhooks come."""


class Slices:
    """Carry on with what is unsettled, robot by robot."""

    def __init__(self, writer: Writer, count: Callable[[int], None]) -> None:
        """Settle by `writer`; `count` learns by how many more deliveries wait."""
        self._writer = writer
        self._count = count
        self._progress: dict[str, digests.Progress] = {}
        self._came = 0
        self._began: dict[str, tuple[datetime, int]] = {}

    def webhook_came(self) -> None:
        """Learn that somebody waits for a commit; to miss one does no harm."""
        self._came += 1

    def next_of(self, robot: str, now: datetime, slot: timedelta, *, urgent: bool) -> Idle:
        """Settle a slice of a robot and return when it is to be looked at again.

        Webhooks go first for as long as a `slot` of its token, unless it is `urgent`.
        """
        self.settle(robot)
        began_at, came = self._began.setdefault(robot, (now, self._came))
        calm = came == self._came
        if calm or urgent or not began_at <= now < began_at + slot:
            return Idle(now)  # others may have their turns between two slices
        self._began[robot] = began_at, self._came
        return Idle(now + PAUSE, rests=True)

    def settle(self, robot: str) -> None:
        """Settle a slice of what a robot's digest has told."""
        known = self._progress.pop(robot, None)
        gone, progress = self._writer.run(
            lambda connection: digests.go_on(connection, robot, known)
        )
        self._count(-gone)
        if progress is not None:
            self._progress[robot] = progress

    def over(self, robot: str) -> None:
        """Learn that nothing of a robot is unsettled."""
        self._began.pop(robot, None)
