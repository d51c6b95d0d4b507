"""Reading a run of DingTalk markdown: links, images, bold, italic, `<font>`, escapes, entities.

Where DingTalk documents nothing, CommonMark decides, and of two readings the one that finds more
markup: what is plain text here must be plain text on every screen. Brackets bind tighter than
asterisks. Backticks mean nothing on a phone and stay as they are.

Time is linear: every character is looked at a bounded number of times, and nesting is bounded.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Final

from adapter.phone.tree import (
    Break,
    Emphasis,
    Font,
    Html,
    Image,
    Inline,
    Link,
    Strong,
    Text,
    inline_text,
)

NESTING: Final = 16
_PARENTHESES: Final = 32

_PLAIN: Final = re.compile(r"[^\\&<!\[\]*_\n ]+")
_ESCAPE: Final = re.compile(r"\\([!-/:-@\[-`{-~])")
_ENTITY: Final = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_AUTOLINK: Final = re.compile(r"<([A-Za-z][A-Za-z0-9+.-]{1,31}:[^\s<>]*)>")
_TAG: Final = re.compile(r"</?[A-Za-z][^<>]*>|<!--[^<>]*-->|<[!?][^<>]*>")
_FONT: Final = re.compile(r"<font(?=[\s>])([^<>]*)>", re.IGNORECASE)
_FONT_END: Final = re.compile(r"</font\s*>", re.IGNORECASE)
_ATTRIBUTE: Final = re.compile(r"""(color|size)\s*=\s*["']?([#+\w-]{1,20})""", re.IGNORECASE)
_HARD_BREAK: Final = re.compile(r" {2,}\n {2,}")
_SPACE: Final = re.compile(r"[ \n]+")
_RUN: Final = re.compile(r"\*+|_+")
_TITLE: Final = re.compile(
    r"""[ \t\n]+(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\((?:\\.|[^()\\])*\))""", re.DOTALL
)
_BLANK: Final = re.compile(r"[ \t\n]*")
_ANGLED: Final = re.compile(r"<((?:\\.|[^<>\n\\])*)>")
_NORMAL: Final = re.compile(r"[^\s()\\]+")


@dataclass(slots=True)
class _Run:
    """Hold asterisks or underscores that may begin or end bold and italic."""

    mark: str
    opens: bool
    closes: bool


@dataclass(slots=True)
class _FontTag:
    """Hold `<font …>` or `</font>` until its partner is found."""

    source: str
    color: str = ""
    size: str = ""
    ends: bool = False


@dataclass(slots=True)
class _Bracket:
    """Remember where `[` or `![` stands; `live` until a link was made within it."""

    index: int
    image: bool
    live: bool = True


_Token = Inline | _Run | _FontTag


def parse_inlines(text: str) -> tuple[Inline, ...]:
    """Return a run of markdown as nodes; never raises."""
    return _Reader(text).read()


