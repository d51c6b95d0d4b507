"""Calls: whom a message rings, and the words that do it.

DingTalk rings nobody whose `@…` does not stand in the text, apart from other words. So the adapter
writes it, once for each person, where a template does not. With `all` it must not: the numbers
would stay bare. What an earlier part of a series rang is named and not rung again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import msgspec
from markupsafe import Markup

from adapter.core.directory import EVERYBODY, NOT_FOUND, Contact, Found, united
from adapter.core.message import At
from adapter.core.message_limits import MENTION_LIMIT
from adapter.core.text import escape, json_size
from adapter.core.words import words_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from adapter.core.batch import Entry
    from adapter.core.who import Who
    from adapter.core.words import Words

_BESIDE: Final = " · "
_SHARE: Final = 3
"""Of the room of a message so large a part may be taken by those whom one alert rings."""


@dataclass(frozen=True, slots=True)
class _Told:
    """Hold how a contact is told; `mark` is what rings it, if that takes one."""

    text: str
    mark: str
    rings: bool

    def is_in(self, text: str) -> bool:
        """Return whether a text does so already."""
        told = re.escape(self.mark or self.text)
        return re.search(rf"(?<!\S){told}(?!\S)", text) is not None


@dataclass(frozen=True, slots=True)
class Call:
    """Hold whom a part of a message rings; `rings` are those whom nothing before it rang.

    `at_growth` is by how many bytes the list of those rung becomes longer.
    """

    words: Words
    told: tuple[_Told, ...] = ()
    rings: tuple[Contact, ...] = ()
    at_growth: int = 0

    @property
    def shown(self) -> tuple[Markup, ...]:
        """Return what a template sees: each as it must stand in the text."""
        return tuple(Markup(told.text) for told in self.told)  # noqa: S704  # escaped when made

    def closing(self, text: str) -> str:
        """Return the line that must follow `text`, or nothing."""
        missing = self._missing(text)
        lead = self.words.notify if EVERYBODY in self.rings else self.words.on_call
        return f"{lead} {missing}" if missing else ""

    def beside(self, line: str) -> str:
        """Return an alert's line with whom it rings."""
        if not self.told:
            return line
        return _BESIDE.join(filter(None, (line, self._missing(line))))

    def _missing(self, text: str) -> str:
        return " ".join(told.text for told in self.told if not told.is_in(text))


NO_CALL: Final = Call(words_of(""))


def sample_call(words: Words) -> Call:
    """Return a call that templates are tried with."""
    return Call(words, (_Told("张三 @13800000001", "@13800000001", rings=True),))


