"""Alertmanager's UTF-8 matcher parser: any label name, quoted as Go quotes strings.

    input    = [ "{" ] [ matcher { "," matcher } [ "," ] ] [ "}" ]     braces both or neither
    matcher  = token operator token
    token    = quoted | plain
    operator = "=" | "!=" | "=~" | "!~"
    plain    = one or more characters that are not reserved
    quoted   = what Go's strconv.Unquote takes in double quotes, if it is UTF-8

Spaces may stand between tokens. Source: `matcher/parse` of Alertmanager.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from adapter.core.matcher import RESERVED, SPACES, Matcher, MatcherError, Operator

if TYPE_CHECKING:
    from collections.abc import Collection

_TOKEN: Final = re.compile(
    rf"[{SPACES}]*(?:"
    r"(?P<open>\{)|(?P<close>\})|(?P<comma>,)|(?P<operator>=~|!=|!~|=)"
    r'|(?P<quoted>"(?:[^"\\]|\\.)*+")'
    rf"|(?P<plain>[^{re.escape(''.join(sorted(RESERVED)))}]+)"
    r"|(?P<end>\Z)|(?P<stray>.))",
    re.DOTALL,
)
_TEXT: Final = frozenset({"quoted", "plain"})
_EXCERPT: Final = 40


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    position: int


def parse_utf8(text: str) -> tuple[Matcher, ...]:
    """Return the matchers of `text` as the UTF-8 parser reads them."""
    return _Parser(text).matchers()


class _Parser:
    """Walk over the tokens of one text."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._next = 0

    def matchers(self) -> tuple[Matcher, ...]:
        """Return all matchers, or report the first thing that does not belong."""
        braced = self._skip("open")
        expected = 'a matcher such as foo="bar"'
        found: list[Matcher] = []
        while self._peek().kind in _TEXT:
            found.append(self._matcher())
            if not self._skip("comma"):
                expected = "a comma"
                break
        if braced:
            self._take({"close"}, f"{expected} or `}}`")
        self._take({"end"}, "the end" if braced else f"{expected} or the end")
        return tuple(found)

    def _matcher(self) -> Matcher:
        name = _unquoted(self._take(_TEXT, "a label name"))
        operator = Operator(self._take({"operator"}, "one of = != =~ !~").text)
        token = self._take(_TEXT, 'a value (an empty one is "")')
        value = _unquoted(token)
        try:
            return Matcher(name, operator, value)
        except MatcherError as error:
            raise MatcherError(str(error), token.position) from None

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _skip(self, kind: str) -> bool:
        found = self._peek().kind == kind
        self._next += found
        return found

    def _take(self, kinds: Collection[str], expected: str) -> _Token:
        token = self._peek()
        if token.kind not in kinds:
            raise MatcherError(f"found {_shown(token)}, expected {expected}", token.position)
        self._next += 1
        return token


def _tokens(text: str) -> list[_Token]:
    """Return the tokens of `text`, of which the last is the end; a stray character is one too."""
    found = ((str(token.lastgroup), token) for token in _TOKEN.finditer(text))
    return [_Token(kind, token[kind], token.start(kind)) for kind, token in found]


def _shown(token: _Token) -> str:
    if token.kind == "end":
        return "the end"
    if token.kind == "stray" and token.text == '"':
        return "an open double quote"
    if token.kind == "stray":
        return f"`{token.text}` outside double quotes"
    return f"`{token.text[:_EXCERPT]}`"


_ESCAPE: Final = re.compile(
    rb"\\(?:x([0-9a-fA-F]{2})|([0-3][0-7]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})"
    rb"|([\x00-\x7f]|[\x80-\xff]+))"
)
_SIMPLE: Final = {
    bytes([letter]): bytes([byte])
    for letter, byte in zip(b'abfnrtv"\\', b'\a\b\f\n\r\t\v"\\', strict=True)
}


def _unquoted(token: _Token) -> str:
    """Return what the token stands for, as Go's strconv.Unquote decodes it."""
    if token.kind == "plain":
        return token.text
    if "\n" in token.text:
        raise MatcherError(r"found a line break in quotes, expected it as \n", token.position)
    try:
        return _ESCAPE.sub(_unescaped, token.text[1:-1].encode()).decode()
    except KeyError as error:
        escape = error.args[0].decode()[0]
        raise MatcherError(
            rf"found `\{escape}`, which is no escape, expected `\\{escape}` for a backslash",
            token.position,
        ) from None
    except (ValueError, OverflowError):
        raise MatcherError(
            "found escapes that are not UTF-8, expected characters", token.position
        ) from None


def _unescaped(escape: re.Match[bytes]) -> bytes:
    byte, octal, short, long, simple = escape.groups()
    if byte or octal:
        return bytes([int(byte, 16) if byte else int(octal, 8)])
    if short or long:
        return chr(int(short or long, 16)).encode()
    return _SIMPLE[simple]
