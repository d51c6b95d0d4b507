"""Send one message by a command: within the robot's rate, charged in the store, in its turn.

Whoever owns SQLite's file sends it; while nobody does, this process takes the file and sends it
itself. PostgreSQL has leases instead of an owner, so it may always try.
"""

from __future__ import annotations

import random
import threading
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from adapter.core.delivery import Idle
from adapter.dingtalk import Client
from adapter.dispatcher import Courier, Memory
from adapter.dispatcher.loop import LEASE_MARGIN
from adapter.errors import StoreLocked, StoreUnavailable
from adapter.metrics import Metrics
from adapter.outbox import (
    Request,
    ask_owner,
    open_existing,
    open_history,
    open_postgresql,
    open_sqlite,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from adapter.clock import SharedClock
    from adapter.config.settings import RobotSettings, StorageSettings
    from adapter.core.delivery import Post
    from adapter.dispatcher import Equipment
    from adapter.outbox import Asked, History, Outbox

PENDING: Final = "pending"
LOOK_EVERY: Final = timedelta(milliseconds=100)
"""How often it is asked what has become of a message that another process sends."""

LOCK_PATIENCE: Final = timedelta(seconds=5)
"""How long an owner of the store that does not listen is waited for: it may be a command too."""

PATIENCE: Final = timedelta(seconds=10)
"""How long a command waits for DingTalk's answer unless it is told to wait."""


@dataclass(frozen=True, slots=True)
class Result:
    """Say what has become of a message; `next_at` is when it may be sent, if that is known.

    `elsewhere` is true where another process sends what waits.
    """

    asked: Asked
    next_at: datetime | None
    elsewhere: bool


def send(  # noqa: PLR0913  # each is a different kind of thing, and named
    post: Post,
    *,
    robot: RobotSettings,
    storage: StorageSettings,
    equipment: Equipment,
    clock: SharedClock,
    patience: timedelta | None = PATIENCE,
) -> Result:
    """Put a message into the outbox and wait for what becomes of it, for so long or until then."""
    until = None if patience is None else clock.now() + patience
    sender = _Sender(robot=robot, storage=storage, equipment=equipment, clock=clock)
    name = sender.put(post)
    history = open_history(storage.path, storage.postgresql)
    try:
        return _Waiting(name=name, history=history, sender=sender, clock=clock, until=until).run()
    finally:
        history.close()


@dataclass(slots=True, kw_only=True)
class _Sender:
    """Send what was asked for at one robot; alerts are left to `serve`.

    The store is owned only for as long as that takes, so that `serve` may start at any time. Once
    another process owns it, `elsewhere` is true, and it is that one that sends.
    """

    robot: RobotSettings
    storage: StorageSettings
    equipment: Equipment
    clock: SharedClock
    elsewhere: bool = False

    def put(self, post: Post) -> str:
        """Put a message into the outbox, whoever owns it; return its name.

        Another command may own it for a moment. Raises StoreLocked if nobody listens for longer.
        """
        never, until = threading.Event(), self.clock.now() + LOCK_PATIENCE
        while True:
            try:
                with self._outbox() as outbox:
                    return outbox.post(post, now=self.clock.now()).id
            except StoreLocked as locked:
                try:
                    return self._ask_owner(post, locked)
                except StoreLocked:
                    if self.clock.now() >= until:
                        raise
            self.clock.wait(never, LOOK_EVERY)

    def step(self) -> datetime | None:
        """Send what may be sent now; return when to look again, None at once."""
        robot = self.robot
        try:
            with self._outbox() as outbox:
                turn = outbox.take_turn(
                    token=robot.token_key,
                    robot=robot.name,
                    rate=robot.rate,
                    now=self.clock.now(),
                    lease=robot.timeout + LEASE_MARGIN,
                    peers=tuple(member.token_key for member in robot.pool),
                    allowance=robot.allowance,
                )
                if isinstance(turn, Idle):
                    return turn.until
                alone = replace(turn, head=())
                found = self._courier(outbox).take(alone, robot, self.equipment)
                return found.until if isinstance(found, Idle) else found
        except StoreLocked:
            self.elsewhere = True
            return None

    def _ask_owner(self, post: Post, locked: StoreLocked) -> str:
        answer = ask_owner(self.storage.path, Request("send", post=post), locked)
        if not answer.done:
            raise StoreUnavailable("; ".join(answer.problems))
        self.elsewhere = True
        return answer.done[0]

    @contextmanager
    def _outbox(self) -> Iterator[Outbox]:
        outbox = self._open()
        try:
            yield outbox
        finally:
            outbox.close()

    def _open(self) -> Outbox:
        path, url = self.storage.path, self.storage.postgresql
        if url is None:
            return open_existing(path) if path.exists() else open_sqlite(path, self.clock.now())
        outbox = open_postgresql(url)
        now = outbox.now()
        if now is not None:
            self.clock.follow(now)
        return outbox

    def _courier(self, outbox: Outbox) -> Courier:
        return Courier(
            store=outbox,
            sender=Client(self.clock),
            observer=Metrics(),
            clock=self.clock,
            memory=Memory(),
            new_uuid=lambda: str(uuid.uuid4()),
            jitter=random.random,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    """Wait for what becomes of a message: until then, or as long as patience lasts."""

    name: str
    history: History
    sender: _Sender
    clock: SharedClock
    until: datetime | None

    def run(self) -> Result:
        never = threading.Event()
        next_at: datetime | None = None
        while True:
            due = next_at is None or next_at <= self.clock.now()
            if due and not self.sender.elsewhere:
                next_at = self.sender.step()
            asked = self.history.asked(self.name)
            if asked is None:
                raise StoreUnavailable(f"{self.name} is no longer kept in the outbox")
            if asked.state != PENDING or self._enough(asked, next_at):
                return Result(asked, next_at, elsewhere=self.sender.elsewhere)
            self.clock.wait(never, LOOK_EVERY)

    def _enough(self, asked: Asked, next_at: datetime | None) -> bool:
        """Return whether patience ends here: there is an answer to show, or none in time."""
        if self.until is None:
            return False
        answered = any(message.outcome for message in asked.messages)
        later = next_at is not None and next_at > self.until
        return answered or later or self.clock.now() >= self.until
