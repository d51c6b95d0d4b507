"""Walk a tree of nodes key by key and note every problem on the way.

A `Value` is a node with its path. A function that reads a value returns what it means, or raises
Mistake (noted where the value stands) or Noted. `Section` reads a mapping of known keys and, at its
end, notes those that nobody asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self, TypeVar

from adapter.config.environment import fill, mistakes, refers, unset
from adapter.config.footprint import Footprint
from adapter.config.problems import Mistake, Noted, joined, shown
from adapter.config.suggest import closest
from adapter.config.vocabulary import unknown_word
from adapter.config.yaml_nodes import MappingNode, ScalarNode, SequenceNode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path
    from types import TracebackType

    from adapter.config.problems import Place, Problems
    from adapter.config.yaml_nodes import Entry, Node

T = TypeVar("T")
D = TypeVar("D")


@dataclass(frozen=True, slots=True)
class Reading:
    """Hold what one reading of a configuration shares."""

    environ: Mapping[str, str]
    skip_secrets: bool
    problems: Problems
    footprint: Footprint = field(default_factory=Footprint)


@dataclass(frozen=True, slots=True)
class Value:
    """Hold a node, its path, and the directory that its relative paths start from."""

    reading: Reading
    base: Path
    node: Node
    path: str = ""
    key_place: Place | None = None

    @property
    def place(self) -> Place:
        """Return where the value stands, or its key if nothing stands there."""
        nothing = isinstance(self.node, ScalarNode) and self.node.empty
        return self.key_place if nothing and self.key_place else self.node.place

    def problem(self, text: str, offset: int = 0) -> None:
        """Note a problem at the value, or at the character of its text at `offset`."""
        place = self.place
        if offset and isinstance(self.node, ScalarNode) and not self.from_environment:
            place = self.node.place_at(offset)
        self.reading.problems.add(place, self.path, text)

    def key_problem(self, text: str) -> None:
        """Note a problem at the key of the value."""
        self.reading.problems.add(self.key_place or self.place, self.path, text)

    def warn(self, text: str) -> None:
        """Note a warning at the value."""
        self.reading.problems.warn(self.place, self.path, text)

    def missing(self, key: str, text: str) -> None:
        """Note that the mapping lacks a key."""
        place = self.key_place or self.node.place
        self.reading.problems.add(place, joined(self.path, key), text)

    @property
    def from_environment(self) -> bool:
        """Return whether the text takes anything from the environment and must not be shown."""
        return isinstance(self.node, ScalarNode) and refers(self.node.text)

    @property
    def lacks_variables(self) -> bool:
        """Return whether the text names a variable that is not set."""
        return isinstance(self.node, ScalarNode) and unset(self.node.text, self.reading.environ)

    def shown(self) -> str:
        """Return the text as it is written, variables unfilled, in quotes.

        What a second line adds may be a secret whose key lacks its colon.
        """
        if not isinstance(self.node, ScalarNode):
            return self.kind()
        return "this text of several lines" if self.node.folded else shown(self.node.text)

    def text(self) -> str:
        """Return the text with variables filled."""
        if not isinstance(self.node, ScalarNode):
            raise Mistake(f"expected text, found {self.kind()}{self._quote_it()}")
        if self.node.empty:
            raise Mistake(f"has no value; give one or remove the key{self._comment()}")
        wrong = mistakes(self.node.text, self.reading.environ)
        for mistake in wrong:
            place = self.node.place_at(mistake.offset)
            self.reading.problems.add(place, self.path, mistake.text)
        if wrong:
            raise Noted
        return fill(self.node.text, self.reading.environ)

    def items(self, example: str) -> tuple[Value, ...]:
        """Return the values of a list; `example` shows one to who wrote something else."""
        if isinstance(self.node, ScalarNode) and self.node.empty:
            raise Mistake(f"has no value; write [] for an empty list{self._comment()}")
        if not isinstance(self.node, SequenceNode):
            raise Mistake(f"expected a list such as {example}, found {self.kind()}")
        return tuple(
            Value(self.reading, self.base, item, f"{self.path}[{index}]")
            for index, item in enumerate(self.node.items)
        )

    def entries(self, example: str) -> tuple[tuple[str, Value], ...]:
        """Return the keys and values of a mapping, each key once; none where nothing stands."""
        if isinstance(self.node, ScalarNode) and self.node.empty:
            return ()
        if not isinstance(self.node, MappingNode):
            raise Mistake(f"expected a mapping such as `{example}`, found {self.kind()}")
        first: dict[str, Entry] = {}
        for entry in self.node.entries:
            if first.setdefault(entry.key.text, entry) is not entry:
                self._note_twice(entry, first[entry.key.text])
        return tuple((key, self._below(entry)) for key, entry in first.items())

    def section(self, room: str, example: str) -> Section:
        """Return the mapping as a section with known keys; `room` is its name in `vocabulary`."""
        return Section(self, room, dict(self.entries(example)))

    def read(self, reader: Callable[[Value], T], default: D) -> T | D:
        """Return what `reader` makes of the value; note its mistake and return the default."""
        try:
            return reader(self)
        except Mistake as mistake:
            self.problem(mistake.text, mistake.offset)
        except Noted:
            pass
        return default

    def kind(self) -> str:
        """Return what stands here, without its content."""
        if isinstance(self.node, ScalarNode):
            return "nothing" if self.node.empty else "text"
        return "a list" if isinstance(self.node, SequenceNode) else "a mapping"

    def _below(self, entry: Entry) -> Value:
        path = joined(self.path, entry.key.text)
        return Value(self.reading, self.base, entry.value, path, entry.key.place)

    def _note_twice(self, entry: Entry, first: Entry) -> None:
        place = first.key.place
        self.reading.problems.add(
            entry.key.place,
            joined(self.path, entry.key.text),
            f"given twice, first at {place.file}:{place.line}:{place.column}; keep one",
        )

    def _quote_it(self) -> str:
        if isinstance(self.node, ScalarNode) or not self.node.flow:
            return ""
        bracket = "[" if isinstance(self.node, SequenceNode) else "{"
        return f"; if {bracket} begins a text, put the whole text into quotes"

    def _comment(self) -> str:
        commented = isinstance(self.node, ScalarNode) and self.node.commented
        return " (what follows # is a comment; quote it if it is meant)" if commented else ""


class Section:
    """Read a mapping by its keys; leave the block to have the other keys noted as unknown."""

    def __init__(self, value: Value, room: str, values: dict[str, Value]) -> None:
        self.value = value
        self._room = room
        self._values = values
        self._known: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            for key, value in self._unknown():
                value.key_problem(unknown_word(key, self._room, self._known))

    def get(self, key: str) -> Value | None:
        """Return the value of a key, if given; the key is a known one from now on."""
        self._known.add(key)
        return self._values.get(key)

    def take(self, key: str, reader: Callable[[Value], T], default: D) -> T | D:
        """Return what `reader` makes of a key's value, or the default without the key."""
        value = self.get(key)
        return default if value is None else value.read(reader, default)

    def scalar(self, key: str, parse: Callable[[str], T], default: D) -> T | D:
        """Return what `parse` makes of a key's text; its mistakes follow the quoted text."""
        return self.take(key, scalar(parse), default)

    def hidden(self, key: str, parse: Callable[[str], T], default: D) -> T | D:
        """Return what `parse` makes of a key's text, which no problem may quote."""
        return self.take(key, lambda value: parse(value.text()), default)

    def list_of(self, key: str, reader: Callable[[Value], T | None], example: str) -> tuple[T, ...]:
        """Return what `reader` makes of each item of a key's list; wrong ones are left out."""
        return self.take(key, list_of(reader, example), ())

    def require(self, key: str, reader: Callable[[Value], T], expected: str) -> T | None:
        """Return what `reader` makes of a key's value; to lack the key is a problem."""
        value = self.get(key)
        if value is None:
            self.value.missing(key, f"missing; expected {expected}")
            return None
        return value.read(reader, None)

    def only_one(self, *keys: str) -> tuple[str, Value] | None:
        """Return the one of these keys that is given; a second one is a problem."""
        given = [(key, value) for key in keys if (value := self.get(key)) is not None]
        for _, value in given[1:]:
            value.key_problem(f'"{given[0][0]}" is given too; keep one of the two')
        return given[0] if given else None

    def suggests(self, *keys: str) -> bool:
        """Return whether an unknown key will be told to mean one of these; ask it last."""
        return any(closest(key, self._known) in keys for key, _ in self._unknown())

    def refuse(self, key: str, text: str) -> None:
        """Note a problem if a key is given that has no place here."""
        value = self._values.pop(key, None)
        if value is not None:
            value.key_problem(text)

    def _unknown(self) -> Iterator[tuple[str, Value]]:
        return ((key, value) for key, value in self._values.items() if key not in self._known)


def scalar(parse: Callable[[str], T]) -> Callable[[Value], T]:
    """Return a reader of values that `parse` understands; its mistakes follow the quoted text."""

    def read(value: Value) -> T:
        text = value.text()
        try:
            return parse(text)
        except Mistake as mistake:
            raise Mistake(f"{value.shown()} {mistake.text}", mistake.offset) from None

    return read


def list_of(reader: Callable[[Value], T | None], example: str) -> Callable[[Value], tuple[T, ...]]:
    """Return a reader of lists; an item that is wrong is noted and left out."""

    def read(value: Value) -> tuple[T, ...]:
        found = (item.read(reader, None) for item in value.items(example))
        return tuple(item for item in found if item is not None)

    return read
