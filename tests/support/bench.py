"""Everything from the outbox to DingTalk in one thread, with a clock that jumps."""

from __future__ import annotations

import json
from concurrent.futures import Executor, Future
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from adapter.config.template_files import bundled_templates
from adapter.core.delivery import Outcome, Sent
from adapter.core.rendering import Renderer
from adapter.dispatcher import Courier, Dispatcher, Equipment, Memory
from adapter.metrics import Metrics
from adapter.outbox import Outbox, open_history, open_sqlite
from support.clock import START, FakeClock
from support.settings import make_robot

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from adapter.config.settings import RobotSettings
    from adapter.core.delivery import Delivery
    from adapter.core.life import Message


class Inline(Executor):
    """Carry out at once what is submitted."""

    def submit(self, call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ANN401  # Executor's own signature
        future: Future[Any] = Future()
        future.set_result(call(*args, **kwargs))
        return future


class Sender:
    """Answer as told, in order, and remember what was sent; `Sent` when nothing is left to tell.

    A token in `refusals` gets that answer as long as it stands there.
    """

    def __init__(self) -> None:
        self.answers: list[Outcome | Exception] = []
        self.refusals: dict[str, Outcome] = {}
        self.sent: list[tuple[str, bytes]] = []
        self.tokens: list[str] = []

    def refuse(self, token: str, outcome: Outcome) -> None:
        self.refusals[token] = outcome

    def send(self, robot: RobotSettings, body: bytes) -> Outcome:
        self.sent.append((robot.name, body))
        token = robot.access_token.reveal()
        self.tokens.append(token)
        if token in self.refusals:
            return self.refusals[token]
        answer = self.answers.pop(0) if self.answers else Sent()
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.sent]


class Bench:
    """Everything from the outbox to DingTalk, run by hand."""

    def __init__(self, path: Path, templates: dict[str, str] | None = None) -> None:
        self.path = path
        self.clock = FakeClock()
        self.outbox: Outbox = open_sqlite(path, START)
        self.sender = Sender()
        self.metrics = Metrics()
        self.watching = False
        renderer = Renderer({**bundled_templates(), **(templates or {})})
        self.equipment = Equipment({}, renderer)
        self.configure(make_robot("ops"), make_robot("db"))
        self.uuids = iter(f"uuid-{number}" for number in range(10_000))
        self.rewire()

    def configure(self, *robots: RobotSettings, **heirs: str) -> None:
        """Put robots into force, as a reload does; `heirs` by the robot that is gone."""
        named = {robot.name: robot for robot in robots}
        self.equipment = Equipment(named, self.equipment.renderer, heirs=heirs)

    def rewire(self) -> None:
        """Join courier and dispatcher to the outbox, as a start does."""
        self.courier = Courier(
            store=self.outbox,
            sender=self.sender,
            observer=self.metrics,
            clock=self.clock,
            memory=Memory(),
            new_uuid=lambda: next(self.uuids),
            jitter=lambda: 0.5,
        )
        self.dispatcher = self.new_dispatcher()

    def new_dispatcher(self) -> Dispatcher:
        return Dispatcher(
            queue=self.outbox,
            courier=self.courier,
            clock=self.clock,
            equipment=lambda: self.equipment,
            executor=Inline(),
        )

    def put(self, *deliveries: Delivery) -> None:
        self.outbox.enqueue(deliveries, now=self.clock.now(), dedup_window=timedelta(0))
        self.dispatcher.wake({delivery.robot for delivery in deliveries})

    def run(self, span: timedelta = timedelta(0)) -> None:
        """Do all that is due until `span` has passed."""
        until = self.clock.now() + span
        while True:
            look_at = self.dispatcher.step()
            if look_at > until:
                self.clock.advance(max(until - self.clock.now(), timedelta(0)))
                return
            self.clock.advance(max(look_at - self.clock.now(), timedelta(0)))

    def forms(self) -> list[str]:
        """Return the form of each message, in the order in which they were made."""
        return [message.form for message in reversed(self.messages())]

    def messages(self) -> tuple[Message, ...]:
        """Return the messages that were made, the newest first."""
        with closing(open_history(self.path, None)) as history:
            return history.overview(1000).messages

    def page(self) -> str:
        """Return what Prometheus would scrape."""
        if not self.watching:
            self.metrics.watch(self.outbox, self.clock.now, lambda: self.equipment.robots)
            self.watching = True
        return self.metrics.expose().decode()
