"""Find and read the files that `include` names."""

from __future__ import annotations

import glob
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from adapter.config.document import read_document
from adapter.config.problems import Mistake, Noted
from adapter.config.vocabulary import INCLUDED

if TYPE_CHECKING:
    from contextlib import ExitStack

    from adapter.config.document import Document
    from adapter.config.reader import Reading, Section, Value

_EXAMPLE: Final = "[conf.d/*.yml]"


@dataclass(frozen=True, slots=True)
class Included:
    """Hold the included files that can be read; `complete` if all of them can."""

    sections: tuple[Section, ...]
    paths: tuple[Path, ...]
    complete: bool


def open_included(root: Section, document: Document, stack: ExitStack) -> Included:
    """Open the files that `include` names; `stack` ends their sections."""
    paths: dict[Path, str] = {}
    for found in root.list_of("include", lambda value: _find(value, document), _EXAMPLE):
        paths.update(found)
    sections = [_open(path, name, root.value.reading) for path, name in paths.items()]
    return Included(
        sections=tuple(stack.enter_context(section) for section in sections if section),
        paths=tuple(paths),
        complete=None not in sections,
    )


def _open(path: Path, name: str, reading: Reading) -> Section | None:
    try:
        value = read_document(path, name, reading).value
    except Noted:
        return None
    return value.read(lambda found: found.section(INCLUDED, "robots: …"), None)


def _find(value: Value, document: Document) -> dict[Path, str]:
    """Return the files of one pattern, each with its name in problems; never the file itself."""
    pattern = value.text()
    if not pattern:
        raise Mistake("is empty; expected a file or a pattern such as conf.d/*.yml")
    found = value.reading.footprint.names(value.base, pattern)
    if not glob.has_magic(pattern):
        if not found:
            raise Mistake(f"there is no file {value.shown()} beside this one")
        return {value.base / pattern: _name(document, pattern)}
    paths = {value.base / name: _name(document, name) for name in found}
    return {
        path: name
        for path, name in paths.items()
        if not path.is_dir() and path.absolute() != document.path
    }


def _name(document: Document, name: str) -> str:
    return str(Path(document.name).parent / name)
