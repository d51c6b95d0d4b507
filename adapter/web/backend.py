"""What the views need of the rest of the program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime, timedelta

    from adapter.clock import Clock
    from adapter.config.settings import Settings, SourceSettings
    from adapter.core.acts import Act, Acting
    from adapter.core.audit import Decision
    from adapter.core.delivery import Delivery, Notice, Post
    from adapter.core.heartbeats import Beat
    from adapter.core.life import Contents, Timeline
    from adapter.core.matchers import Matcher
    from adapter.core.oncall import Schedule
    from adapter.core.reminding import Quiet
    from adapter.core.routing import Ended
    from adapter.core.search import Hits, Search
    from adapter.core.silencing import Silence
    from adapter.core.swaps import Swap
    from adapter.core.template_trial import Trial, Tried
    from adapter.metrics import Metrics
    from adapter.web.pages.records import Records


class Counts(Protocol):
    """What a webhook became."""

    @property
    def deliveries(self) -> int:
        """Return how many deliveries were committed."""
        ...

    @property
    def duplicates(self) -> int:
        """Return how many were left out because the robot knew the state."""
        ...


class Enqueued(Protocol):
    """A webhook on its way to its commit."""

    def wait(self) -> Counts:
        """Return what it became, once that is committed; raises StoreUnavailable."""
        ...


class Posted(Protocol):
    """What a message became."""

    @property
    def id(self) -> str:
        """Return how it is known."""
        ...

    @property
    def duplicate(self) -> bool:
        """Return whether it had been asked for before."""
        ...


class Acts(Protocol):
    """Where it is kept what people did; every call may raise StoreUnavailable."""

    def begin(self, act: Act, *, now: datetime, lease: timedelta) -> Acting:
        """Lease an act, or say that it is done, or that somebody is at it."""
        ...

    def finish(
        self,
        act: Act,
        *,
        words: Iterable[Notice] = (),
        quiet: Quiet | None = None,
        now: datetime,
    ) -> None:
        """Note that a leased act was done, as it now is, tell of it, and end reminders."""
        ...

    def give_up(self, act: Act, *, unsure: bool) -> None:
        """End the lease of an act that failed; forget it, unless it may have been done."""
        ...

    def do(
        self,
        act: Act,
        *,
        words: Iterable[Notice] = (),
        quiet: Quiet | None = None,
        now: datetime,
    ) -> Acting:
        """Note an act that nothing else carries out, as `finish` does; done already, say so."""
        ...


class Alertmanager(Protocol):
    """One Alertmanager; every call may raise AlertmanagerError."""

    def count(self, matchers: Sequence[Matcher]) -> int:
        """Return how many alerts these mute now."""
        ...

    def silence(self, silence: Silence) -> str:
        """Make a silence and return its id."""
        ...

    def find(self, mark: str) -> str:
        """Return the id of the silence in force with this mark in its comment, or nothing."""
        ...

    def expire(self, silence: str) -> None:
        """End a silence."""
        ...


class Store(Protocol):
    """Where deliveries are committed."""

    @property
    def acts(self) -> Acts:
        """Return where it is kept what people did."""
        ...

    def begin(
        self,
        accepted: Sequence[Delivery],
        *,
        now: datetime,
        dedup_window: timedelta,
        beats: Sequence[Beat] = (),
        ended: Sequence[Ended] = (),
    ) -> Enqueued:
        """Begin to commit deliveries, beats of heartbeats, what `ended` untold.

        Raises StoreUnavailable.
        """
        ...

    def post(self, post: Post, *, now: datetime) -> Posted:
        """Commit a message that was asked for; raises StoreUnavailable."""
        ...

    def keep_refused(self, body: bytes, *, code: int, reason: str, now: datetime) -> None:
        """Keep a body that could not be accepted."""
        ...

    def waiting(self) -> int:
        """Return how many deliveries and other messages wait."""
        ...


class History(Protocol):
    """What became of deliveries; every answer may raise StoreUnavailable."""

    def timeline(self, delivery: int) -> Timeline | None:
        """Return what became of a delivery, if it is known."""
        ...

    def contents(self, message: str) -> Contents | None:
        """Return what a message told, if it is known."""
        ...

    def search(self, search: Search) -> Hits:
        """Return the newest deliveries that fit."""
        ...

    def body(self, message: str) -> bytes | None:
        """Return what was sent to DingTalk as a message, if it is known."""
        ...

    def acts(self, limit: int) -> Sequence[Act]:
        """Return what people did through links of messages, the newest first."""
        ...

    def newest_decisions(self, limit: int) -> Sequence[Decision]:
        """Return what people decided last, the newest first."""
        ...

    def decisions(self, delivery: int) -> Sequence[Decision]:
        """Return what people decided about a delivery, the oldest first."""
        ...


class Changed(Protocol):
    """What became of a decision."""

    @property
    def done(self) -> Sequence[str]:
        """Return the ids that were changed."""
        ...

    @property
    def problems(self) -> Sequence[str]:
        """Return why others were not."""
        ...


class Workbench(Protocol):
    """Where a template is tried that somebody is writing."""

    def try_out(self, trial: Trial) -> Tried:
        """Return what came of a trial, or raise TrialError."""
        ...


class Backend(Protocol):
    """The program as the views see it."""

    @property
    def clock(self) -> Clock:
        """Return the clock."""
        ...

    @property
    def metrics(self) -> Metrics:
        """Return the metrics."""
        ...

    @property
    def settings(self) -> Settings:
        """Return the configuration in force; a reload replaces it whole."""
        ...

    @property
    def store(self) -> Store:
        """Return the outbox."""
        ...

    @property
    def history(self) -> History:
        """Return what tells what became of deliveries."""
        ...

    @property
    def records(self) -> Records:
        """Return what the pages tell of the outbox."""
        ...

    @property
    def templates(self) -> Mapping[str, str]:
        """Return the texts of all templates in force, by file name."""
        ...

    @property
    def workbench(self) -> Workbench:
        """Return where templates are tried."""
        ...

    def schedules(self) -> Mapping[str, Schedule]:
        """Return who is on call when, as calendars and overrides told last."""
        ...

    def retry(self, name: str, who: str) -> Changed:
        """Let what `DELIVERY` or `DELIVERY.INDEX` names wait again; raises StoreUnavailable."""
        ...

    def discard(self, name: str, who: str) -> Changed:
        """Give up what such a name means; raises StoreUnavailable."""
        ...

    def alertmanager(self, source: SourceSettings) -> Alertmanager:
        """Return an Alertmanager of the configuration."""
        ...

    def swap(self, swap: Swap) -> None:
        """Let somebody take over a schedule for a while; raises StoreUnavailable."""
        ...

    def undo_swap(self, number: int, who: str) -> bool:
        """Let a swap count no more; return whether it did; raises StoreUnavailable."""
        ...

    def wake(self, robots: Iterable[str]) -> None:
        """Tell the dispatcher that something was put into these robots' queues."""
        ...

    def reload(self) -> None:
        """Put a changed configuration into force, or raise ConfigError and change nothing."""
        ...

    def alive(self) -> bool:
        """Return whether every part runs."""
        ...

    def not_ready(self) -> str:
        """Return why webhooks should not come here now; empty when they may."""
        ...

    def body_refused(self, code: int, why: str) -> None:
        """Learn that a body was refused for good and kept; raises StoreUnavailable."""
        ...

    def store_failed(self, why: str) -> None:
        """Learn that a webhook could not be committed."""
        ...
