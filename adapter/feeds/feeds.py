"""Keep calendars fresh in the background; where a source is down, what it told last counts."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol, cast

import structlog

from adapter.core.roster import FAR
from adapter.core.spans import Span
from adapter.errors import StoreUnavailable
from adapter.feeds.ical import FeedError, read_events
from adapter.feeds.source import read_source
from adapter.rounds import Rounds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from adapter.clock import Clock
    from adapter.config.settings import IcalSettings, ScheduleSettings, Settings
    from adapter.core.oncall import Schedule

LOOK: Final = timedelta(seconds=10)
"""How often it is looked whether a calendar is due."""

AHEAD: Final = 3 * FAR
"""How far ahead events are known, should the source stay away."""

_PATIENCE: Final = timedelta(seconds=1)
"""How long stopping waits: a source may be slow, and nothing of it is lost."""

log = structlog.get_logger(__name__)


class Store(Protocol):
    """Where the last good text of each calendar survives a restart."""

    def get(self, key: str) -> bytes | None:
        """Return what was kept."""
        ...

    def put(self, key: str, value: bytes, *, now: datetime) -> None:
        """Keep a value in place of the one before."""
        ...


@dataclass(frozen=True, slots=True)
class _Feed:
    """Hold one calendar as it was read last; `text` is None before that."""

    text: bytes | None
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Prepared:
    """Hold a configuration with what is known of its calendars, ready to be adopted."""

    settings: Settings
    feeds: dict[str, _Feed]
    schedules: Mapping[str, Schedule]


class Feeds:
    """Know all schedules with what their calendars told last."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        settings: Settings,
        source: Callable[[IcalSettings], bytes] = read_source,
    ) -> None:
        self._store = store
        self._clock = clock
        self._source = source
        self._lock = threading.Lock()
        self._feeds: dict[str, _Feed] = {}
        self.rounds = Rounds("feeds", clock, self.step, every=LOOK, patience=_PATIENCE)
        self.adopt(self.prepare(settings))

    def prepare(self, settings: Settings) -> Prepared:
        """Return the schedules of a configuration, with what is known of their calendars.

        That takes its time, and changes nothing before it is adopted.
        """
        fed = [each for each in settings.schedules.values() if each.ical is not None]
        feeds = {_key(each): self._feeds.get(_key(each)) or self._kept(_key(each)) for each in fed}
        schedules = {each.name: each.schedule for each in settings.schedules.values()}
        for each in fed:
            text = feeds[_key(each)].text
            if text is not None:
                with suppress(FeedError):
                    schedules[each.name] = self._filled(each, text, settings)
        return Prepared(settings, feeds, schedules)

    def adopt(self, prepared: Prepared) -> None:
        """Put what was prepared into force, in one step."""
        with self._lock:
            self._settings = prepared.settings
            self._feeds = prepared.feeds
            self._schedules = prepared.schedules

    def schedules(self) -> Mapping[str, Schedule]:
        """Return the schedules in force, by name."""
        return self._schedules

    def step(self) -> None:
        """Read every calendar that is due."""
        now, settings, feeds = self._clock.now(), self._settings, self._feeds
        for each in settings.schedules.values():
            feed = feeds.get(_key(each))
            if feed is not None and feed.due_at <= now:
                feeds[_key(each)] = self._read(each, feed.text)

    def _read(self, settings: ScheduleSettings, known: bytes | None) -> _Feed:
        ical = cast("IcalSettings", settings.ical)
        text = known
        try:
            text = self._source(ical)
            self._show(settings, text)
        except FeedError as error:
            text = known
            log.warning(
                "calendar not read, what it told last counts",
                schedule=settings.name,
                why=str(error),
            )
            self._show_known(settings, known)  # its later events come into sight
        if text is not None and text != known:
            self._keep(_key(settings), text)
        return _Feed(text, self._clock.now() + ical.refresh)

    def _show_known(self, settings: ScheduleSettings, text: bytes | None) -> None:
        """Put into force what a calendar told last, if anything."""
        if text is not None:
            with suppress(FeedError):
                self._show(settings, text)

    def _show(self, settings: ScheduleSettings, text: bytes) -> None:
        """Put the events of a calendar into force, unless the configuration has changed."""
        filled = self._filled(settings, text, self._settings)
        with self._lock:
            if self._settings.schedules.get(settings.name) is settings:
                self._schedules = {**self._schedules, settings.name: filled}

    def _filled(self, settings: ScheduleSettings, text: bytes, whole: Settings) -> Schedule:
        """Return a schedule with the events of its calendar, or raise FeedError."""
        now = self._clock.now()
        zone = settings.schedule.zone
        events = read_events(text, whole.people, zone, Span(now - FAR, now + AHEAD))
        if events.unnamed:
            log.warning(
                "events of a calendar name nobody of `people`",
                schedule=settings.name,
                events=events.unnamed,
            )
        return replace(settings.schedule, events=events.duties)

    def _kept(self, key: str) -> _Feed:
        try:
            text = self._store.get(key)
        except StoreUnavailable as error:
            log.warning("what a calendar told last could not be looked up", why=str(error))
            text = None
        return _Feed(text, self._clock.now())

    def _keep(self, key: str, text: bytes) -> None:
        try:
            self._store.put(key, text, now=self._clock.now())
        except StoreUnavailable as error:
            log.warning("a calendar could not be kept for a restart", why=str(error))


def _key(settings: ScheduleSettings) -> str:
    """Return under what the text of a calendar is kept; none but its own may take its place."""
    return f"ical/{settings.name}/{settings.ical.key}" if settings.ical is not None else ""
