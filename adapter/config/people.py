"""Read `people`: who can be rung, and when not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from adapter.config.instants import take_span
from adapter.config.names import gathered
from adapter.config.problems import Mistake
from adapter.core.mentions import ALL
from adapter.core.people import Person

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import tzinfo

    from adapter.config.reader import Section, Value
    from adapter.core.spans import Span

_PEOPLE: Final = 'zhang: {name: 张三, mobile: "138…"}'
_AWAY: Final = "[{from: 2026-12-24, to: 2026-12-27}]"
_MAINLAND: Final = re.compile(r"1\d{10}", re.ASCII)
_ABROAD: Final = re.compile(r"\+(?!86-)\d{1,4}-\d{6,14}", re.ASCII)
_USER_ID: Final = re.compile(r"[\w.-]{1,64}", re.ASCII)
_LONGEST: Final = 64


@dataclass(frozen=True, slots=True)
class People:
    """Hold the people who can be rung and the names of all; None where a mistake hides some."""

    usable: Mapping[str, Person]
    names: Collection[str] | None


def take_people(root: Section, parts: Iterable[Section], zone: tzinfo, *, complete: bool) -> People:
    """Return the people of all files; days of leave are those of `zone`."""
    values, whole = gathered("people", (root, *parts), "person", _PEOPLE)
    read = {
        key: value.read(partial(_read, key=key, zone=zone), None) for key, value in values.items()
    }
    usable = {key: person for key, person in read.items() if person is not None}
    return People(usable, values.keys() if complete and whole else None)


def mobile(text: str) -> str:
    """Read a mobile number as DingTalk matches it; no problem quotes it."""
    if _MAINLAND.fullmatch(text) or _ABROAD.fullmatch(text):
        return text
    raise Mistake(
        "is no mobile number that DingTalk matches; expected 11 digits without +86 and spaces, "
        "or a number from abroad with a hyphen after the country, as in +852-…"
    )


def user_id(text: str) -> str:
    """Read a user id as it can stand in a text behind an @, apart from other words."""
    if _USER_ID.fullmatch(text):
        return text
    raise Mistake("is no user id; expected up to 64 letters, digits, - _ . as DingTalk shows it")


def _read(value: Value, key: str, zone: tzinfo) -> Person | None:
    if key == ALL:
        value.key_problem("a person cannot be called all, which mentions everybody")
    with value.section("people.NAME", 'mobile: "138…"') as section:
        given = section.only_one("mobile", "user_id")
        number = section.hidden("mobile", mobile, "")
        user = section.scalar("user_id", user_id, "")
        person = Person(
            key=key,
            name=section.scalar("name", _word, key),
            mobile=number,
            user_id=user,
            away=section.list_of("away", partial(_read_away, zone=zone), _AWAY),
        )
    if given is None and not section.suggests("mobile", "user_id"):
        value.missing(
            "mobile", "missing; expected how DingTalk knows the person: mobile or user_id"
        )
    return person if number or user else None


def _read_away(value: Value, zone: tzinfo) -> Span | None:
    with value.section("people.NAME.away", "from: 2026-12-24, to: 2026-12-27") as section:
        return take_span(section, zone)


def _word(text: str) -> str:
    if not text or text != text.strip() or not text.isprintable() or len(text) > _LONGEST:
        raise Mistake(f"cannot be used; expected 1 to {_LONGEST} characters in one line")
    return text
