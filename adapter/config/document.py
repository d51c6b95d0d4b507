"""Read one file of a configuration into a tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from adapter.config.problems import Mistake, Noted, Place
from adapter.config.reader import Value
from adapter.config.yaml_composer import compose
from adapter.config.yaml_nodes import ScalarNode

if TYPE_CHECKING:
    from pathlib import Path

    from adapter.config.reader import Reading

_LIMIT: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Document:
    """Hold a file that was read: where it is, what problems call it, and what stands in it."""

    path: Path
    name: str
    value: Value

    @property
    def is_empty(self) -> bool:
        """Return whether nothing but comments stands in the file."""
        return isinstance(self.value.node, ScalarNode) and self.value.node.empty


def read_document(path: Path, name: str, reading: Reading) -> Document:
    """Read a file, or note why not and raise Noted; `name` is what problems call it."""
    node = compose(_text(path, name, reading), name, reading.problems)
    return Document(path, name, Value(reading, path.parent, node))


def _text(path: Path, name: str, reading: Reading) -> str:
    try:
        content = reading.footprint.read(path, limit=_LIMIT)
    except Mistake as mistake:
        reading.problems.add(Place(name), "", f"this configuration file {mistake.text}")
        raise Noted from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        place = Place(
            name,
            before.count(b"\n") + 1,
            len(before.rpartition(b"\n")[2].decode("utf-8-sig", "replace")) + 1,
        )
        text = f"this is no UTF-8 (byte 0x{content[error.start]:02x}); save the file as UTF-8"
        reading.problems.add(place, "", text)
        raise Noted from None
