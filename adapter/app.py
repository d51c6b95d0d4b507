"""The composition root: a configuration goes in, a running service comes out."""

from __future__ import annotations

import random
import threading
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from adapter.alertmanager import Alertmanager
from adapter.announcer import Announcer
from adapter.clock import SharedClock
from adapter.complaints import Complaints
from adapter.config.fixed import fixed
from adapter.config.footprint import Footprint
from adapter.core.audit import By
from adapter.core.directory import Directory
from adapter.dingtalk import Client
from adapter.dispatcher import new_dispatcher, strands_of
from adapter.errors import ConfigError, StoreUnavailable
from adapter.feeds import Feeds
from adapter.health import StoreHealth
from adapter.heartbeats import Watch
from adapter.heirs import ROLLOUT, Heirs
from adapter.housekeeping import Housekeeper
from adapter.last_resort import LastResort
from adapter.loading import load
from adapter.metrics import Metrics
from adapter.opening import open_store, tell_loss
from adapter.outbox import (
    Changed,
    Listener,
    carry_out,
    open_history,
)
from adapter.reminders import Reminders
from adapter.swaps import Swaps
from adapter.watcher import Watcher
from adapter.web import create_app
from adapter.workbench import Workbench

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from flask import Flask

    from adapter.config.settings import Settings, SourceSettings
    from adapter.core.oncall import Schedule
    from adapter.core.swaps import Swap
    from adapter.dispatcher import Equipment
    from adapter.loading import Loaded
    from adapter.outbox import History, Outbox, Request
    from adapter.rounds import Part

log = structlog.get_logger(__name__)


class Service:
    """Receive and deliver: every part wired, started together and stopped in order."""

    def __init__(self, path: Path, loaded: Loaded) -> None:
        """Wire everything; what the process was started with decides which store is used."""
        self.clock = SharedClock()
        self.metrics = Metrics()
        self.workbench = Workbench()
        self._path = path
        self._loaded = loaded
        self._tried = loaded.footprint
        self._reloading = threading.Lock()
        self._replacing = threading.Lock()
        self._draining = False
        self.store: Outbox = open_store(loaded.settings.storage, self.clock)
        storage = loaded.settings.storage
        self.history: History = open_history(storage.path, storage.postgresql)
        self._health = StoreHealth(self.store, self.clock, self.metrics.store_up)
        shared = loaded.settings.storage.postgresql is not None
        patience = ROLLOUT if shared else timedelta(0)
        self._heirs = Heirs(self.store, self.clock, patience=patience)
        self._feeds = Feeds(self.store.kept, self.clock, loaded.settings)
        self._swaps = Swaps(self.store, self.clock, self._feeds.schedules)
        self._dispatcher = new_dispatcher(
            store=self.store,
            sender=Client(self.clock),
            observer=self.metrics,
            clock=self.clock,
            equipment=self._equipment,
        )
        self._complaints = Complaints(
            self.store.kept, self.clock, settings=lambda: self.settings, wake=self.wake
        )
        self._parts = tuple(self._background())
        self.wsgi: Flask = create_app(self)
        self._tell_loaded()
        if tell_loss(self.store, self.settings.robots, self.clock.now()):
            self.metrics.store_corruptions.inc()

    def _background(self) -> Iterator[Part]:
        """Yield what works in a thread of its own, in the order of starting."""
        store, clock, wake = self.store, self.clock, self.wake
        yield Housekeeper(
            store,
            clock,
            retention=lambda: self.settings.storage.retention,
            follow=clock.follow,
            probe=self._look_after,
        ).rounds
        yield LastResort(
            store,
            clock,
            target=lambda: self.settings.last_resort,
            strands=lambda: strands_of(self.settings.robots, self._heirs.known()),
            jitter=random.random,
        ).rounds
        yield self._dispatcher
        yield self._feeds.rounds
        yield Announcer(
            store,
            clock,
            settings=lambda: self.settings,
            schedules=self._swaps.schedules,
            wake=wake,
        ).rounds
        yield Reminders(store, clock, settings=lambda: self.settings, wake=wake).rounds
        yield Watch(store, clock, settings=lambda: self.settings, wake=wake).rounds
        yield Watcher(
            clock,
            enabled=lambda: self.settings.server.watch,
            tried=lambda: self._tried,
            reload=self.reload,
        ).rounds
        storage = self.settings.storage
        if storage.postgresql is None:  # whoever shares PostgreSQL may write to it without asking
            yield Listener(storage.path, self._carry_out)

    @property
    def settings(self) -> Settings:
        """Return the configuration in force."""
        return self._loaded.settings

    @property
    def records(self) -> Outbox:
        """Return what the pages tell of."""
        return self.store

    @property
    def templates(self) -> Mapping[str, str]:
        """Return the texts of all templates in force."""
        return self._loaded.templates

    def schedules(self) -> Mapping[str, Schedule]:
        """Return who is on call when, as calendars told last and people have swapped."""
        return self._swaps.schedules()

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
        for part in self._parts:
            part.start()
        log.info("started", robots=len(self.settings.robots), waiting=self.store.waiting())

    def drain(self) -> None:
        """Say "not ready" from now on, and still accept what comes."""
        self._draining = True

    def stop(self) -> None:
        """Finish what is in flight and give the store up."""
        self._draining = True
        for part in reversed(self._parts):
            part.stop()
        self.history.close()
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

    def alertmanager(self, source: SourceSettings) -> Alertmanager:
        """Return what asks an Alertmanager of the configuration."""
        return Alertmanager(source)

    def wake(self, robots: Iterable[str]) -> None:
        """Tell the dispatcher that something was put into these robots' queues."""
        self._dispatcher.wake(robots)

    def reload(self) -> None:
        """Put a changed configuration into force, or raise ConfigError and change nothing."""
        with self._reloading:
            loaded = self._load_again()
            keys = fixed(self.settings, loaded.settings)
            if keys:
                log.warning("these keep their old value until a restart", keys=keys)
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

    def retry(self, name: str, who: str) -> Changed:
        """Let what is dead wait again, as somebody has decided."""
        changed = self.store.retry([name], by=By(who, self.clock.now()))
        return self._decided("retry", who, changed)

    def discard(self, name: str, who: str) -> Changed:
        """Give up what is dead or waits, as somebody has decided."""
        now = self.clock.now()
        changed = self.store.discard([name], now=now, by=By(who, now))
        return self._decided("discard", who, changed)

    def swap(self, swap: Swap) -> None:
        """Let somebody take over a schedule for a while, and tell of it where handoffs are told."""
        self.store.swap(swap)
        self._swapped("swapped", swap.who)

    def undo_swap(self, number: int, who: str) -> bool:
        """Let a swap count no more; return whether it did until now."""
        undone = self.store.undo_swap(number, by=By(who, self.clock.now()))
        self._swapped("swap undone", who)
        return undone

    def _swapped(self, what: str, who: str) -> None:
        log.info("decided on the page", what=what, who=who)
        self._swaps.renew()

    def _decided(self, what: str, who: str, changed: Changed) -> Changed:
        log.info("decided on the page", what=what, who=who, done=changed.done)
        self.wake(changed.robots)
        return changed

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
            loaded, schedules = self._loaded, self._swaps.schedules()
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
