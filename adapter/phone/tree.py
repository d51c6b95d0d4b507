"""A message as a small tree, and what can be read from it: links, images, headings, visible text.

The tree is what a phone shows. What phones show as source (tables, code fences, HTML other than
`<font>`) is kept as source.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Text:
    """Show characters."""

    text: str
    kind: ClassVar = "text"


@dataclass(frozen=True, slots=True)
class Strong:
    """Show bold."""

    children: tuple[Inline, ...]
    kind: ClassVar = "strong"


@dataclass(frozen=True, slots=True)
class Emphasis:
    """Show italic."""

    children: tuple[Inline, ...]
    kind: ClassVar = "emphasis"


@dataclass(frozen=True, slots=True)
class Font:
    """Show in a colour or a size; empty means unchanged."""

    children: tuple[Inline, ...]
    color: str = ""
    size: str = ""
    kind: ClassVar = "font"


@dataclass(frozen=True, slots=True)
class Link:
    """Lead to a URL, written as the message has it."""

    children: tuple[Inline, ...]
    url: str
    kind: ClassVar = "link"


@dataclass(frozen=True, slots=True)
class Image:
    """Show a picture."""

    alt: str
    url: str
    kind: ClassVar = "image"


@dataclass(frozen=True, slots=True)
class Html:
    """Show a tag that phones do not know, as source."""

    text: str
    kind: ClassVar = "html"


@dataclass(frozen=True, slots=True)
class Break:
    """Begin a new line within a paragraph."""

    kind: ClassVar = "break"


Inline = Text | Strong | Emphasis | Font | Link | Image | Html | Break


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Show lines of text as one."""

    children: tuple[Inline, ...]
    kind: ClassVar = "paragraph"


@dataclass(frozen=True, slots=True)
class Heading:
    """Show a heading of level 1 to 6."""

    level: int
    children: tuple[Inline, ...]
    kind: ClassVar = "heading"


@dataclass(frozen=True, slots=True)
class Quote:
    """Show blocks as quoted."""

    blocks: tuple[Block, ...]
    kind: ClassVar = "quote"


@dataclass(frozen=True, slots=True)
class Items:
    """Show a list; `start` is the first number of an ordered one, None for bullets."""

    items: tuple[tuple[Block, ...], ...]
    start: int | None
    kind: ClassVar = "items"


@dataclass(frozen=True, slots=True)
class Source:
    """Show what phones do not render, as it was written."""

    text: str
    kind: ClassVar = "source"


Block = Paragraph | Heading | Quote | Items | Source


@dataclass(frozen=True, slots=True)
class Document:
    """Hold a whole message."""

    blocks: tuple[Block, ...]


Node = Inline | Block


def walk(document: Document) -> Iterator[Node]:
    """Yield every node, outer before inner, in reading order."""
    waiting: list[Node] = list(reversed(document.blocks))
    while waiting:
        node = waiting.pop()
        yield node
        match node:
            case Quote(blocks=blocks):
                waiting.extend(reversed(blocks))
            case Items(items=items):
                waiting.extend(reversed([block for item in items for block in item]))
            case Text() | Image() | Html() | Break() | Source():
                pass
            case _:
                waiting.extend(reversed(node.children))


def links(document: Document) -> tuple[Link, ...]:
    """Return every link."""
    return tuple(node for node in walk(document) if isinstance(node, Link))


def images(document: Document) -> tuple[Image, ...]:
    """Return every image."""
    return tuple(node for node in walk(document) if isinstance(node, Image))


def headings(document: Document) -> tuple[Heading, ...]:
    """Return every heading."""
    return tuple(node for node in walk(document) if isinstance(node, Heading))


def tags(document: Document) -> tuple[str, ...]:
    """Return every HTML tag that stands in the message as a tag, `<font>` included."""
    found = (node for node in walk(document) if isinstance(node, Html | Font))
    return tuple("<font>" if isinstance(node, Font) else node.text for node in found)


def plain_text(document: Document) -> str:
    """Return what a reader sees, blocks on lines of their own; an image shows as its alt text."""
    return "\n".join(_block_text(block) for block in document.blocks)


_SPACES: Final = re.compile(r"[ \t\n]+")


def inline_text(nodes: tuple[Inline, ...]) -> str:
    """Return what a reader sees of a run of text; white space collapses as on the screen."""
    parts = [_inline_text(node) for node in nodes]
    lines = _SPACES.sub(" ", "".join(parts)).split("\v")
    return "\n".join(line.strip(" ") for line in lines)


def _inline_text(node: Inline) -> str:
    match node:
        case Text(text=text) | Html(text=text):
            return text.replace("\v", " ")
        case Image(alt=alt):
            return alt
        case Break():
            return "\v"  # stands for the line break while spaces collapse
        case _:
            return "".join(_inline_text(child) for child in node.children)


def _block_text(block: Block) -> str:
    match block:
        case Paragraph(children=children) | Heading(children=children):
            return inline_text(children)
        case Quote(blocks=blocks):
            return "\n".join(_block_text(inner) for inner in blocks)
        case Source(text=text):
            return text
        case Items(items=items, start=start):
            texts = ("\n".join(_block_text(inner) for inner in item) for item in items)
            marks = ("• " if start is None else f"{start + n}. " for n in range(len(items)))
            return "\n".join(mark + text for mark, text in zip(marks, texts, strict=True))
