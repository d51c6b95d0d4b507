"""Enqueue: begin to commit what a webhook brings, and learn later what it became.

A thread that begins several webhooks before it waits for any lets them share a commit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapter.outbox import accepting, reminders, switchboard
from adapter.outbox.rows import Accepted, parts_of
from adapter.outbox.writing import each

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime, timedelta

    from sqlalchemy import Connection

    from adapter.core.delivery import Delivery
    from adapter.core.heartbeats import Beat
    from adapter.core.routing import Ended
    from adapter.outbox.writing import Promise, Writer


class Enqueued:
    """Stand for a webhook on its way to its commit."""

    def __init__(
        self, promise: Promise[accepting.Taken], deliveries: int, count: Callable[[int], None]
    ) -> None:
        self._promise = promise
        self._deliveries = deliveries
        self._count = count

    def wait(self) -> Accepted:
        """Return what it became, once that is committed; raises StoreUnavailable."""
        taken = self._promise.wait()
        self._count(taken.fresh - taken.superseded)
        return Accepted(taken.fresh, self._deliveries - taken.fresh)


def begin(  # noqa: PLR0913  # each is a different kind of thing, and most are named
    writer: Writer,
    accepted: Sequence[Delivery],
    *,
    now: datetime,
    dedup_window: timedelta,
    beats: Sequence[Beat],
    ended: Sequence[Ended],
    count: Callable[[int], None],
) -> Enqueued:
    """Begin to commit deliveries, beats and ends; `count` learns by how many more wait."""
    webhook = accepting.Webhook(parts_of(accepted, now), now, dedup_window)

    def with_beats(connection: Connection) -> accepting.Taken:
        switchboard.note(connection, beats, now)
        reminders.end(connection, ended)
        return accepting.accept(connection, [webhook])[0]

    if beats or ended:
        return Enqueued(writer.begin(each, with_beats), len(accepted), count)
    return Enqueued(writer.begin(accepting.accept, webhook), len(accepted), count)
