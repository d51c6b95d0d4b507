"""Matchers as Alertmanager reads them by default: its "fallback mode".

Both of its parsers read the text. What only the classic one understands is taken with a warning;
where they understand different things, the classic reading counts, with a warning.
Source: `matcher/compat/parse.go` of Alertmanager.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from adapter.core.matcher import Matcher, MatcherError, Operator
from adapter.core.matcher_classic import parse_classic
from adapter.core.matcher_utf8 import parse_utf8

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Matcher", "MatcherError", "Operator", "Parsed", "parse_matchers", "parse_with_warning"]


@dataclass(frozen=True, slots=True)
class Parsed:
    """Hold what a text says, and what to tell its author; the warning is empty if nothing."""

    matchers: tuple[Matcher, ...]
    warning: str = ""


def parse_matchers(text: str) -> tuple[Matcher, ...]:
    """Return the matchers that `text` lists, all of which must match."""
    return parse_with_warning(text).matchers


def parse_with_warning(text: str) -> Parsed:
    """Return the matchers of `text` and Alertmanager's warning about how they are written."""
    _refuse_surrogates(text)
    utf8 = _attempt(parse_utf8, text)
    classic = _attempt(parse_classic, text)
    if isinstance(classic, MatcherError):
        if isinstance(utf8, MatcherError):
            # The parser that came further knows better what is wrong.
            raise max(utf8, classic, key=lambda error: error.position)
        return Parsed(utf8)
    written = ", ".join(map(str, classic))
    if isinstance(utf8, MatcherError):
        return Parsed(
            classic,
            f"only the classic parser, which Alertmanager will drop, reads this; write: {written}",
        )
    if utf8 != classic:
        return Parsed(
            classic,
            f"the classic and the UTF-8 parser disagree; the classic reading counts: {written}",
        )
    return Parsed(classic)


def _attempt(
    parse: Callable[[str], tuple[Matcher, ...]], text: str
) -> tuple[Matcher, ...] | MatcherError:
    try:
        return parse(text)
    except MatcherError as error:
        return error


def _refuse_surrogates(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise MatcherError(
            f"found half of a character (U+{ord(text[error.start]):04X}), expected UTF-8 text",
            error.start,
        ) from None
