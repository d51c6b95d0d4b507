"""Blocks: the blocks of one template, each rendered by itself.

Jinja runs the whole top level of a template, and of all that it extends, for every block that is
asked for. A message asks for hundreds. Where a top level does nothing but define blocks and macros,
as that of all bundled templates does, it is run once for a message.
"""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

from jinja2 import nodes

from adapter.core.budget import LENGTH_LIMIT, require_length
from adapter.core.text import encodable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from jinja2 import Template
    from jinja2.runtime import Context

_PART: Final = "part"
_ENTRY: Final = "entry"
_BLANK_LINES: Final = re.compile(r"\s*\n[ \t]*\n\s*")


class Blocks(NamedTuple):
    """Hold a template; `defined_once`: running its top level once defines every block.

    `plain_entry`: its block `entry` shows `alert.entry` and nothing else.
    """

    template: Template
    defined_once: bool = False
    plain_entry: bool = False

    def run(self) -> Run:
        """Return what renders the blocks of one message."""
        return Run(self)


class Run:
    """Render blocks of a template, one after the other."""

    def __init__(self, blocks: Blocks) -> None:
        self._template = blocks.template
        self.plain_entry = blocks.plain_entry
        self._context: Context | None = None
        if blocks.defined_once:
            self._context = self._template.new_context({_PART: ""})
            self._globals = dict(self._context.parent)
            deque(self._template.root_render_func(self._context), maxlen=0)

    def block(self, name: str, variables: Mapping[str, object]) -> str:
        """Return one block with these variables, its paragraphs one blank line apart."""
        pieces, length = [], 0
        try:
            for piece in self._pieces(name, variables):
                length += len(piece)
                if length > LENGTH_LIMIT:
                    require_length(length)
                pieces.append(piece)
        except Exception:  # noqa: BLE001  # Jinja raises it again, with the template's lines
            self._template.environment.handle_exception()
        text = encodable("".join(pieces)).strip()
        return _BLANK_LINES.sub("\n\n", text) if "\n" in text else text

    def _pieces(self, name: str, variables: Mapping[str, object]) -> Iterator[str]:
        if self._context is None:
            return self._template.generate(variables, part=name)
        self._context.parent = {**self._globals, **variables, _PART: name}
        return self._context.blocks[name][0](self._context)


class Outline(NamedTuple):
    """Say of a template which it extends; `defines`: its top level does nothing but define.

    One that extends none must show, for each `part`, the block of that name and nothing else.
    `plain_entry` is as in `Blocks`; None if it has no such block.
    """

    extends: str | None
    defines: bool
    plain_entry: bool | None


def outline(tree: nodes.Template) -> Outline:
    """Return what there is to know of a template before it runs."""
    told = _told(tree.body)
    entries = [block for block in tree.find_all(nodes.Block) if block.name == _ENTRY]
    plain = all(map(_is_plain_entry, entries)) if entries else None
    if not told or not isinstance(told[0], nodes.Extends):
        return Outline(None, _is_layout(told), plain)
    name = told[0].template
    defines = isinstance(name, nodes.Const) and all(map(_defines, told[1:]))
    return Outline(str(name.value) if isinstance(name, nodes.Const) else None, defines, plain)


def blocks_of(template: Template, line: Sequence[Outline]) -> Blocks:
    """Return the blocks of a template; `line` are its outline and those of all that it extends."""
    once = bool(line) and line[-1].extends is None and all(each.defines for each in line)
    entries = (each.plain_entry for each in line if each.plain_entry is not None)
    return Blocks(template, once, once and next(entries, False))


def _is_plain_entry(block: nodes.Block) -> bool:
    shown = nodes.Getattr(nodes.Name("alert", "load"), "entry", "load")
    if not all(isinstance(node, nodes.Output) for node in block.body):
        return False
    pieces = (piece for node in block.iter_child_nodes() for piece in node.iter_child_nodes())
    return [piece for piece in pieces if not _is_white(piece)] == [shown]


def _told(body: Iterable[nodes.Node]) -> list[nodes.Node]:
    """Return the nodes but for those that write nothing but white space."""
    return [node for node in body if not _is_blank(node)]


def _is_blank(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Output) and all(map(_is_white, node.nodes))


def _is_white(node: nodes.Node) -> bool:
    return isinstance(node, nodes.TemplateData) and not node.data.strip()


def _defines(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Block | nodes.Macro)


def _is_layout(told: list[nodes.Node]) -> bool:
    if len(told) != 1 or not isinstance(told[0], nodes.If):
        return False
    return not told[0].else_ and all(map(_shows_block, (told[0], *told[0].elif_)))


def _shows_block(choice: nodes.If) -> bool:
    """Return whether this is `{% if part == "x" %}{% block x %}`."""
    test, told = choice.test, _told(choice.body)
    if len(told) != 1 or not isinstance(told[0], nodes.Block) or told[0].required:
        return False
    wanted = nodes.Compare(
        nodes.Name(_PART, "load"), [nodes.Operand("eq", nodes.Const(told[0].name))]
    )
    return test == wanted
