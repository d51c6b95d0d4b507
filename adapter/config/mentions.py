"""Read whom a route or robot mentions, and when."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, TypedDict

from adapter.config.people import mobile, user_id
from adapter.config.problems import Mistake
from adapter.config.reader import list_of, scalar
from adapter.config.scalars import one_of
from adapter.config.suggest import did_you_mean
from adapter.core.mentions import (
    ALL,
    KINDS,
    LABEL,
    MOBILE,
    SCHEDULE,
    SCHEDULE_BY_LABEL,
    USER,
    Occasion,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from adapter.config.reader import Section, Value

OCCASIONS: Final = tuple(occasion.value for occasion in Occasion)

_TARGETS: Final = "[schedule:sre]"
_EXPECTED: Final = (
    "expected a person of `people`, schedule:NAME, schedule:label:LABEL, label:LABEL, "
    "mobile:NUMBER, user:ID or all"
)


@dataclass(frozen=True, slots=True)
class Mentionable:
    """Hold whom a mention may name; None where a mistake hides some."""

    people: Collection[str] | None
    schedules: Collection[str] | None


class Mentions(TypedDict):
    """Hold what a section says of mentions; None where it says nothing."""

    mention: tuple[str, ...] | None
    mention_else: tuple[str, ...] | None
    mention_on: tuple[str, ...] | None


def take_mentions(section: Section, known: Mentionable) -> Mentions:
    """Return what stands in a section: whom to mention, whom if that finds nobody, and when."""
    targets = targets_of(known)
    occasions = list_of(scalar(one_of(OCCASIONS)), "[firing]")
    return Mentions(
        mention=section.take("mention", targets, None),
        mention_else=section.take("mention_else", targets, None),
        mention_on=section.take("mention_on", occasions, None),
    )


def targets_of(known: Mentionable) -> Callable[[Value], tuple[str, ...]]:
    """Return a reader of lists of those who are rung."""
    return list_of(partial(_target, known=known), _TARGETS)


def _target(value: Value, known: Mentionable) -> str:
    text = value.text()
    kind = next((kind for kind in KINDS if text.startswith(kind)), "")
    name = text.removeprefix(kind)
    if kind and not name:
        raise Mistake(f"{value.shown()} ends too soon; {_EXPECTED}")
    if kind == MOBILE:
        mobile(name)
    elif kind == USER:
        user_id(name)
    elif kind == SCHEDULE:
        _require(value, name, known.schedules, "schedule")
    elif kind not in (LABEL, SCHEDULE_BY_LABEL) and text != ALL:
        _require_person(value, text, known)
    return text


def _require_person(value: Value, name: str, known: Mentionable) -> None:
    if name.lstrip("+").replace("-", "").isdecimal():
        raise Mistake("is a number; write mobile: before it, or name one of `people`")
    if name.startswith("@"):
        raise Mistake(f"{value.shown()} begins with @; leave it out")
    if ":" in name:
        raise Mistake(f"{value.shown()} is unknown; {_EXPECTED}")
    if name in (known.schedules or ()) and name not in (known.people or ()):
        raise Mistake(f"{value.shown()} is a schedule; write schedule:{name}")
    _require(value, name, known.people, "person")


def _require(value: Value, name: str, names: Collection[str] | None, kind: str) -> None:
    if names is not None and name not in names:
        section = "people" if kind == "person" else "schedules"
        hint = did_you_mean(name, names)
        raise Mistake(f"{value.shown()}: no {kind} of that name is defined under `{section}`{hint}")
