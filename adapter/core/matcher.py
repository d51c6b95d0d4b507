"""Matcher: one condition on a label, as Alertmanager compares and prints it.

How text becomes matchers stands in `matchers.py`. Source: `pkg/labels/matcher.go` of Alertmanager.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

import re2

if TYPE_CHECKING:
    from collections.abc import Mapping

SPACES: Final = (
    "\t\n\v\f\r \x85\xa0\u1680"
    + "".join(map(chr, range(0x2000, 0x200B)))
    + ("\u2028\u2029\u202f\u205f\u3000")
)
"""What Go's unicode.IsSpace calls a space; Python's str.isspace knows four characters more."""

RESERVED: Final = frozenset(SPACES + "{}!=~,\\\"'`")
"""What a name or value cannot hold without quotes."""

_ESCAPES: Final = {
    character: f"\\{letter}"
    for letter, character in zip('abfnrtv"\\', '\a\b\f\n\r\t\v"\\', strict=True)
}


class Operator(StrEnum):
    """Name how a label's value is compared."""

    EQUAL = "="
    NOT_EQUAL = "!="
    REGEX = "=~"
    NOT_REGEX = "!~"


class MatcherError(ValueError):
    """Report text that is no matcher: what was found, what was expected, and where (from 0)."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


class Pattern(Protocol):
    """Search bytes for what a regular expression describes."""

    def search(self, text: bytes, /) -> object | None:
        """Return what was found, or None."""
        ...


@dataclass(frozen=True, slots=True)
class Matcher:
    """Hold one condition; a label that is absent counts as empty."""

    name: str
    operator: Operator
    value: str
    _pattern: Pattern | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        is_regex = self.operator in {Operator.REGEX, Operator.NOT_REGEX}
        object.__setattr__(self, "_pattern", anchored(self.value) if is_regex else None)

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Return whether `labels` meet the condition."""
        value = labels.get(self.name, "")
        if self._pattern is None:
            return (value == self.value) is (self.operator is Operator.EQUAL)
        found = self._pattern.search(value.encode("utf-8", "replace")) is not None
        return found is (self.operator is Operator.REGEX)

    def __str__(self) -> str:
        """Return the form that Alertmanager prints and both of its parsers read alike."""
        if not self.name or not RESERVED.isdisjoint(self.name):
            return f"{_quote(self.name)}{self.operator}{_quote(self.value)}"
        value = self.value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
        return f'{self.name}{self.operator}"{value}"'


def anchored(value: str) -> Pattern:
    """Return the pattern, anchored exactly as Alertmanager anchors it, or raise MatcherError."""
    try:
        # Bytes, because RE2's wrapper is twice as fast when it need not translate offsets.
        pattern: Pattern = re2.compile(f"^(?:{value})$".encode("utf-8", "surrogatepass"), _OPTIONS)
    except re2.error as error:
        reason = error.args[0].decode("utf-8", "replace")
        raise MatcherError(
            f"the regular expression is not RE2's: {reason}; expected RE2 syntax"
            " (no look-around, no back-references)",
            position=0,
        ) from None
    return pattern


def _options() -> re2.Options:
    options = re2.Options()
    options.log_errors = False  # it would write to stderr, past our log
    options.never_capture = True  # only whether it matches is asked, which is cheaper
    # RE2's own default, said aloud: it bounds what a pattern may take when compiled and what label
    # values can make its automaton grow to, and has room for an alternation of 5,000 host names.
    options.max_mem = 8 << 20
    return options


_OPTIONS: Final = _options()


def _quote(text: str) -> str:
    return '"' + "".join(map(_escape, text)) + '"'


def _escape(character: str) -> str:
    """Return the character as Go's strconv.Quote writes it."""
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    if code < 0x80:  # noqa: PLR2004  # the end of ASCII
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004  # of the BMP
