"""Checking templates before an alert needs them: by reading each, and by trying it on samples."""

from __future__ import annotations

import difflib
import itertools
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Final

from jinja2 import TemplateError, TemplateSyntaxError, meta, nodes

from adapter.core.budget import Budget, Rendering
from adapter.core.calls import sample_call
from adapter.core.group_view import GroupView
from adapter.core.reader import Reader
from adapter.core.template_parts import (
    MENTIONS,
    PARTS,
    TemplateEntries,
    TemplateParts,
    place_of,
)
from adapter.core.template_samples import NOW, SAMPLES
from adapter.core.words import LANGUAGES, words_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from adapter.core.alerts import AlertGroup
    from adapter.core.style import Style
    from adapter.core.template_env import Sandbox

LAYOUT: Final = "layout.j2"
"""The template that names the parts: the only one that extends none."""

_ALWAYS: Final = frozenset(
    {"alert", "rest", "more", "part", "self", "super", "loop", "varargs", "kwargs"}
)
_VALUE_BYTES: Final = 4_000


@dataclass(frozen=True, slots=True, order=True)
class TemplateProblem:
    """Name one mistake in a template; `line` 0 means the template as a whole."""

    name: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class _Names:
    """Hold what templates may name: blocks, and variables."""

    blocks: frozenset[str]
    variables: frozenset[str]


def check(
    sources: Mapping[str, str], names: Collection[str], sandbox: Sandbox, style: Style
) -> tuple[TemplateProblem, ...]:
    """Return every mistake in the templates of these names.

    A template that cannot be read or has strange names is not tried.
    """
    found: list[TemplateProblem] = []
    trees: dict[str, nodes.Template] = {}
    for name, source in sources.items():
        try:
            if name in names:
                sandbox.compile(source, name, name)
            trees[name] = sandbox.parse(source, name, name)
        except TemplateSyntaxError as error:
            found.append(TemplateProblem(name, error.lineno, error.message or "is no template"))
    variables = GroupView(SAMPLES[0], _reader(LANGUAGES[0], style)).variables()
    known = _names(trees.values(), {*sandbox.globals, *variables})
    for name in trees.keys() & names:
        tree = trees[name]
        read = list(_read(name, tree, known))
        found += read or (_tried(name, sources, sandbox, style) if name != LAYOUT else ())
    return tuple(sorted(set(found)))


def _names(trees: Iterable[nodes.Template], variables: Iterable[str]) -> _Names:
    blocks, variables = set(PARTS), {*_ALWAYS, MENTIONS, *variables}
    for tree in trees:
        for block in tree.find_all(nodes.Block):  # one within another is a part of that part
            blocks.update(inner.name for inner in block.find_all(nodes.Block))
        variables.update(macro.name for macro in tree.find_all(nodes.Macro))
        variables.update(name.name for name in tree.find_all(nodes.Name) if name.ctx == "store")
    return _Names(frozenset(blocks), frozenset(variables))


def _read(name: str, tree: nodes.Template, known: _Names) -> Iterator[TemplateProblem]:
    if name != LAYOUT and tree.find(nodes.Extends) is None:
        yield TemplateProblem(name, 1, 'expected {% extends "default.j2" %}, or another template')
    for block in tree.find_all(nodes.Block):
        if block.name not in known.blocks:
            told = _unknown("block", block.name, PARTS)
            yield TemplateProblem(name, block.lineno, told)
    strange = meta.find_undeclared_variables(tree) - known.variables
    for used in tree.find_all(nodes.Name):
        if used.name in strange and used.ctx == "load":
            told = _unknown("variable", used.name, known.variables)
            yield TemplateProblem(name, used.lineno, told)


def _unknown(kind: str, name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, sorted(known), n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    return f"there is no {kind} {name}{hint}"


def _tried(
    name: str, sources: Mapping[str, str], sandbox: Sandbox, style: Style
) -> Iterator[TemplateProblem]:
    for group, language, card in itertools.product(SAMPLES, LANGUAGES, (False, True)):
        try:
            title = _try(sandbox, name, group, _reader(language, style, card=card))
        except Exception as error:  # noqa: BLE001  # a template may raise anything
            file, line = place_of(error, name, sources)
            yield TemplateProblem(file, line, _told(error))
            return
        if not title:
            yield TemplateProblem(name, 0, "block title is empty")
            return


def _try(sandbox: Sandbox, name: str, group: AlertGroup, reader: Reader) -> str:
    """Render every part as a message would; return the title."""
    view, rendering = GroupView(group, reader), Rendering(reader, Budget())
    run = sandbox.blocks(name).run()
    call = sample_call(reader.words)
    parts = TemplateParts(run, view, rendering, call)
    entries = TemplateEntries(run, group, rendering)
    for part in ("group", "footer"):
        parts.part(part)
    parts.buttons()
    for alerts in parts.paragraphs:
        parts.rest(alerts)
        for alert in alerts:
            parts.alert(alert)
            parts.line(alert)
    for told in group.alerts:
        entries.entry(told, call)
    return parts.title()


def _reader(language: str, style: Style, *, card: bool = False) -> Reader:
    return Reader(words_of(language), UTC, NOW, _VALUE_BYTES, style, card)


def _told(error: Exception) -> str:
    if isinstance(error, TemplateError) and error.message:
        return error.message
    return f"{type(error).__name__}: {error}"
