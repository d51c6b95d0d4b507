"""The composition root: a configuration goes in, a running service comes out."""

from __future__ import annotations

import os
import random
import threading
import uuid
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.engine import make_url

from adapter import config
from adapter.announcer import Announcer
from adapter.clock import SharedClock
from adapter.complaints import Complaints
from adapter.config.footprint import Footprint
from adapter.config.template_files import bundled_templates, read_templates
from adapter.core.delivery import RenderSettings
from adapter.core.directory import Directory
from adapter.core.queue_notices import corrupt, gone
from adapter.core.rendering import Renderer
from adapter.dingtalk import Client
from adapter.dispatcher import Courier, Dispatcher, Equipment, Memory, strands_of
from adapter.errors import ConfigError, Problem, StoreUnavailable
from adapter.feeds import Feeds
from adapter.health import StoreHealth
from adapter.heartbeats import Watch
from adapter.heirs import ROLLOUT, Heirs
from adapter.housekeeping import Housekeeper
from adapter.last_resort import LastResort
from adapter.logs import redaction
from adapter.metrics import Metrics
from adapter.outbox import Changed, Listener, carry_out, open_postgresql, open_sqlite
from adapter.secret import Secret
from adapter.watcher import Watcher
from adapter.web import create_app

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable
    from concurrent.futures import Executor
    from pathlib import Path

    from flask import Flask

    from adapter.clock import Clock
    from adapter.config.settings import Settings
    from adapter.core.delivery import Notice
    from adapter.core.routing import Route
    from adapter.dispatcher.courier import Sender
    from adapter.outbox import Outbox, Request

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Loaded:
    """Hold all that was read from disk: one reload replaces it whole, or not at all."""

    settings: Settings
    renderer: Renderer
    footprint: Footprint

    @property
    def equipment(self) -> Equipment:
        """Return what messages are made and sent with."""
        schedules = {name: each.schedule for name, each in self.settings.schedules.items()}
        directory = Directory(self.settings.people, schedules)
        return Equipment(self.settings.robots, self.renderer, directory)


def load(path: Path, *, skip_secrets: bool = False, footprint: Footprint | None = None) -> Loaded:
    """Read the configuration and the templates, or raise ConfigError with every problem.

    What was read is noted in `footprint`, whatever comes of it.
    """
    footprint = footprint or Footprint()
    settings = config.load(path, environ=os.environ, skip_secrets=skip_secrets, footprint=footprint)
    user = read_templates(settings.template_directory, footprint)
    renderer = Renderer({**bundled_templates(), **user}, settings.style)
    problems = [
        Problem(str(settings.template_directory / found.name), found.line, 1, "", found.text)
        for found in renderer.problems()
    ]
    if problems:
        raise ConfigError(problems)
    redaction.know(secrets_of(settings))
    return Loaded(settings, renderer, footprint)


def summary(loaded: Loaded) -> str:
    """Return one line that says what a valid configuration holds."""
    settings = loaded.settings
    return f"OK: {len(settings.robots)} robot(s), {_count(settings.route)} route(s)"


def _count(route: Route) -> int:
    return 1 + sum(_count(child) for child in route.routes)


def home_zone(settings: Settings) -> str:
    """Return the name of the root route's time zone."""
    return settings.route.settings.timezone or RenderSettings().timezone


def secrets_of(settings: Settings) -> Iterable[Secret]:
    """Return every secret of a configuration, for the wall of the log."""
    yield from settings.server.auth.bearer_tokens
    if settings.storage.postgresql is not None:
        yield settings.storage.postgresql
        password = make_url(settings.storage.postgresql.reveal()).password
        if password:
            yield Secret(str(password))
    if settings.server.auth.basic is not None:
        yield settings.server.auth.basic.password
    if settings.server.page.basic is not None:
        yield settings.server.page.basic.password
    if settings.server.auth.hmac is not None:
        yield settings.server.auth.hmac.secret
    if settings.last_resort is not None:
        yield settings.last_resort
    for robot in (each for named in settings.robots.values() for each in named.members):
        yield robot.access_token
        yield from (value for value in (robot.secret, robot.proxy) if value is not None)
    for schedule in settings.schedules.values():
        if schedule.ical is not None and schedule.ical.url is not None:
            yield schedule.ical.url


def _open_store(settings: Settings, clock: SharedClock) -> Outbox:
    """Open the outbox and go by its time, if others share it."""
    url = settings.storage.postgresql
    if url is None:
        return open_sqlite(settings.storage.path, clock.now())
    store = open_postgresql(url)
    now = store.now()
    if now is not None:
        clock.follow(now)
    return store


