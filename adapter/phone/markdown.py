"""A reading of DingTalk markdown: what a phone shows, as a tree.

Rendered: headings, paragraphs after a blank line, quotes, lists, and the runs of `inlines.py`.
Shown as source: tables, code fences, rules. A single line break is swallowed, except within a quote
and between the items of a list; two spaces before and after it keep it. An underlined line is a
heading, as in CommonMark. Source: `dingtalk-protocol.md` section 4.

This reader shares no code with the adapter's writer, so that each can prove the other wrong.
"""

from __future__ import annotations

import re
from typing import Final

from adapter.phone.inlines import parse_inlines
from adapter.phone.tree import (
    Block,
    Document,
    Heading,
    Items,
    Paragraph,
    Quote,
    Source,
    headings,
    images,
    inline_text,
    links,
    plain_text,
    tags,
)

__all__ = [
    "Document",
    "headings",
    "images",
    "inline_text",
    "links",
    "parse",
    "plain_text",
    "tags",
]

_NESTING: Final = 8

_HEADING: Final = re.compile(r"(#{1,6})( .*|)")
_UNDERLINE: Final = re.compile(r"=+|-+")
_RULE: Final = re.compile(r"(?:- *){3,}|(?:\* *){3,}|(?:_ *){3,}")
_FENCE: Final = re.compile(r"(`{3,}(?=[^`]*$)|~{3,}).*")
_ITEM: Final = re.compile(r"(?:[-*+]|(\d{1,9})[.)])(?: +(.*)|$)")
_ITEM_INDENT: Final = len("- ")
_TABLE_RULE: Final = re.compile(r"(?=.*\|)(?=.*-)[|:\- ]+")


def parse(text: str) -> Document:
    """Return the tree of a message; every text has one, and none raises."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ").split("\n")
    return Document(_Blocks(lines, 0, quoted=False).read())


class _Blocks:
    """Read lines into blocks; `depth` is how many quotes and lists surround them."""

    def __init__(self, lines: list[str], depth: int, *, quoted: bool) -> None:
        self._lines = lines
        self._depth = depth
        self._quoted = quoted
        self._at = 0
        self._blocks: list[Block] = []
        self._open: list[str] = []  # the lines of the paragraph that is being read

    def read(self) -> tuple[Block, ...]:
        """Read to the end."""
        while self._at < len(self._lines):
            line = self._lines[self._at].strip(" ")
            if not line:
                self._finish()
                self._at += 1
            elif not (self._underlined(line) or self._block(line)):
                self._open.append(self._lines[self._at])
                self._at += 1
        self._finish()
        return tuple(self._blocks)

    def _finish(self) -> None:
        if self._open:
            joint = "  \n  " if self._quoted else "\n"
            self._blocks.append(Paragraph(parse_inlines(joint.join(self._open).strip(" "))))
            self._open = []

    def _add(self, block: Block, lines: int) -> bool:
        self._finish()
        self._blocks.append(block)
        self._at += lines
        return True

    def _underlined(self, line: str) -> bool:
        match = _UNDERLINE.fullmatch(line)
        if not match or not self._open:
            return False
        text = "\n".join(self._open).strip(" ")
        self._open = []
        return self._add(Heading(1 if line[0] == "=" else 2, parse_inlines(text)), 1)

    def _block(self, line: str) -> bool:
        if match := _HEADING.fullmatch(line):
            return self._add(Heading(len(match[1]), parse_inlines(_unclosed(match[2]))), 1)
        if _RULE.fullmatch(line):
            return self._add(Source(line), 1)
        return self._fence(line) or self._table() or (self._depth < _NESTING and self._inner(line))

    def _inner(self, line: str) -> bool:
        if line.startswith(">"):
            return self._quote()
        return bool(_ITEM.fullmatch(line)) and self._items()

    def _fence(self, first: str) -> bool:
        match = _FENCE.fullmatch(first)
        if not match:
            return False
        mark = match[1]
        end = self._at + 1
        while end < len(self._lines):
            line = self._lines[end].strip(" ")
            end += 1
            if line.startswith(mark) and not line.strip(mark[0]):
                break
        return self._add(Source("\n".join(self._lines[self._at : end])), end - self._at)

    def _table(self) -> bool:
        following = self._lines[self._at + 1 : self._at + 2]
        if "|" not in self._lines[self._at] or not following:
            return False
        if not _TABLE_RULE.fullmatch(following[0].strip(" ")):
            return False
        end = self._at + 2
        while end < len(self._lines) and "|" in self._lines[end]:
            end += 1
        return self._add(Source("\n".join(self._lines[self._at : end])), end - self._at)

    def _quote(self) -> bool:
        lines: list[str] = []
        for index in range(self._at, len(self._lines)):
            line = self._lines[index].strip(" ")
            if not line.startswith(">") and not (lines[-1].strip(" ") and _continues(line)):
                break
            lines.append(line.removeprefix(">").removeprefix(" "))
        inner = _Blocks(lines, self._depth + 1, quoted=True).read()
        return self._add(Quote(inner), len(lines))

    def _items(self) -> bool:
        items: list[list[str]] = []
        first = _ITEM.fullmatch(self._lines[self._at].strip(" "))
        start = int(first[1]) if first and first[1] else None
        end = self._at
        while end < len(self._lines):
            line = self._lines[end]
            match = _ITEM.fullmatch(line.strip(" "))
            deep = line.startswith(" " * _ITEM_INDENT) and bool(items)
            if match and not deep and (match[1] is None) == (start is None):
                items.append([match[2] or ""])
            elif items and (deep or _continues(line.strip(" "))) and line.strip(" "):
                items[-1].append(line.removeprefix(" " * _ITEM_INDENT))
            else:
                break
            end += 1
        read = (_Blocks(item, self._depth + 1, quoted=self._quoted).read() for item in items)
        return self._add(Items(tuple(read), start), end - self._at)


def _unclosed(title: str) -> str:
    """Return a heading's text without the `#` that may close it."""
    text = title.strip(" ")
    bare = text.rstrip("#")
    return bare.rstrip(" ") if not bare or bare.endswith(" ") else text


def _continues(line: str) -> bool:
    """Return whether a line can only go on with the paragraph before it."""
    starts = (_HEADING, _RULE, _FENCE, _ITEM, _UNDERLINE)
    return bool(line) and line[0] != ">" and not any(each.fullmatch(line) for each in starts)