class Calls:
    """Collect whom one message of at most `room` bytes rings, part by part."""

    def __init__(self, words: Words, who: Who, room: int) -> None:
        self._words = words
        self._who = who
        self._longest = room // _SHARE
        self._rung: dict[Contact, None] = {}
        self._nobody = Call(words)

    @property
    def rung(self) -> tuple[Contact, ...]:
        """Return whom the message rings."""
        return (EVERYBODY,) if EVERYBODY in self._rung else tuple(self._rung)

    @property
    def at(self) -> At | None:
        """Return the same for DingTalk; None if that is nobody."""
        return _at(self._rung)

    def first_within(self, entries: Sequence[Entry], *, apart: bool) -> Sequence[Entry]:
        """Return as many of the first entries as the message can ring people for: maybe none.

        `apart`: each alert is marked as it comes, and with `all` nobody must be marked: so what
        rings everybody stands before all that ring single people, or waits for the next message.
        """
        rung = set(self._rung)
        for number, entry in enumerate(entries):
            if rung and EVERYBODY in rung:
                break
            called = self._who.of(entry).contacts
            too_late = apart and EVERYBODY in called and rung
            rung.update(called)
            begun = number or self._rung
            if begun and (too_late or len(rung) > MENTION_LIMIT):
                return entries[:number]
        return entries

    def next(self, entry: Entry) -> Call | None:
        """Return whom one more entry rings; None if it has to wait for the next message."""
        if not self._who.of(entry).contacts:
            return self._nobody
        return self.of([entry]) if self.first_within([entry], apart=True) else None

    def of(self, entries: Iterable[Entry]) -> Call:
        """Return whom these entries ring, if the message tells them next."""
        return self._call(self._wishes(entries))

    def of_digest(self) -> Call:
        """Return whom a digest rings."""
        return self._call(dict.fromkeys(self._who.of_digest().contacts, True))

    def note(self, call: Call) -> Call:
        """Take what the message tells, and so rings; return it."""
        for contact in call.rings:
            self._rung[contact] = None
        return call

    def unheard(self, entries: Sequence[Entry] | None) -> Found:
        """Return whom these entries, or a digest, should ring and the message does not.

        And the mentions that mean nobody.
        """
        if entries is None:
            every = self._who.of_digest()
            wishes = dict.fromkeys(every.contacts, True)
        else:
            founds = ((entry, self._who.of(entry)) for entry in entries)
            asking = [(entry, found) for entry, found in founds if found is not NOT_FOUND]
            every = united(found for _, found in asking)
            wishes = self._wishes(entry for entry, _ in asking)
        left = [each for each, new in wishes.items() if new and each not in self._rung]
        return Found(() if EVERYBODY in self._rung else tuple(left), every.missing)

    def _wishes(self, entries: Iterable[Entry]) -> dict[Contact, bool]:
        """Return whom these entries name, and whether that is to ring them."""
        wishes: dict[Contact, bool] = {}
        for entry in entries:
            for contact in self._who.of(entry).contacts:
                new = wishes.get(contact) or not self._rang_before(contact, entry)
                wishes[contact] = new
        return wishes

    def _rang_before(self, contact: Contact, entry: Entry) -> bool:
        """Return whether an earlier part rang for an entry too: it waited then."""
        earlier = self._who.earlier
        rung_at = earlier.get(contact) or earlier.get(EVERYBODY)
        return rung_at is not None and entry.received_at <= rung_at

    def _call(self, wishes: Mapping[Contact, bool]) -> Call:
        """Return those who have room; who asks for it is rung, unless it is done already."""
        if not wishes:
            return self._nobody
        told = self._told(wishes, self._may_ring(wishes))
        rings = tuple(contact for contact, each in told.items() if each.rings)
        growth = _at_size({**self._rung, **dict.fromkeys(rings)}) - _at_size(self._rung)
        return Call(self._words, tuple(told.values()), rings, growth)

    def _may_ring(self, wishes: Mapping[Contact, bool]) -> list[Contact]:
        """Return whom nothing rang yet, as many as a message may."""
        if EVERYBODY in self._rung:
            return []
        new = [each for each, new in wishes.items() if new and each not in self._rung]
        return [EVERYBODY] if EVERYBODY in new else new[: MENTION_LIMIT - len(self._rung)]

    def _told(
        self, contacts: Iterable[Contact], may_ring: Collection[Contact]
    ) -> dict[Contact, _Told]:
        """Return how those are told who have room: marks before names."""
        left = self._longest
        told: dict[Contact, _Told] = {}
        for contact in contacts:
            rings = contact in may_ring
            mark = contact.mark if rings else ""
            text = mark or self._name(contact) or escape(contact.masked)
            size = json_size(text) + len(mark) + len(' "",')  # there, and in the list of those rung
            if size <= left:
                left -= size
                told[contact] = _Told(text, mark, rings)
        for contact, each in told.items():
            name = self._name(contact) if each.mark else ""
            if name and json_size(name) < left:
                left -= json_size(name) + 1
                told[contact] = replace(each, text=f"{name} {each.mark}")
        return told

    def _name(self, contact: Contact) -> str:
        return self._words.everybody if contact == EVERYBODY else escape(contact.name)


def _at(rung: Iterable[Contact]) -> At | None:
    contacts = tuple(rung)
    if not contacts:
        return None
    if EVERYBODY in contacts:
        return At(is_at_all=True)
    return At(
        at_mobiles=tuple(each.mobile for each in contacts if each.mobile) or None,
        at_user_ids=tuple(each.user_id for each in contacts if not each.mobile) or None,
    )


def _at_size(rung: Iterable[Contact]) -> int:
    at = _at(rung)
    return len(msgspec.json.encode(at)) + len('"at":,') if at else 0
