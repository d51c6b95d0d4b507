"""A shop: store, dispatcher and pages in one process, on a clock that stands still."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from adapter.config.settings import SilenceSettings, SourceSettings
from adapter.core.audit import By
from adapter.core.delivery import Outcome, Sent
from adapter.core.directory import Directory
from adapter.core.swaps import with_swaps
from adapter.dispatcher import Equipment, new_dispatcher
from adapter.metrics import Metrics
from adapter.outbox import open_history, open_sqlite
from adapter.phone import markdown
from adapter.secret import Secret
from adapter.web import Routing, create_app
from support.clock import FakeClock
from support.fake_alertmanager import FakeAlertmanager
from support.rendering import AtOnce, bundled, renderer
from support.settings import make_robot, make_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from adapter.config.settings import RobotSettings, Settings
    from adapter.core.alerts import AlertGroup
    from adapter.core.oncall import Schedule
    from adapter.core.swaps import Swap
    from adapter.outbox import Changed, Outbox

EXTERNAL = "https://alerts.example.com"
SECRET = "0123456789abcdef"


def linked_settings(
    *robots: RobotSettings,
    alertmanager: str = "http://am.invalid",
    **more: Any,  # noqa: ANN401  # as make_settings
) -> Settings:
    """Return settings whose messages carry links; alerts of `bj` can be silenced."""
    source = SourceSettings(name="bj", url=alertmanager, labels={"cluster": "bj"})
    ordinary = make_settings(
        *(robots or (make_robot(),)), sources=(source,), external_url=EXTERNAL, **more
    )
    return replace(ordinary, silence=SilenceSettings(secret=Secret(SECRET)))


class Shop:
    """Hold what a page needs, and what a robot was sent."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.clock = FakeClock()
        self.metrics = Metrics()
        self.settings = settings
        self.templates = bundled()
        self.workbench = AtOnce()
        self.store = open_sqlite(folder / "shop.db", self.clock.now())
        self.history = open_history(folder / "shop.db", None)
        self.bj = FakeAlertmanager()
        self.bodies: list[dict[str, Any]] = []
        self.outcomes: list[Outcome] = []
        self.client = create_app(self).test_client()

    @property
    def records(self) -> Outbox:
        """Return what the pages tell of the outbox."""
        return self.store

    def schedules(self) -> Mapping[str, Schedule]:
        """Return who is on call when."""
        configured = {name: each.schedule for name, each in self.settings.schedules.items()}
        return with_swaps(configured, self.store.swaps())

    def swap(self, swap: Swap) -> None:
        """Let somebody take over."""
        self.store.swap(swap)

    def undo_swap(self, number: int, who: str) -> bool:
        """Let a swap count no more."""
        return self.store.undo_swap(number, by=By(who, self.clock.now()))

    def retry(self, name: str, who: str) -> Changed:
        """Let what is dead wait again."""
        return self.store.retry([name], by=By(who, self.clock.now()))

    def discard(self, name: str, who: str) -> Changed:
        """Give up what is dead or waits."""
        now = self.clock.now()
        return self.store.discard([name], now=now, by=By(who, now))

    def receive(self, *groups: AlertGroup) -> None:
        """Accept groups and deliver all that can be delivered now."""
        for group in groups:
            deliveries = Routing(self.settings).deliveries(group, None, self.clock.now())
            self.store.enqueue(
                deliveries, now=self.clock.now(), dedup_window=self.settings.server.dedup_window
            )
        self.deliver()

    def deliver(self) -> None:
        """Deliver all that can be delivered now."""
        equipment = Equipment(
            self.settings.robots,
            renderer(self.settings.style),
            Directory(self.settings.people),
        )
        dispatcher = new_dispatcher(
            store=self.store,
            sender=self,
            observer=Metrics(),
            clock=self.clock,
            equipment=lambda: equipment,
            executor=_AtOnce(),
        )
        before = -1
        while len(self.bodies) > before:
            before = len(self.bodies)
            dispatcher.step()

    def send(self, robot: RobotSettings, body: bytes) -> Outcome:
        """Take a message as DingTalk would."""
        del robot
        self.bodies.append(msgspec.json.decode(body))
        return self.outcomes.pop(0) if self.outcomes else Sent()

    def texts(self) -> list[str]:
        """Return the texts of the messages."""
        return [
            str((body.get("markdown") or body.get("actionCard"))["text"])  # type: ignore[index]
            for body in self.bodies
        ]

    def links(self, kind: str, number: int = -1) -> list[str]:
        """Return the paths of a message's own links of one kind, its buttons first."""
        body = self.bodies[number]
        buttons = [each["actionURL"] for each in body.get("actionCard", {}).get("btns", ())]
        shown = [link.url for link in markdown.links(markdown.parse(self.texts()[number]))]
        ours = (url.removeprefix(EXTERNAL) for url in (*buttons, *shown))
        return [url for url in ours if url.startswith(f"/m/{kind}/")]

    # -- what else the views know of the program -------------------------------------------------

    def alertmanager(self, source: SourceSettings) -> FakeAlertmanager:
        """Return the one Alertmanager there is."""
        assert source.name == "bj", "only what is configured is asked"
        return self.bj

    def wake(self, robots: Iterable[str]) -> None:
        """Take note of nothing: a test delivers when it wants."""

    def reload(self) -> None:
        """Reload nothing."""

    def alive(self) -> bool:
        """Return that every part runs."""
        return True

    def not_ready(self) -> str:
        """Return that webhooks may come."""
        return ""

    def body_refused(self, code: int, why: str) -> None:
        """Tell nobody."""

    def store_failed(self, why: str) -> None:
        """Tell nobody."""


class _AtOnce(Executor):
    """Carry out in this thread what is submitted."""

    def submit(self, call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ANN401  # Executor's own signature
        future: Future[Any] = Future()
        future.set_result(call(*args, **kwargs))
        return future


@contextmanager
def shop(folder: Path, settings: Settings | None = None) -> Iterator[Shop]:
    """Open a shop for the length of a block."""
    opened = Shop(folder, settings or linked_settings())
    try:
        yield opened
    finally:
        opened.history.close()
        opened.store.close()
