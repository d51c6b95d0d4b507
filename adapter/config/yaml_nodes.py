"""Hold YAML as a tree in which everything knows its place and every scalar is text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from adapter.config.problems import Place

# How one character of a scalar is written, by what the scalar begins with. The opening quote
# belongs to no character.
_WRITTEN: Final = {
    '"': r"(?!^)(?:\\(?:x..|u.{4}|U.{8}|.)|.)",
    "'": r"(?!^)(?:''|.)",
}


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """Hold one text; `source` is how it is written, quotes included, if it stands in one line.

    `folded`: it goes on in further lines. `empty`: nothing stands there at all. `commented`:
    nothing but a comment.
    """

    place: Place
    text: str
    source: str = ""
    folded: bool = False
    empty: bool = False
    commented: bool = False

    def place_at(self, offset: int) -> Place:
        """Return where the character at `offset` of the text stands; the scalar where unknown."""
        if not self.source or not offset:
            return self.place
        written = re.finditer(_WRITTEN.get(self.source[0], "."), self.source)
        columns = [*(character.start() for character in written), len(self.source)]
        column = self.place.column + columns[min(offset, len(columns) - 1)]
        return Place(self.place.file, self.place.line, column)


@dataclass(frozen=True, slots=True)
class SequenceNode:
    """Hold a list; `flow` when it is written with brackets."""

    place: Place
    items: tuple[Node, ...]
    flow: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """Hold one key and its value."""

    key: ScalarNode
    value: Node


@dataclass(frozen=True, slots=True)
class MappingNode:
    """Hold keys and values as written, with keys that come twice; `flow` when in braces."""

    place: Place
    entries: tuple[Entry, ...]
    flow: bool = False


Node = ScalarNode | SequenceNode | MappingNode
