"""GroupView: what a template sees of an alert group."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from adapter.core.alert_view import AlertView, Shared, description, pair, summary
from adapter.core.alerts import common
from adapter.core.links import Link, all_alerts_url, runbook_url, shared_links
from adapter.core.reader import Labels
from adapter.core.silence_link import silencer_of
from adapter.core.telling import PLACES
from adapter.core.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta

    from adapter.core.alerts import Alert, AlertGroup
    from adapter.core.own_pages import OwnPages
    from adapter.core.reader import Reader

_NAMES_SHOWN: Final = 3
_LEVELS_SHOWN: Final = 4
_OWN: Final = (
    *("alerts", "firing", "resolved", "badge", "name", "kinds", "levels", "where", "details"),
    *("starts_at", "ends_at", "when", "duration", "summary", "description", "links"),
    *("recovered", "lasted", "repeated", "runbook_url", "silence_url", "title", "message"),
)


class GroupView:
    """Show one alert group: firing alerts first, of these the worst first.

    What is told of the group as a whole is told of `main`: its firing alerts, or if all are over,
    of all.
    """

    def __init__(self, group: AlertGroup, reader: Reader, pages: OwnPages | None = None) -> None:
        self._group = group
        self._reader = reader
        self._told = group.firing or group.alerts
        labels = reader.style.shown(common(alert.labels for alert in group.alerts))
        own_links = shared_links(self._told, reader.words)
        silencer = silencer_of(group, reader.style, pages)
        self._shared = Shared(labels, own_links, len(group.alerts) == 1, silencer)
        firing = (AlertView(alert, reader, self._shared) for alert in group.firing)
        self.firing = sorted(firing, key=lambda alert: alert.severity.rank)
        self.resolved = [AlertView(alert, reader, self._shared) for alert in group.resolved]
        self.alerts = [*self.firing, *self.resolved]
        self.main = self.firing or self.resolved

    @property
    def badge(self) -> Text:
        """Return how bad it is, at a glance."""
        words = self._reader.words
        if not self.firing:
            return Text(f"✅ {words.all_resolved if len(self.alerts) > 1 else words.resolved}")
        levels = Counter(f"{alert.severity.emoji} {alert.severity.name}" for alert in self.firing)
        if len(levels) == 1:
            return Text(next(iter(levels)))
        shown = [f"{level} {count}" for level, count in levels.most_common(_LEVELS_SHOWN)]
        return Text(" · ".join(shown))

    @property
    def recovered(self) -> Text:
        """Return how many are over while others fire, or nothing."""
        if not self.firing or not self.resolved:
            return Text()
        return Text(f"✅ {self._reader.words.also_resolved.format(len(self.resolved))}")

    @property
    def lasted(self) -> Text:
        """Return for how long it lasted once all are over, or nothing."""
        if self.firing or self.duration is None:
            return Text()
        words = self._reader.words
        return Text(words.lasted.format(words.span(self.duration)))

    @property
    def repeated(self) -> Text:
        """Return the how many-eth notification of this very state it is, if it is not the first."""
        if not self.firing or self._group.times <= 1:
            return Text()
        return Text(self._reader.words.nth.format(self._group.times))

    @property
    def name(self) -> Text:
        """Return the names of the alerts, each with its number."""
        words = self._reader.words
        names = Counter(str(alert.name) for alert in self.main)
        shown = [
            f"{name} ×{count}" if count > 1 or len(names) > 1 else name
            for name, count in names.most_common(_NAMES_SHOWN)
        ]
        if len(names) > _NAMES_SHOWN:
            shown.append(words.more_names.format(len(names) - _NAMES_SHOWN))
        return Text(words.and_comma.join(shown) or words.unnamed)

    @property
    def kinds(self) -> int:
        """Return how many names the alerts have."""
        return len({alert.name for alert in self.alerts})

    @property
    def levels(self) -> int:
        """Return how many severities the alerts have."""
        return len({alert.severity.name for alert in self.alerts})

    @property
    def where(self) -> list[Text]:
        """Return the place that all alerts share, from the largest to the smallest."""
        shared = self._shared.labels
        return [self._reader.text(shared[name]) for name in PLACES if shared.get(name)]

    @property
    def details(self) -> list[Text]:
        """Return the other labels that all alerts share, as `name=value`."""
        said = {
            *self._reader.style.told,
            *PLACES,
            *(alert.subject_label for alert in self.alerts[:1]),
        }
        shared = self._shared.labels.items()
        text = self._reader.text
        return [pair(text(name), text(value)) for name, value in shared if name not in said]

    @property
    def starts_at(self) -> datetime | None:
        """Return when the first alert began."""
        return min((alert.starts_at for alert in self.main if alert.starts_at), default=None)

    @property
    def ends_at(self) -> datetime | None:
        """Return when the last alert ended; None while one fires."""
        ends = [alert.ends_at for alert in self.alerts if alert.ends_at]
        return max(ends, default=None) if not self.firing else None

    @property
    def when(self) -> Text:
        """Return since when, or from when to when, and for how long; empty if not known."""
        return self._reader.when(self.starts_at, self.ends_at, over=not self.firing)

    @property
    def duration(self) -> timedelta | None:
        """Return how long it has fired or did fire; None if that is not known."""
        return self._reader.duration(self.starts_at, self.ends_at, over=not self.firing)

    @property
    def summary(self) -> Text:
        """Return what is the matter where several alerts say the same."""
        return self._said_by_all(summary)

    @property
    def description(self) -> Text:
        """Return the description where several alerts have the same."""
        return self._said_by_all(description)

    def _said_by_all(self, say: Callable[[Alert], str]) -> Text:
        first = say(self._told[0]) if self.firing and not self._shared.single else ""
        same = first and all(say(alert) == first for alert in self._told)
        return self._reader.text(first) if same else Text()

    @property
    def links(self) -> tuple[Link, ...]:
        """Return where the group leads, last to the sender's list of alerts."""
        words = self._reader.words
        # Where many groups are told together, room for alerts matters more.
        silence = Link(words.silence, str(self.silence_url()) if self._reader.alone else "")
        everything = Link(words.all_alerts, all_alerts_url(self._group))
        return (*self._shared.links, *(link for link in (silence, everything) if link.url))

    @property
    def runbook_url(self) -> Text:
        """Return where to read what to do, if all alerts say the same."""
        urls = {runbook_url(alert) for alert in self._told}
        return Text(urls.pop() if len(urls) == 1 else "")

    def silence_url(self, duration: str = "") -> Text:
        """Return where to silence what fires, for so long if that can be said in an address."""
        fires = map(self._reader.style.shown_of, self._group.firing)
        return Text(self._shared.silencer.url(list(fires), duration))

    @property
    def title(self) -> Text:
        """Return the title that Grafana gave to the whole group."""
        return self._sent(self._group.title)

    @property
    def message(self) -> Text:
        """Return the text that Grafana wrote of the whole group."""
        return self._sent(self._group.message)

    def _sent(self, value: object) -> Text:
        return self._reader.text(value) if isinstance(value, str) else Text()

    def variables(self) -> dict[str, object]:
        """Return what a template can name; `docs/templates.md` describes each."""
        return {
            **{name: getattr(self, name) for name in _OWN},
            **sent_variables(self._group, self._reader),
        }


def sent_variables(group: AlertGroup, reader: Reader) -> dict[str, object]:
    """Return those variables that are as the sender wrote them, or of the message itself."""
    group = reader.style.shown_of_group(group)
    return {
        "group_labels": Labels(group.group_labels, reader),
        "common_labels": Labels(group.common_labels, reader),
        "common_annotations": Labels(group.common_annotations, reader),
        "external_url": Text(group.external_url),
        "receiver": reader.text(group.receiver),
        "status": str(group.status),
        "truncated_alerts": group.truncated_alerts,
        "notification_reason": reader.text(group.notification_reason),
        "now": reader.now,
        "language": reader.words.language,
        "card": reader.card,
        "words": reader.words,
    }
