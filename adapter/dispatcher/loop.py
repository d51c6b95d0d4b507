"""The loop: take each robot's turn when its token may send, hand it to a courier, wait.

Each robot has at most one message on its way, so what it gets keeps its order, and a robot that
hangs holds up nobody else.
"""

from __future__ import annotations

import threading
from concurrent.futures import wait
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Protocol

import structlog

from adapter.core.delivery import Idle
from adapter.dispatcher.pool import Pool
from adapter.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from concurrent.futures import Executor, Future

    from adapter.clock import Clock
    from adapter.core.quota import Rate
    from adapter.core.turn import Turn
    from adapter.dispatcher.courier import Courier, Equipment

LEASE_MARGIN: Final = timedelta(seconds=5)
"""Time a lease outlasts the timeout of its request."""

STORE_PAUSE: Final = timedelta(seconds=1)
"""How long a robot's queue is left alone when the store fails."""

LONGEST_WAIT: Final = timedelta(seconds=5)
"""How long a queue is left alone at most: nobody wakes for what a killed replica left behind."""

COURIERS: Final = 32
"""Messages on their way at once, over all robots."""

STOP_LIMIT: Final = timedelta(seconds=10)
"""How long a stop waits for what is in flight; the longest timeout and its settlement."""

_NEVER: Final = datetime.max.replace(tzinfo=UTC)
_NOW: Final = datetime.min.replace(tzinfo=UTC)

log = structlog.get_logger(__name__)


class Queue(Protocol):
    """Lease tokens."""

    def take_turn(
        self, *, token: str, robot: str, rate: Rate, now: datetime, lease: timedelta
    ) -> Turn | Idle:
        """Lease a token and return what its robot has to send, or when to ask again."""
        ...


class Dispatcher:
    """Keep every robot's queue moving until stopped."""

    def __init__(
        self,
        *,
        queue: Queue,
        courier: Courier,
        clock: Clock,
        equipment: Callable[[], Equipment],
        executor: Executor | None = None,
    ) -> None:
        self._queue = queue
        self._courier = courier
        self._clock = clock
        self._equipment = equipment
        self._executor = executor or Pool(COURIERS, "courier")
        self._look_at: dict[str, datetime] = {}
        self._in_flight: set[str] = set()
        self._futures: list[Future[None]] = []
        self._state = threading.Lock()
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="dispatcher", daemon=True)

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def alive(self) -> bool:
        """Return whether the loop runs."""
        return self._thread.is_alive()

    def wake(self, robots: Iterable[str]) -> None:
        """Look at these robots' queues now, because something was put there."""
        with self._state:
            self._look_at.update(dict.fromkeys(robots, _NOW))
        self._woken.set()

    def stop(self) -> None:
        """Claim nothing more and wait, for `STOP_LIMIT` at most, for what is in flight.

        What takes longer ends with the process; its lease ends, and its message goes out again.
        """
        until = self._clock.monotonic() + STOP_LIMIT.total_seconds()
        self._stopping.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join(STOP_LIMIT.total_seconds())
        self._executor.shutdown(wait=False, cancel_futures=True)
        begun = [future for future in self._futures if not future.cancelled()]
        unfinished = wait(begun, max(0.0, until - self._clock.monotonic())).not_done
        if unfinished:
            log.warning("stopped without waiting longer", in_flight=len(unfinished))

    def step(self) -> datetime:
        """Claim all that can be claimed now; return when to look again."""
        equipment = self._equipment()
        now = self._clock.now()
        for robot in equipment.robots:
            if self._may_look(robot, now):
                self._look(robot, equipment, now)
        with self._state:
            idle = (robot for robot in equipment.robots if robot not in self._in_flight)
            return min((self._look_at.get(robot, _NOW) for robot in idle), default=_NEVER)

    def _run(self) -> None:
        round_at = _NOW
        while not self._stopping.is_set():
            now = self._clock.now()
            if not round_at <= now < round_at + LONGEST_WAIT:  # or the clock was set back
                self.wake(self._equipment().robots)
                round_at = now
            self._woken.clear()
            if self._stopping.is_set():
                return  # asked to between the two lines above, which took the wake away
            look_at = self.step()
            now = self._clock.now()
            self._clock.wait(self._woken, min(max(look_at, now) - now, LONGEST_WAIT))

    def _may_look(self, robot: str, now: datetime) -> bool:
        with self._state:
            return robot not in self._in_flight and self._look_at.get(robot, _NOW) <= now

    def _look(self, robot: str, equipment: Equipment, now: datetime) -> None:
        with self._state:
            self._look_at[robot] = _NEVER  # a wake from here on is about something new
        settings = equipment.robots[robot]
        try:
            found = self._queue.take_turn(
                token=settings.token_key,
                robot=robot,
                rate=settings.rate,
                now=now,
                lease=settings.timeout + LEASE_MARGIN,
            )
        except StoreUnavailable as error:
            log.error("queue not readable", robot=robot, why=str(error))  # noqa: TRY400  # says all
            found = Idle(now + STORE_PAUSE)
        if isinstance(found, Idle):
            self._come_back(robot, found.until)
        else:
            self._hand_over(found, robot, equipment)

    def _come_back(self, robot: str, until: datetime | None) -> None:
        with self._state:
            self._look_at[robot] = min(self._look_at[robot], until or _NEVER)

    def _hand_over(self, turn: Turn, robot: str, equipment: Equipment) -> None:
        with self._state:
            self._in_flight.add(robot)
        future = self._executor.submit(self._take, turn, robot, equipment)
        self._futures = [*(each for each in self._futures if not each.done()), future]

    def _take(self, turn: Turn, robot: str, equipment: Equipment) -> None:
        look_at: datetime | None = self._clock.now() + STORE_PAUSE
        try:
            # What is open may be another robot's message, but of this very token.
            look_at = self._courier.take(turn, equipment.robots[robot], equipment)
        except StoreUnavailable as error:
            # The lease holds the token until it ends; then an open message goes out again.
            log.error("outcome not stored", robot=robot, why=str(error))  # noqa: TRY400  # same
        except Exception:
            log.exception("a turn failed by a fault of the adapter", robot=robot)
        with self._state:
            self._in_flight.discard(robot)
            self._look_at[robot] = min(self._look_at.get(robot, _NEVER), look_at or _NOW)
        self._woken.set()
