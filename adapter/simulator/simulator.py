"""The simulator: settings, counters, faults and chat behind one lock."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from adapter.clock import SystemClock
from adapter.simulator.answers import json_reply
from adapter.simulator.counters import Counters, Meter
from adapter.simulator.errors import BUSY
from adapter.simulator.faults import Fault, spoil, take
from adapter.simulator.group import Chat, ChatMessage, Event, Exchange
from adapter.simulator.protocol import PATH, Decision, Request, decide
from adapter.simulator.settings import SimulatorSettings

if TYPE_CHECKING:
    from datetime import datetime

    from adapter.clock import Clock
    from adapter.simulator.answers import Reply


class Simulator:
    """Be a DingTalk with one group; safe to use from several threads."""

    def __init__(
        self, settings: SimulatorSettings | None = None, clock: Clock | None = None
    ) -> None:
        self._settings = settings or SimulatorSettings()
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._counters = Counters()
        self._chat = Chat()
        self._faults: tuple[Fault, ...] = ()
        self._released = threading.Event()
        self._changes = 0

    @property
    def settings(self) -> SimulatorSettings:
        """Return the settings in force."""
        return self._settings

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Return the faults still to come."""
        return self._faults

    def now(self) -> datetime:
        """Return the simulator's own time."""
        return self._clock.now() + self._settings.clock_offset

    def receive(self, request: Request) -> Reply:
        """Answer one request and record it; `wait` is the caller's."""
        with self._lock:
            now = self.now()
            fault, decision = self._decide(request, now)
            reply = spoil(fault, decision.reply) if fault else decision.reply
            robot = self._settings.robot_of(request.access_token)
            event = Event(
                request=request,
                reply=reply,
                received_at=now,
                robot=robot.name if robot else "",
                accepted=decision.accepted,
                repeated=decision.repeated,
                fault=fault.kind if fault else "",
            )
            self._chat.record(event, self._settings.kept)
            self._changes += 1
            return reply

    def wait(self, reply: Reply) -> None:
        """Let the delay of an answer pass, or until the faults are cleared."""
        if reply.delay:
            self._clock.wait(self._released, reply.delay)

    def configure(self, settings: SimulatorSettings) -> None:
        """Change the settings; what was counted and recorded stays."""
        with self._lock:
            self._settings = settings
            self._changes += 1

    def add_fault(self, fault: Fault) -> None:
        """Let a fault happen from now on, after those that were ordered before."""
        with self._lock:
            self._faults = (*self._faults, fault)

    def clear_faults(self) -> None:
        """End all faults, and the delays that are under way."""
        with self._lock:
            self._faults = ()
            self._released.set()
            self._released = threading.Event()

    def clear(self) -> None:
        """Forget messages, requests, counters and faults; settings stay."""
        self.clear_faults()
        with self._lock:
            self._chat.clear()
            self._counters = Counters()
            self._changes += 1

    def messages(self) -> tuple[ChatMessage, ...]:
        """Return the messages that reached the group, oldest first."""
        with self._lock:
            return tuple(self._chat.messages())

    def requests(self) -> tuple[Exchange, ...]:
        """Return every request with its answer, oldest first."""
        with self._lock:
            return self._chat.exchanges()

    def meters(self) -> dict[str, Meter]:
        """Return how each robot stands against its rate."""
        with self._lock:
            now, settings = self.now(), self._settings
            return {
                robot.name: self._counters.meter(
                    robot.access_token.reveal(), settings.rate_of(robot), now
                )
                for robot in settings.robots
            }

    def version(self) -> str:
        """Return a word that changes whenever the page would look different."""
        meters = self.meters().values()
        return ".".join(
            [str(self._changes), *(f"{each.sent}{'m' * bool(each.muted_until)}" for each in meters)]
        )

    def _decide(self, request: Request, now: datetime) -> tuple[Fault | None, Decision]:
        settings, token = self._settings, request.access_token
        robot = settings.robot_of(token)
        fault = None
        if request.path == PATH and request.method == "POST" and token:
            fault, self._faults = take(self._faults, robot.name if robot else "")
        if fault is None or fault.accepts:
            return fault, decide(request, settings, self._counters, now)
        self._counters.admit(token, settings.rate_of(robot), now)  # a failed request counts too
        return fault, Decision(reply=json_reply(BUSY.errcode, BUSY.short))
