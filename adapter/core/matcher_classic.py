"""Alertmanager's classic matcher parser: Prometheus label names, values quoted or not.

It forgives much: one brace of a pair, no value at all, a stray backslash. It is followed to the
letter, oddities included, because configurations in the field rely on them.
Source: `pkg/labels/parse.go` of Alertmanager.
"""

from __future__ import annotations

import re
from typing import Final

import re2

from adapter.core.matcher import SPACES, Matcher, MatcherError, Operator

_MATCHER: Final = re2.compile(r"^\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(=~|=|!=|!~)\s*((?s:.*?))\s*$")
_VALUE: Final = re.compile(
    r'"(?P<quoted>(?:[^"\\]|\\.)*+)"|(?P<plain>(?:[^"\\]|\\.)*+\\?)', re.DOTALL
)
_ESCAPE: Final = re.compile(r'\\([n"\\])')
_EXCERPT: Final = 40


def parse_classic(text: str) -> tuple[Matcher, ...]:
    """Return the matchers of `text` as the classic parser reads them."""
    return tuple(_matcher(part, position) for position, part in _parts(text))


def _parts(text: str) -> list[tuple[int, str]]:
    """Return what stands between the commas outside quotes, each with its position."""
    start = 1 if text.startswith("{") else 0
    end = len(text) - 1 if text[start:].endswith("}") else len(text)
    parts: list[tuple[int, str]] = []
    quoted = escaped = False
    for position in range(start, end):
        character = text[position]
        if character == ",":  # which, as in the original, does not end an escape
            if not quoted:
                parts.append((start, text[start:position]))
                start = position + 1
        elif character == '"':
            quoted ^= not escaped
            escaped = False
        else:
            escaped = character == "\\" and not escaped
    last = text[start:end].strip(SPACES)
    return [*parts, (text.index(last, start), last)] if last else parts


def _matcher(part: str, position: int) -> Matcher:
    found = _MATCHER.search(part)
    if found is None:
        shown = f"`{part[:_EXCERPT]}`" if part else "nothing"
        raise MatcherError(f'found {shown}, expected a matcher such as foo="bar"', position)
    name, operator, value = found.groups()
    position += found.start(3)
    try:
        return Matcher(name, Operator(operator), _unquoted(value, position))
    except MatcherError as error:
        raise MatcherError(str(error), position) from None


def _unquoted(value: str, position: int) -> str:
    found = _VALUE.fullmatch(value)
    if found is None:
        raise MatcherError(
            f"found a double quote inside or at one end of `{value[:_EXCERPT]}`,"
            ' expected quotes at both ends and \\" between',
            position,
        )
    text = found["plain"] if found["quoted"] is None else found["quoted"]
    return _ESCAPE.sub(lambda escape: "\n" if escape[1] == "n" else escape[1], text)
