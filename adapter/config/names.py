"""Check the names that a person gives to robots and Alertmanagers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from unicodedata import is_normalized

from adapter.config.problems import shown

if TYPE_CHECKING:
    from adapter.config.reader import Value

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


def _allowed(character: str) -> bool:
    printable = character.isprintable() and not character.isspace()
    return printable and character not in _FORBIDDEN
