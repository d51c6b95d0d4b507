"""Directory: who a mention means now; read from the configuration when a message is made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from adapter.core import mentions
from adapter.core.oncall import on_call
from adapter.core.people import mask
from adapter.core.text import clean, cut

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from adapter.core.mentions import Wanted
    from adapter.core.oncall import Schedule
    from adapter.core.people import Person

_VALUE_TOLD: Final = 64


@dataclass(frozen=True, slots=True)
class Contact:
    """Hold how DingTalk knows somebody: by mobile, by user id, or as everybody in the group."""

    mobile: str = ""
    user_id: str = ""
    name: str = field(default="", compare=False)

    @property
    def mark(self) -> str:
        """Return what must stand in the text, or nobody is rung; nothing of everybody."""
        target = self.mobile or self.user_id
        return f"@{target}" if target else ""

    @property
    def masked(self) -> str:
        """Return who it is, such that it may be logged."""
        return mask(self.mobile) or self.user_id or mentions.ALL


EVERYBODY: Final = Contact()


@dataclass(frozen=True, slots=True)
class Found:
    """Hold whom a mention means, each once, and the targets that mean nobody."""

    contacts: tuple[Contact, ...] = ()
    missing: tuple[str, ...] = ()


NOT_FOUND: Final = Found()
"""What who asks for nobody finds."""


def united(several: Iterable[Found]) -> Found:
    """Return all that several mentions found and missed, each once, in order."""
    founds = tuple(several)
    return Found(
        tuple(dict.fromkeys(contact for found in founds for contact in found.contacts)),
        tuple(dict.fromkeys(target for found in founds for target in found.missing)),
    )


@dataclass(frozen=True, slots=True)
class Directory:
    """Know people by key, and schedules by name."""

    people: Mapping[str, Person] = field(default_factory=dict)
    schedules: Mapping[str, Schedule] = field(default_factory=dict)

    def find(self, wanted: Wanted, at: datetime) -> Found:
        """Return whom a mention means at an instant, or who is named for when it means nobody."""
        labels = dict(wanted.labels)
        found = united(self._target(target, labels, at) for target in wanted.targets)
        if found.contacts:
            return found
        others = (self._target(target, labels, at) for target in wanted.otherwise)
        return united((found, *others))

    def _target(self, target: str, labels: Mapping[str, str], at: datetime) -> Found:
        label = mentions.label_of(target)
        value = labels.get(label, "")
        contacts = tuple(dict.fromkeys(self._contacts(target, value, at)))
        if contacts:
            return Found(contacts)
        return Found(missing=(f"{target}={cut(clean(value), _VALUE_TOLD)}" if label else target,))

    def _contacts(self, target: str, value: str, at: datetime) -> Iterator[Contact]:
        """Yield whom one target means; `value` is that of the label it speaks of."""
        if target == mentions.ALL:
            yield EVERYBODY
        elif target.startswith(mentions.MOBILE):
            yield Contact(mobile=target.removeprefix(mentions.MOBILE))
        elif target.startswith(mentions.USER):
            yield Contact(user_id=target.removeprefix(mentions.USER))
        elif target.startswith(mentions.SCHEDULE_BY_LABEL):
            yield from self._on_call(value, at)
        elif target.startswith(mentions.SCHEDULE):
            yield from self._on_call(target.removeprefix(mentions.SCHEDULE), at)
        else:
            yield from self._person(value if target.startswith(mentions.LABEL) else target, at)

    def _on_call(self, name: str, at: datetime) -> Iterator[Contact]:
        schedule = self.schedules.get(name)
        for key in on_call(schedule, self.people, at) if schedule else ():
            yield from self._person(key, at)

    def _person(self, key: str, at: datetime) -> Iterator[Contact]:
        """Yield a person who is configured and not on leave."""
        person = self.people.get(key)
        if person is not None and not person.is_away(at):
            yield Contact(person.mobile, person.user_id, person.name)