def new_dispatcher(  # noqa: PLR0913  # every part that it joins
    *,
    store: Outbox,
    sender: Sender,
    metrics: Metrics,
    clock: Clock,
    equipment: Callable[[], Equipment],
    executor: Executor | None = None,
) -> Dispatcher:
    """Return what delivers from an outbox; `executor` carries messages, by default threads."""
    courier = Courier(
        store=store,
        sender=sender,
        observer=metrics,
        clock=clock,
        memory=Memory(),
        new_uuid=lambda: str(uuid.uuid4()),
        jitter=random.random,
    )
    return Dispatcher(
        queue=store, courier=courier, clock=clock, equipment=equipment, executor=executor
    )


class Service:
    """Receive and deliver: every part wired, started together and stopped in order."""

    def __init__(self, path: Path, loaded: Loaded) -> None:
        """Wire everything; what the process was started with decides which store is used."""
        self.clock = SharedClock()
        self.metrics = Metrics()
        self._path = path
        self._loaded = loaded
        self._tried = loaded.footprint
        self._reloading = threading.Lock()
        self._replacing = threading.Lock()
        self._draining = False
        self.store: Outbox = _open_store(loaded.settings, self.clock)
        self._health = StoreHealth(self.store, self.clock, self.metrics.store_up)
        shared = loaded.settings.storage.postgresql is not None
        patience = ROLLOUT if shared else timedelta(0)
        self._heirs = Heirs(self.store, self.clock, patience=patience)
        self._feeds = Feeds(self.store.kept, self.clock, loaded.settings)
        self._announcer = Announcer(
            self.store,
            self.clock,
            settings=lambda: self.settings,
            schedules=self._feeds.schedules,
            wake=self.wake,
        )
        self._heartbeats = Watch(
            self.store, self.clock, settings=lambda: self.settings, wake=self.wake
        )
        self._dispatcher = new_dispatcher(
            store=self.store,
            sender=Client(self.clock),
            metrics=self.metrics,
            clock=self.clock,
            equipment=self._equipment,
        )
        storage = loaded.settings.storage
        # Whoever shares PostgreSQL may write to it without being asked.
        self._listener = (
            Listener(storage.path, self._carry_out) if storage.postgresql is None else None
        )
        self._housekeeper = Housekeeper(
            self.store,
            self.clock,
            retention=lambda: self.settings.storage.retention,
            follow=self.clock.follow,
            probe=self._look_after,
        )
        self._last_resort = LastResort(
            self.store,
            self.clock,
            target=lambda: self.settings.last_resort,
            strands=lambda: strands_of(self.settings.robots, self._heirs.known()),
            jitter=random.random,
        )
        self._watcher = Watcher(
            self.clock,
            enabled=lambda: self.settings.server.watch,
            tried=lambda: self._tried,
            reload=self.reload,
        )
        self._complaints = Complaints(
            self.store.kept, self.clock, settings=lambda: self.settings, wake=self.wake
        )
        self.wsgi: Flask = create_app(self)
        self._tell_loaded()
        self._tell_what_became_of_the_old_queue()

    @property
    def settings(self) -> Settings:
        """Return the configuration in force."""
        return self._loaded.settings

    @property
    def tls(self) -> ssl.SSLContext | None:
        """Return how connections are encrypted, if they are."""
        tls = self.settings.server.tls
        return None if tls is None else tls.context

    def start(self) -> None:
        """Begin to deliver; requests may come from now on."""
        self._catch_up()
        self.metrics.watch(self.store, self.clock.now, lambda: self.settings.robots)
        self.metrics.watch_heartbeats(self.store, lambda: self.settings.heartbeats)
        self._health.probe()
        self._dispatcher.start()
        self._housekeeper.start()
        self._feeds.start()
        self._announcer.start()
        self._last_resort.start()
        self._heartbeats.start()
        self._watcher.start()
        if self._listener is not None:
            self._listener.start()
        log.info("started", robots=len(self.settings.robots), waiting=self.store.waiting())

    def drain(self) -> None:
        """Say "not ready" from now on, and still accept what comes."""
        self._draining = True

    def stop(self) -> None:
        """Finish what is in flight and give the store up."""
        self._draining = True
        self._watcher.stop()
        if self._listener is not None:
            self._listener.stop()
        self._heartbeats.stop()
        self._announcer.stop()
        self._feeds.stop()
        self._dispatcher.stop()
        self._last_resort.stop()
        self._housekeeper.stop()
        self.store.close()
        log.info("stopped")

    def alive(self) -> bool:
        """Return whether every part runs."""
        return self._dispatcher.alive() and self.store.alive()

    def beyond_repair(self) -> bool:
        """Return whether the store is corrupt: the next start of the process moves it aside."""
        return self.store.corrupt()

    def not_ready(self) -> str:
        """Return why webhooks should not come here now; empty when they may."""
        if self._draining:
            return "shutting down"
        if not self.alive():
            return "a part of the adapter ended"
        return self._health.fault()

    def body_refused(self, code: int, why: str) -> None:
        """Learn that a body was refused for good, and tell of it; raises StoreUnavailable."""
        self._complaints.tell(code, why)

    def store_failed(self, why: str) -> None:
        """Learn that a webhook could not be committed: not ready, until a probe succeeds."""
        self._health.failed(why)

    def wake(self, robots: Iterable[str]) -> None:
        """Tell the dispatcher that something was put into these robots' queues."""
        self._dispatcher.wake(robots)

    def reload(self) -> None:
        """Put a changed configuration into force, or raise ConfigError and change nothing."""
        with self._reloading:
            loaded = self._load_again()
            _warn_of_restart(self.settings, loaded.settings)
            adopted = self._feeds.prepare(loaded.settings)
            with self._replacing:
                self._loaded = loaded
                self._feeds.adopt(adopted)
            self._tell_loaded()
            log.info("reloaded", robots=len(loaded.settings.robots))
        self._try_robots_again()

    def _catch_up(self) -> None:
        """Take over what changed since the process started: a worker may follow one that died."""
        if self._loaded.footprint.again() != self._loaded.footprint:
            with suppress(ConfigError):  # it has been told
                self.reload()

    def _load_again(self) -> Loaded:
        footprint = Footprint()
        try:
            return load(self._path, footprint=footprint)
        except Exception as error:
            self.metrics.reload_successful.set(0)
            if isinstance(error, ConfigError):
                log.error("reload failed, the old configuration stays", problems=str(error))  # noqa: TRY400  # its text says all
            raise
        finally:
            self._tried = footprint

    def _try_robots_again(self) -> None:
        try:
            self.store.end_rest()
        except StoreUnavailable as error:
            log.warning("robots rest on after the reload", why=str(error))
        self._dispatcher.wake_all()

    def _carry_out(self, request: Request) -> Changed:
        """Do what a command asks, and look at once at what waits now."""
        if request.post is not None and request.post.robot not in self.settings.robots:
            unknown = f"`serve` has no robot {request.post.robot}; reload its configuration"
            return Changed(problems=(unknown,))
        changed = carry_out(self.store, request, self.clock.now())
        done, problems = changed.done, changed.problems
        log.info("asked by a command", what=request.command, done=done, problems=problems)
        self.wake(changed.robots)
        return changed

    def _equipment(self) -> Equipment:
        """Return what messages are made with; who is on call is as calendars told last."""
        with self._replacing:
            loaded, schedules = self._loaded, self._feeds.schedules()
        directory = Directory(loaded.settings.people, schedules)
        return replace(loaded.equipment, directory=directory, heirs=self._heirs.known())

    def _tell_loaded(self) -> None:
        self.metrics.reload_successful.set(1)
        self.metrics.reload_success_at.set(self.clock.now().timestamp())
        for warning in self.settings.warnings:
            log.warning("configuration", what=str(warning))
        self._heirs.refresh(self.settings)

    def _look_after(self) -> None:
        """See whether the store takes writes, and whether anything waits for robots of old."""
        self._health.probe()
        self._heirs.refresh(self.settings)

    def _tell_what_became_of_the_old_queue(self) -> None:
        aside = self.store.moved_aside
        if aside is not None:
            self.metrics.store_corruptions.inc()
            log.error("the database was corrupt; a fresh one is used", moved_to=str(aside))
            self._tell_all_robots(lambda robot: corrupt(robot, aside.name))
        elif self.store.vanished:
            log.error("the database was gone; a fresh one is used")
            self._tell_all_robots(gone)

    def _tell_all_robots(self, notice: Callable[[str], Notice]) -> None:
        self.store.notify(map(notice, self.settings.robots), now=self.clock.now())


def _warn_of_restart(old: Settings, new: Settings) -> None:
    changed = [
        name
        for name, before, after in (
            (
                "server.listen",
                (old.server.host, old.server.port),
                (new.server.host, new.server.port),
            ),
            ("server.threads", old.server.threads, new.server.threads),
            ("server.max_body", old.server.max_body, new.server.max_body),
            ("storage.url", old.storage.path, new.storage.path),
            ("storage.url", old.storage.postgresql, new.storage.postgresql),
            ("log", old.log, new.log),
        )
        if before != after
    ]
    if changed:
        log.warning("these keep their old value until a restart", keys=changed)
