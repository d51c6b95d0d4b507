"""AlertView: what a template sees of one alert.

What all alerts of the group share is told once, by the group; an alert tells what differs.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from adapter.core import links
from adapter.core.alerts import Status
from adapter.core.entry_line import entry_line
from adapter.core.reader import Labels
from adapter.core.severity import UNTOLD
from adapter.core.silence_link import silencer_of
from adapter.core.telling import PLACES, distinctive, says_what, telling
from adapter.core.text import Text

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime, timedelta

    from adapter.core.alerts import Alert, AlertGroup
    from adapter.core.links import Link
    from adapter.core.own_pages import OwnPages
    from adapter.core.reader import Reader
    from adapter.core.silence_link import Silencer
    from adapter.core.style import Style

_RESOLVED: Final = Status.RESOLVED  # a name of its own is found sooner


@dataclass(frozen=True, slots=True)
class Shared:
    """Hold what all alerts of a group have in common; `single` if there is only one."""

    labels: Mapping[str, str]
    links: tuple[Link, ...]
    single: bool
    silencer: Silencer

    @property
    def apart(self) -> Collection[str] | None:
        """Return the labels that tell none of them from the others; None if there are no others."""
        return None if self.single else self.labels


@dataclass(frozen=True, slots=True)
class SeverityView:
    """Show a level: `rank` 0 is the worst."""

    rank: int
    emoji: str
    name: Text
    color: str


def summary(alert: Alert) -> str:
    """Return what is the matter: the summary, or what stands in for it."""
    notes = alert.annotations
    told = notes.get("summary") or notes.get("message", "")
    return told or (notes.get("description", "") if alert.status is Status.FIRING else "")


def description(alert: Alert) -> str:
    """Return the description, unless it was said or is stale: of what is over it tells of then."""
    told = alert.annotations.get("description", "")
    return told if alert.status is Status.FIRING and told != summary(alert) else ""


def pair(name: str, value: str) -> Text:
    """Return a label as Prometheus writes it, without the quotes."""
    return Text(f"{name}={value}")


@functools.lru_cache(maxsize=64)
def _severity(rank: int, emoji: str, name: str, color: str) -> SeverityView:
    return SeverityView(rank, emoji, Text(name), color)


class AlertView:
    """Show one alert; every string is escaped on output."""

    def __init__(self, alert: Alert, reader: Reader, shared: Shared) -> None:
        self._alert = alert = reader.style.shown_of(alert)
        self._reader = reader
        self._shared = shared
        self._over = alert.status is _RESOLVED

    @property
    def status(self) -> str:
        """Return whether it fires or is over, in Alertmanager's words."""
        return str(self._alert.status)

    @property
    def starts_at(self) -> datetime | None:
        """Return when it began."""
        return self._alert.started_at

    @property
    def ends_at(self) -> datetime | None:
        """Return when it ended; None while it fires."""
        return self._alert.ended_at

    @property
    def name(self) -> Text:
        """Return the alert's name, or that it has none."""
        return self._reader.text(self._alert.name) or Text(self._reader.words.unnamed)

    @property
    def labels(self) -> Labels:
        """Return its labels by name."""
        return Labels(self._alert.labels, self._reader)

    @property
    def annotations(self) -> Labels:
        """Return its annotations by name."""
        return Labels(self._alert.annotations, self._reader)

    @property
    def generator_url(self) -> Text:
        """Return where its sender shows what it is about."""
        return Text(self._alert.generator_url)

    @property
    def fingerprint(self) -> Text:
        """Return what its sender knows it by."""
        return Text(self._alert.fingerprint)

    @cached_property
    def severity(self) -> SeverityView:
        """Return how bad it is; a value that no level knows is its own name."""
        scale = self._reader.style.scale
        value = self._alert.labels.get(scale.label, "")
        level = scale.level(value)
        name = level.name(self._reader.words.language)
        if level is UNTOLD:
            name = self._reader.text(value) or name
        return _severity(scale.rank(level), level.emoji, name, level.color)

    @cached_property
    def own(self) -> tuple[str, ...]:
        """Return the names of the labels that tell it from others, the most telling first."""
        known = PLACES if self._shared.single else self._shared.labels
        return tuple(
            sorted(self._alert.labels.keys() - known - self._reader.style.told, key=telling)
        )

    @property
    def subject(self) -> Text:
        """Return the value of the label that best tells it from others."""
        return self._text_of(self.subject_label)

    @property
    def subject_label(self) -> str:
        """Return the name of that label; of a single alert only one that is known to tell."""
        first = next(iter(self.own), "")
        return first if says_what(first) or not self._shared.single else ""

    @property
    def details(self) -> list[Text]:
        """Return the other labels that tell it from others, as `name=value`."""
        return [] if self._shared.single else [self._pair(name) for name in self.own[1:]]

    @property
    def subjects(self) -> list[Text]:
        """Return what tells it from all others where alerts of many groups stand together.

        That is the most telling label of all, and the most telling of its own.
        """
        names = distinctive(self._alert.labels, self._reader.style.told, self._shared.apart)
        return [self._marked(name) for name in names]

    def _marked(self, name: str) -> Text:
        return self._text_of(name) if says_what(name) else self._pair(name)

    def _pair(self, name: str) -> Text:
        return pair(self._reader.text(name), self._text_of(name))

    def _text_of(self, label: str) -> Text:
        return self._reader.text(self._alert.labels.get(label, ""))

    @property
    def where(self) -> list[Text]:
        """Return its place, from the largest to the smallest."""
        labels = self._alert.labels
        return [self._reader.text(labels[name]) for name in PLACES if labels.get(name)]

    @property
    def entry(self) -> Markup:
        """Return all of it in one line, for among alerts of other groups."""
        line = entry_line(self._alert, self._reader, self._shared.apart)
        return Markup(line)  # noqa: S704  # escaped when made

    @property
    def summary(self) -> Text:
        """Return what is the matter."""
        return self._reader.text(summary(self._alert))

    @property
    def description(self) -> Text:
        """Return the description; of an alert that is over, nothing."""
        return self._reader.text(description(self._alert))

    @cached_property
    def when(self) -> Text:
        """Return since when, or from when to when, and for how long; empty if not known."""
        return self._reader.when(self.starts_at, self.ends_at, over=self._over)

    @property
    def duration(self) -> timedelta | None:
        """Return how long it has fired or did fire; None if that is not known."""
        return self._reader.duration(self.starts_at, self.ends_at, over=self._over)

    @property
    def runbook_url(self) -> Text:
        """Return where to read what to do."""
        return Text(links.runbook_url(self._alert))

    @property
    def dashboard_url(self) -> Text:
        """Return where to look."""
        return Text(links.dashboard_url(self._alert))

    @property
    def panel_url(self) -> Text:
        """Return Grafana's panel."""
        return Text(self._alert.panel_url)

    def silence_url(self, duration: str = "") -> Text:
        """Return where to silence this alert, for so long if that can be said in an address."""
        return Text("" if self._over else self._shared.silencer.url([self._alert], duration))

    @property
    def values(self) -> list[Text]:
        """Return what Grafana measured, as `name=value`."""
        measured = self._alert.values if isinstance(self._alert.values, dict) else {}
        return [
            Text(f"{self._reader.text(str(name))}={value:.6g}")
            for name, value in measured.items()
            if isinstance(value, int | float)
        ]

    @property
    def links(self) -> tuple[Link, ...]:
        """Return where it leads and its group as a whole does not."""
        return links.shared_links([self._alert], self._reader.words, but=self._shared.links)


def shared_among_others(group: AlertGroup, style: Style, pages: OwnPages | None = None) -> Shared:
    """Return what alerts of a group share that are told apart from it, among alerts of others."""
    single = len(group.alerts) == 1
    return Shared(group.common_labels, (), single, silencer_of(group, style, pages))


def among_others(alert: Alert, group: AlertGroup, reader: Reader) -> AlertView:
    """Return the view of an alert that is told apart from its group, among alerts of others."""
    return AlertView(alert, reader, shared_among_others(group, reader.style))
