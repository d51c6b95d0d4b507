"""Preview: the request bodies that a webhook would produce, made by the parts that deliver.

An outbox of its own is filled in a temporary directory and emptied at once, on a clock that jumps
to whenever the next message may be sent. Nothing leaves the machine.
"""

from __future__ import annotations

from concurrent.futures import Executor, Future
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from adapter.core.delivery import Outcome, Sent
from adapter.dispatcher import new_dispatcher
from adapter.metrics import Metrics
from adapter.outbox import open_sqlite

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from adapter.config.settings import RobotSettings
    from adapter.core.delivery import Delivery
    from adapter.loading import Loaded


def preview(loaded: Loaded, deliveries: Iterable[Delivery], now: datetime) -> list[bytes]:
    """Return the bodies of all messages by which these would be told from now on, in order."""
    with filled(loaded, deliveries, now) as tell:
        return tell()


@contextmanager
def filled(
    loaded: Loaded, deliveries: Iterable[Delivery], now: datetime
) -> Iterator[Callable[[], list[bytes]]]:
    """Let these wait for the length of a block; what it is given tells them as `preview` does."""
    clock, paper = _JumpingClock(now), _Paper()
    with TemporaryDirectory(prefix="alertmanager-dingtalk-") as folder:
        store = open_sqlite(Path(folder) / "preview.db", now)

        def tell() -> list[bytes]:
            while store.waiting():
                clock.jump(dispatcher.step())
            return paper.bodies

        try:
            store.enqueue(list(deliveries), now=now, dedup_window=timedelta(0))
            dispatcher = new_dispatcher(
                store=store,
                sender=paper,
                observer=Metrics(),
                clock=clock,
                equipment=lambda: loaded.equipment,
                executor=_AtOnce(),
            )
            yield tell
        finally:
            store.close()


class _JumpingClock:
    """Tell the time that was jumped to."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._now.timestamp()

    def wait(self, event: threading.Event, span: timedelta) -> bool:
        self._now += span
        return event.is_set()

    def jump(self, instant: datetime) -> None:
        self._now = max(self._now, instant)


class _Paper:
    """Take every message as DingTalk would, and keep its body."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    def send(self, robot: RobotSettings, body: bytes) -> Outcome:
        del robot
        self.bodies.append(body)
        return Sent()


class _AtOnce(Executor):
    """Carry out in this thread what is submitted."""

    def submit(self, call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ANN401  # Executor's own signature
        future: Future[Any] = Future()
        future.set_result(call(*args, **kwargs))
        return future
