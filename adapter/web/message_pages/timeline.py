"""One delivery's timeline, in the words of a page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from adapter.core.acts import ActKind
from adapter.core.directory import Contact
from adapter.core.mentions import MOBILE
from adapter.core.people import mask
from adapter.core.reader import zone_of
from adapter.logs import redaction
from adapter.web.message_pages.layout import Watch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from adapter.core.life import Ringing, Timeline
    from adapter.core.mentions import MentionRule
    from adapter.core.message import At
    from adapter.core.people import Person
    from adapter.core.style import Style
    from adapter.web.message_pages.words import PageWords


@dataclass(frozen=True, slots=True)
class Step:
    """Hold one line of a timeline: when, what, and details."""

    at: datetime
    what: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ShownAlert:
    """Hold one alert: its name, labels, and how it fares."""

    name: str
    firing: bool
    labels: tuple[str, ...]
    when: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Story:
    """Tell a timeline to somebody."""

    timeline: Timeline
    people: Mapping[str, Person]
    style: Style
    words: PageWords

    @property
    def watch(self) -> Watch:
        """Return what shows times as the delivery's readers have them."""
        return Watch(zone_of(self.timeline.delivery.settings.timezone) or UTC)

    @property
    def title(self) -> str:
        """Return the names of the alerts."""
        alerts = self.timeline.delivery.group.alerts
        return " · ".join(dict.fromkeys(redaction(alert.name) or "?" for alert in alerts))

    def steps(self) -> list[Step]:
        """Return the steps in the order in which they happened."""
        found = [self._received(), self._routed()]
        found += [*self._messages(), *self._ends(), *self._acts()]
        return sorted(found, key=lambda step: step.at)

    def waits(self) -> bool:
        """Return whether some of it is still to be sent."""
        return any(life.state in {"pending", "deferred"} for life in self.timeline.lives)

    def rules(self) -> list[str]:
        """Return whom the configuration rings for it, and when."""
        return [self._rule(rule) for rule in self.timeline.delivery.mentions]

    def alerts(self) -> list[ShownAlert]:
        """Return the first alerts."""
        return [
            ShownAlert(
                redaction(life.name) or "?",
                life.status == "firing",
                tuple(self._labels(life.labels)),
                tuple(self._span(index)),
            )
            for index, life in enumerate(self.timeline.lives)
        ]

    def _labels(self, labels: Mapping[str, str]) -> Iterator[str]:
        """Yield the labels that are shown; a number that one holds only in part."""
        for name, value in sorted(self.style.shown(labels).items()):
            yield redaction(f"{name}={value}")

    @property
    def more(self) -> int:
        """Return how many more there are."""
        return len(self.timeline.delivery.group.alerts) - len(self.timeline.lives)

    def _span(self, index: int) -> Iterator[str]:
        alert = self.timeline.delivery.group.alerts[index]
        if alert.started_at:
            yield self.words.since.format(self.watch.at(alert.started_at))
        if alert.ended_at:
            yield self.words.until.format(self.watch.at(alert.ended_at))

    def _received(self) -> Step:
        group = self.timeline.delivery.group
        sender = group.source or group.external_url
        told = (
            self.words.from_source.format(sender) if sender else "",
            self.words.by_receiver.format(group.receiver) if group.receiver else "",
        )
        return Step(self.timeline.received_at, self.words.received, tuple(filter(None, told)))

    def _routed(self) -> Step:
        timeline, words = self.timeline, self.words
        told = list(timeline.delivery.routes or (words.no_routes,))
        told.append(words.to_robot.format(timeline.delivery.robot))
        if timeline.priority == "high":
            told.append(words.high)
        if timeline.deferred_until:
            told.append(words.deferred.format(self.watch.at(timeline.deferred_until)))
        return Step(timeline.received_at, words.routed, tuple(told))

    def _messages(self) -> Iterator[Step]:
        for ringing in self.timeline.messages:
            message = ringing.message
            state = {"open": self.words.message_open, "sent": self.words.message_sent}
            details = [
                f"{self.words.form.get(message.form, message.form)} · {self._how(ringing)}",
                self._rang(ringing.at),
            ]
            if message.outcome:
                details.append(self.words.answered.format(message.outcome))
            what = state.get(message.state, self.words.message_dissolved)
            yield Step(message.settled_at or message.created_at, what, tuple(details))

    def _how(self, ringing: Ringing) -> str:
        how = {"covered": self.words.covered, "counted": self.words.counted}
        return how.get(ringing.message.how, self.words.told)

    def _ends(self) -> Iterator[Step]:
        ends: dict[Step, None] = {}
        for life in self.timeline.lives:
            if life.last_resort_at:
                ends[Step(life.last_resort_at, self.words.last_resort)] = None
            if life.ended_at and life.state in {"dead", "discarded"}:
                dead = self.words.dead.format(life.reason)
                what = dead if life.state == "dead" else self.words.discarded
                ends[Step(life.ended_at, what)] = None
        yield from ends

    def _acts(self) -> Iterator[Step]:
        words = self.words
        for act in self.timeline.acts:
            until = "" if act.until is None else self.watch.at(act.until)
            told = {
                ActKind.ACKNOWLEDGE: words.is_on_it.format(act.who),
                ActKind.SILENCE: words.silenced.format(act.who, until),
                ActKind.EXPIRE: words.expired_by.format(act.who),
            }
            details = (*map(redaction, act.matchers), act.comment, act.silence)
            yield Step(act.at, told[act.kind], tuple(filter(None, details)))

    def _rule(self, rule: MentionRule) -> str:
        targets = ", ".join(_masked(target) for target in (*rule.targets, *rule.otherwise))
        return f"{targets} · {self.words.rings_on.format(', '.join(rule.on))}"

    def _rang(self, at: At) -> str:
        contacts = [
            *(Contact(mobile=mobile) for mobile in at.at_mobiles or ()),
            *(Contact(user_id=user) for user in at.at_user_ids or ()),
        ]
        told = [self._contact(contact) for contact in contacts]
        if at.is_at_all:
            told.append(self.words.everybody)
        return self.words.rang.format(", ".join(told)) if told else self.words.rang_nobody

    def _contact(self, contact: Contact) -> str:
        for person in self.people.values():
            if (person.mobile, person.user_id) == (contact.mobile, contact.user_id):
                return f"{person.name} {contact.masked}"
        return contact.masked


def _masked(target: str) -> str:
    """Return a target of a mention without the middle of a number."""
    if target.startswith(MOBILE):
        return f"{MOBILE}{mask(target.removeprefix(MOBILE))}"
    return target
