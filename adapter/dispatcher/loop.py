"""The loop: take each seat's turn when its token may send, hand it to a courier, wait.

Each token has at most one message on its way, and one that hangs holds up nobody else. Where a
token may send from several queues, the one that has waited longest for a turn goes first.
"""

from __future__ import annotations

import threading
from concurrent.futures import wait
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol

import structlog

from adapter.core.delivery import Idle
from adapter.dispatcher.agenda import NEVER, NOW, Agenda
from adapter.dispatcher.pool import Pool
from adapter.dispatcher.seats import seats_of
from adapter.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from concurrent.futures import Executor, Future
    from datetime import datetime

    from adapter.clock import Clock
    from adapter.config.settings import RobotSettings
    from adapter.core.monthly import Allowance
    from adapter.core.quota import Rate
    from adapter.core.turn import Relief, Stirring, Turn
    from adapter.dispatcher.courier import Courier, Equipment
    from adapter.dispatcher.seats import Seat

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

log = structlog.get_logger(__name__)


class Queue(Protocol):
    """Lease tokens."""

    def take_turn(  # noqa: PLR0913  # each is a different kind of thing, and named
        self,
        *,
        token: str,
        robot: str,
        rate: Rate,
        now: datetime,
        lease: timedelta,
        peers: Sequence[str],
        others: Sequence[str],
        relief: Relief | None,
        allowance: Allowance | None,
    ) -> Turn | Idle:
        """Lease a token and return what its robot has to send, or when to ask again."""
        ...

    def stirring(self, until: datetime) -> Stirring:
        """Return where anything is to be done until then."""
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
        self._robots: Mapping[str, RobotSettings] = {}
        self._heirs: Mapping[str, str] = {}
        self._agenda = Agenda()
        self._in_flight: dict[str, str] = {}  # tokens, and the queue of each
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
        """Look at these robots' queues now, because something was put there.

        A token that rests is left alone: in a storm, asking would cost more than accepting.
        """
        if self._agenda.wake(robots):
            self._woken.set()

    def wake_all(self) -> None:
        """Look at every queue now, whatever was known of it."""
        self._agenda.look_at_all()
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
        self._know(equipment, NOW)
        for seat in self._agenda.due(now):
            if self._may_look(seat):
                self._look(seat, equipment, now)
        with self._state:
            return self._agenda.next_at(self._is_free)

    def look_around(self) -> None:
        """Look at every queue in which anything is to be done, whatever was known of it."""
        self._know(self._equipment(), NEVER)
        try:
            stirring = self._queue.stirring(self._clock.now() + LONGEST_WAIT)
        except StoreUnavailable:
            self.wake_all()  # which tells of it, robot by robot
        else:
            self._agenda.look_at(stirring.queues, stirring.tokens)

    def _know(self, equipment: Equipment, look_at: datetime) -> None:
        """Learn the seats of a configuration that is in force now."""
        robots, heirs = equipment.robots, equipment.heirs
        if robots is self._robots and heirs == self._heirs:
            return
        self._robots, self._heirs = robots, heirs
        self._agenda.know(seats_of(robots, heirs), look_at)

    def _run(self) -> None:
        round_at = NOW
        while not self._stopping.is_set():
            now = self._clock.now()
            if not round_at <= now < round_at + LONGEST_WAIT:  # or the clock was set back
                self.look_around()
                round_at = now
            self._woken.clear()
            if self._stopping.is_set():
                return  # asked to between the two lines above, which took the wake away
            look_at = self.step()
            now = self._clock.now()
            self._clock.wait(self._woken, min(max(look_at, now) - now, LONGEST_WAIT))

    def _may_look(self, seat: Seat) -> bool:
        with self._state:
            return self._is_free(seat)

    def _is_free(self, seat: Seat) -> bool:
        """Return whether a token is idle, and no token of old is busy with the same queue.

        The store keeps apart the tokens that know each other; others are waited for.
        """
        if seat.token in self._in_flight:
            return False
        mine = (seat.token, *seat.peers, *seat.others)
        return all(queue != seat.queue or token in mine for token, queue in self._in_flight.items())

    def _look(self, seat: Seat, equipment: Equipment, now: datetime) -> None:
        self._agenda.looked(seat)
        try:
            found = self._queue.take_turn(
                token=seat.token,
                robot=seat.queue,
                rate=seat.robot.rate,
                now=now,
                lease=seat.robot.timeout + LEASE_MARGIN,
                peers=seat.peers,
                others=seat.others,
                relief=seat.relief,
                allowance=seat.robot.allowance,
            )
        except StoreUnavailable as error:
            log.error("queue not readable", robot=seat.queue, why=str(error))  # noqa: TRY400  # says all
            found = Idle(now + STORE_PAUSE)
        if isinstance(found, Idle):
            self._agenda.come_back(seat, found.until, rests=found.rests)
        else:
            self._hand_over(found, seat, equipment)

    def _hand_over(self, turn: Turn, seat: Seat, equipment: Equipment) -> None:
        self._agenda.handed_over(seat)
        with self._state:
            self._in_flight[seat.token] = seat.queue
        future = self._executor.submit(self._take, turn, seat, equipment)
        self._futures = [*(each for each in self._futures if not each.done()), future]

    def _take(self, turn: Turn, seat: Seat, equipment: Equipment) -> None:
        found: datetime | Idle | None = Idle(self._clock.now() + STORE_PAUSE)
        try:
            # What is open may be another robot's message, but of this very token.
            found = self._courier.take(turn, seat.robot, equipment)
        except StoreUnavailable as error:
            # The lease holds the token until it ends; then an open message goes out again.
            log.error("outcome not stored", robot=seat.queue, why=str(error))  # noqa: TRY400  # same
        except Exception:
            log.exception("a turn failed by a fault of the adapter", robot=seat.queue)
        if isinstance(found, Idle):
            self._agenda.come_back(seat, found.until)
        else:
            self._agenda.come_back(seat, found or NOW)
            self._let_look(turn, seat)
        with self._state:
            self._in_flight.pop(seat.token, None)
        self._woken.set()

    def _let_look(self, turn: Turn, seat: Seat) -> None:
        """Let others look: who shares the token, or its queue, or may be told of its failure.

        Only once a message is settled: who found nothing to send would wake the others for ever.
        """
        queues = {turn.robot, seat.queue, seat.robot.fallback}
        self._agenda.look_at(queues, {seat.token}, but=seat.name)
