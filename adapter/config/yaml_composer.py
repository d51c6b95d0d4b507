"""Turn YAML text into nodes.

Only the events of PyYAML's parser are used: what `no`, `0x10` or `18:00` mean is decided by the key
that they stand under. The pure Python parser reads, because its complaints can be told apart.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast

import yaml

from adapter.config.problems import Noted, Place
from adapter.config.syntax import explain
from adapter.config.yaml_nodes import Entry, MappingNode, Node, ScalarNode, SequenceNode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from adapter.config.problems import Problems

DEPTH_LIMIT: Final = 64
"""Levels of nesting; a deep tree of routes has a dozen."""

NODE_LIMIT: Final = 100_000
"""Nodes, with aliases counted as often as they are used: "a billion laughs" ends here."""

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def compose(text: str, file: str, problems: Problems) -> Node:
    """Return the tree of a YAML text, an empty scalar if there is none.

    Raise Noted if it is no YAML, or none that a configuration may be; the problem is in `problems`.
    """
    try:
        return _Composer(text, file, problems).compose(yaml.parse(text, Loader=yaml.SafeLoader))
    except _RefusedError as refused:
        problems.add(refused.place, "", str(refused))
    # An escape or a version out of range makes PyYAML stumble over Python's own errors.
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        place, sentence = explain(error, file, text)
        problems.add(place, "", sentence)
    raise Noted


class _RefusedError(Exception):
    """Refuse what is YAML but no configuration."""

    def __init__(self, place: Place, text: str) -> None:
        super().__init__(text)
        self.place = place


@dataclass(frozen=True, slots=True)
class _Measured:
    """Hold a node with the number of nodes in it and the levels below it."""

    node: Node
    size: int
    height: int


@dataclass(slots=True)
class _Unfinished:
    """Hold a list or mapping whose end has not come; the outermost one is the file itself."""

    place: Place
    event: yaml.CollectionStartEvent | None = None
    nodes: list[Node] = field(default_factory=list)
    size: int = 1
    height: int = 1


class _Composer:
    def __init__(self, text: str, file: str, problems: Problems) -> None:
        self._text = text
        self._file = file
        self._problems = problems
        self._anchors: dict[str, _Measured] = {}
        self._stack = [_Unfinished(Place(file))]
        self._documents = 0

    def compose(self, events: Iterable[yaml.Event]) -> Node:
        for event in events:
            self._take(event)
        nodes = self._stack[0].nodes
        return nodes[0] if nodes else ScalarNode(Place(self._file), "", empty=True)

    def _take(self, event: yaml.Event) -> None:
        match event:
            case yaml.DocumentStartEvent():
                self._begin_document(event)
            case yaml.ScalarEvent():
                self._refuse_tag(event)
                self._add(_Measured(self._scalar(event), 1, 0), event.anchor)
            case yaml.AliasEvent():
                self._add(self._anchored(event), None)
            case yaml.CollectionStartEvent():
                self._refuse_tag(event)
                self._stack.append(_Unfinished(self._place(event), event))
                self._limit_depth(event, 0)
            case yaml.CollectionEndEvent():
                self._close(self._stack.pop())
            case _:
                pass

    def _begin_document(self, event: yaml.Event) -> None:
        self._documents += 1
        if self._documents > 1:
            raise _RefusedError(
                self._place(event),
                "a second document begins here (`---`); one file holds one configuration",
            )

    def _refuse_tag(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        if event.tag is not None:
            raise _RefusedError(
                self._place(event),
                "a YAML tag (!…) is not supported; put the value into quotes if ! belongs to it",
            )

    def _limit_depth(self, event: yaml.Event, below: int) -> None:
        if len(self._stack) + below > DEPTH_LIMIT:
            raise _RefusedError(
                self._place(event), f"this is nested deeper than {DEPTH_LIMIT} levels"
            )

    def _scalar(self, event: yaml.ScalarEvent) -> ScalarNode:
        place, start, end = self._place(event), _mark(event.start_mark), _mark(event.end_mark)
        control = _CONTROL.search(event.value)
        if control:
            raise _RefusedError(
                place, f"an escape makes a control character (U+{ord(control.group()):04X}) here"
            )
        folded = start.line != end.line
        exact = event.anchor is None and not folded
        empty = event.style is None and not event.value
        return ScalarNode(
            place,
            event.value,
            source=self._text[start.index : end.index] if exact else "",
            folded=folded,
            empty=empty,
            commented=empty and re.match(r"[ \t]*#", self._text[end.index :]) is not None,
        )

    def _anchored(self, event: yaml.AliasEvent) -> _Measured:
        found = self._anchors.get(event.anchor or "")
        if found is None:
            raise _RefusedError(
                self._place(event),
                "* begins a value here, and so names an anchor (&) of a finished value above; "
                "there is none: put the whole value into quotes",
            )
        self._limit_depth(event, found.height)
        return found

    def _add(self, added: _Measured, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = added
        top = self._stack[-1]
        top.nodes.append(added.node)
        top.size += added.size
        top.height = max(top.height, added.height + 1)
        if top.size > NODE_LIMIT:
            raise _RefusedError(
                top.place, f"this holds more than {NODE_LIMIT} values (an alias repeats its own)"
            )

    def _close(self, closed: _Unfinished) -> None:
        event = closed.event
        flow = bool(event and event.flow_style)
        node: Node
        if isinstance(event, yaml.SequenceStartEvent):
            node = SequenceNode(closed.place, tuple(closed.nodes), flow)
        else:
            node = MappingNode(closed.place, self._entries(closed.nodes), flow)
        self._add(_Measured(node, closed.size, closed.height), event.anchor if event else None)

    def _entries(self, nodes: list[Node]) -> tuple[Entry, ...]:
        own: list[Entry] = []
        merged: list[Entry] = []
        for key, value in zip(nodes[::2], nodes[1::2], strict=True):
            if not isinstance(key, ScalarNode):
                self._problems.add(
                    key.place,
                    "",
                    "a key is one word, found a bracket or brace; put a text that begins with one "
                    "into quotes",
                )
            elif key.text == "<<" == key.source:
                merged.extend(self._merged(value))
            else:
                own.append(Entry(key, value))
        return (*own, *_absent(merged, own))

    def _merged(self, value: Node) -> list[Entry]:
        entries: list[Entry] = []
        for source in value.items if isinstance(value, SequenceNode) else (value,):
            if isinstance(source, MappingNode):
                entries.extend(_absent(source.entries, entries))
            else:
                self._problems.add(
                    source.place, "", "`<<` takes in a mapping by its alias, such as `<<: *name`"
                )
        return entries

    def _place(self, event: yaml.Event) -> Place:
        mark = _mark(event.start_mark)
        return Place(self._file, mark.line + 1, mark.column + 1)


def _absent(entries: Iterable[Entry], present: Iterable[Entry]) -> list[Entry]:
    """Return the entries whose key is not present; what stands closer wins."""
    names = {entry.key.text for entry in present}
    return [entry for entry in entries if entry.key.text not in names]


def _mark(mark: object) -> yaml.Mark:
    return cast("yaml.Mark", mark)  # the type stubs allow None, which only events made by hand have