class _Reader:
    """Read one run of text from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._tokens: list[_Token] = []
        self._brackets: list[_Bracket] = []

    def read(self) -> tuple[Inline, ...]:
        """Read to the end."""
        while self._at < len(self._text):
            if not (self._plain() or self._marked()):
                self._add(Text(self._text[self._at]), 1)
        return _pair(self._tokens)

    def _add(self, token: _Token, length: int) -> bool:
        self._tokens.append(token)
        self._at += length
        return True

    def _plain(self) -> bool:
        for pattern, node in (_PLAIN, None), (_HARD_BREAK, Break()), (_SPACE, Text(" ")):
            if match := pattern.match(self._text, self._at):
                return self._add(node or Text(match[0]), len(match[0]))
        return False

    def _marked(self) -> bool:
        steps = {
            "\\": self._escape,
            "&": self._entity,
            "<": self._tag,
            "*": self._run,
            "_": self._run,
            "[": self._open,
            "!": self._open,
            "]": self._close,
        }
        return steps[self._text[self._at]]()

    def _escape(self) -> bool:
        match = _ESCAPE.match(self._text, self._at)
        return self._add(Text(match[1]), 2) if match else False

    def _entity(self) -> bool:
        match = _ENTITY.match(self._text, self._at)
        return self._add(Text(html.unescape(match[0])), len(match[0])) if match else False

    def _tag(self) -> bool:
        if match := _FONT.match(self._text, self._at):
            found = {name.lower(): value for name, value in _ATTRIBUTE.findall(match[1])}
            token = _FontTag(match[0], found.get("color", ""), found.get("size", ""))
            return self._add(token, len(match[0]))
        if match := _FONT_END.match(self._text, self._at):
            return self._add(_FontTag(match[0], ends=True), len(match[0]))
        if match := _AUTOLINK.match(self._text, self._at):
            return self._add(Link((Text(match[1]),), match[1]), len(match[0]))
        match = _TAG.match(self._text, self._at)
        return self._add(Html(match[0]), len(match[0])) if match else False

    def _run(self) -> bool:
        match = _RUN.match(self._text, self._at)
        if match is None:
            return False
        before = self._text[match.start() - 1 : match.start()] or " "
        after = self._text[match.end() : match.end() + 1] or " "
        left, right = _flanks(before, after)
        if match[0][0] == "_":  # underscores within a word are part of the word
            left, right = (
                left and (not right or not before.isalnum()),
                right and (not left or not after.isalnum()),
            )
        return self._add(_Run(match[0], left, right), len(match[0]))

    def _open(self) -> bool:
        mark = "![" if self._text.startswith("![", self._at) else "["
        if not self._text.startswith(mark, self._at):
            return False
        self._brackets.append(_Bracket(len(self._tokens), image=mark == "!["))
        return self._add(Text(mark), len(mark))

    def _close(self) -> bool:
        if not self._brackets:
            return False
        bracket = self._brackets.pop()
        destination = _destination(self._text, self._at + 1) if bracket.live else None
        if destination is None:
            return False
        url, end = destination
        children = _pair(self._tokens[bracket.index + 1 :])
        del self._tokens[bracket.index :]
        if bracket.image:
            self._tokens.append(Image(inline_text(children), url))
        else:
            self._tokens.append(Link(children, url))
            for outer in self._brackets:  # a link holds no link
                outer.live = outer.live and outer.image
        self._at = end
        return True


def _flanks(before: str, after: str) -> tuple[bool, bool]:
    """Return whether a run can begin and end emphasis (CommonMark's left and right flanking)."""
    space_before, space_after = before.isspace(), after.isspace()
    mark_before, mark_after = _is_mark(before), _is_mark(after)
    left = not space_after and (not mark_after or space_before or mark_before)
    right = not space_before and (not mark_before or space_after or mark_after)
    return left, right


def _is_mark(character: str) -> bool:
    return not character.isalnum() and not character.isspace()


def _destination(text: str, start: int) -> tuple[str, int] | None:
    """Return the URL of `(url "title")` at `start` and where it ends, or None."""
    if not text.startswith("(", start):
        return None
    at = _skip(_BLANK, text, start + 1)
    if match := _ANGLED.match(text, at):
        url, at = match[1], match.end()
    else:
        begin, at = at, _bare_end(text, at)
        if at < 0:
            return None
        url = text[begin:at]
    at = _skip(_BLANK, text, _skip(_TITLE, text, at))
    if not text.startswith(")", at):
        return None
    return html.unescape(_ESCAPE.sub(r"\1", url)), at + 1


def _bare_end(text: str, at: int) -> int:
    """Return where a URL with balanced parentheses ends; -1 when they nest too deep."""
    depth = 0
    while at < len(text):
        if match := _ESCAPE.match(text, at) or _NORMAL.match(text, at):
            at = match.end()
            continue
        if text[at] not in "()\\" or (text[at] == ")" and depth == 0):
            break
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        at += 1
        if depth > _PARENTHESES:
            return -1
    return at if depth == 0 else -1


def _skip(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at


def _pair(tokens: list[_Token]) -> tuple[Inline, ...]:
    """Turn runs and font tags that have partners into nodes, and those without into text."""
    done: list[_Token] = []
    openers: list[tuple[str, int]] = []
    waiting: dict[str, int] = {}
    for token in tokens:
        key, opens, closes = _role(token)
        if closes and waiting.get(key, 0):
            while True:
                name, index = openers.pop()
                waiting[name] -= 1
                if name == key:
                    break
            inner = tuple(_settle(done[index + 1 :]))
            done[index:] = [_node(done[index], inner)]
        else:
            done.append(token)
            if opens and len(openers) < NESTING:
                openers.append((key, len(done) - 1))
                waiting[key] = waiting.get(key, 0) + 1
    return tuple(_settle(done))


def _role(token: _Token) -> tuple[str, bool, bool]:
    match token:
        case _Run(mark=mark, opens=opens, closes=closes) if len(mark) <= len("***"):
            return mark, opens, closes
        case _FontTag(ends=ends):
            return "font", not ends, ends
        case _:
            return "", False, False


def _node(opener: _Token, inner: tuple[Inline, ...]) -> Inline:
    match opener:
        case _FontTag(color=color, size=size):
            return Font(inner, color, size)
        case _Run(mark="*" | "_"):
            return Emphasis(inner)
        case _Run(mark="**" | "__"):
            return Strong(inner)
        case _:
            return Strong((Emphasis(inner),))


def _settle(tokens: list[_Token]) -> list[Inline]:
    """Return nodes only, neighbouring texts joined."""
    nodes: list[Inline] = []
    texts: list[str] = []
    for token in tokens:
        match token:
            case Text(text=text) | _Run(mark=text) | _FontTag(source=text):
                texts.append(text)
            case node:
                nodes += _joined(texts)
                nodes.append(node)
                texts = []
    return nodes + _joined(texts)


def _joined(texts: list[str]) -> list[Inline]:
    return [Text("".join(texts))] if texts else []
