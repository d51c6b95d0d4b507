"""Check the names that a person gives to robots, people and the like."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple
from unicodedata import is_normalized

from adapter.config.problems import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from adapter.config.reader import Section, Value

_LONGEST: Final = 64
_FORBIDDEN: Final = frozenset('/\\?#:%"')


def wrong_name(name: str) -> str:
    """Return what is wrong with a name, nothing if it is good; it stands in URLs and metrics.

    Any language; no spaces, nor characters that a URL, a metric or `label:NAME` needs.
    """
    forbidden = next((one for one in name if not _allowed(one)), "")
    rules = (
        (name.startswith("label:"), "a name cannot begin with label:, which reads it from a label"),
        ("${" in name, "a name cannot come from the environment; write it out"),
        (not 0 < len(name) <= _LONGEST, f"a name has 1 to {_LONGEST} characters"),
        (name in (".", ".."), "a name cannot be . or .., which a URL takes for directories"),
        (
            bool(forbidden),
            f"a name cannot hold {shown(forbidden)}; expected letters, digits, - _ . (ops, 运维)",
        ),
        (not is_normalized("NFC", name), "a name is written in composed characters (Unicode NFC)"),
    )
    return next((text for broken, text in rules if broken), "")


def named(value: Value, example: str) -> tuple[tuple[str, Value], ...]:
    """Return the entries of a mapping from names; wrong names are noted."""
    entries = value.entries(example)
    for name, entry in entries:
        if wrong := wrong_name(name):
            entry.key_problem(wrong)
    return entries


class Gathered(NamedTuple):
    """Hold what several files define under one key; not `complete` if a mistake hides some."""

    values: Mapping[str, Value]
    complete: bool


def gathered(key: str, sections: Iterable[Section], kind: str, example: str) -> Gathered:
    """Return the named entries of all sections; `kind` is what problems call one of them."""
    values: dict[str, Value] = {}
    complete = True
    for section in sections:
        entries = section.take(key, partial(named, example=example), None)
        complete = complete and (entries is not None or section.get(key) is None)
        for name, value in entries or ():
            _note_twice(kind, value, values.setdefault(name, value))
    return Gathered(values, complete)


def _note_twice(kind: str, value: Value, first: Value) -> None:
    if value is not first:
        place = first.key_place or first.place
        value.key_problem(
            f"this {kind} is defined twice, first at {place.file}:{place.line}:{place.column}; "
            "keep one or give it another name"
        )


def _allowed(character: str) -> bool:
    printable = character.isprintable() and not character.isspace()
    return printable and character not in _FORBIDDEN
