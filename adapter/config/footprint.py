"""Footprint: what a configuration was read from, to tell whether it would be read otherwise now.

It knows contents, not times of change: what a ConfigMap's or Secret's swap of `..data` puts in a
file's place is seen, and a file that was only touched is not.
"""

from __future__ import annotations

import glob
import hashlib
from typing import TYPE_CHECKING, Self

from adapter.config.files import is_file, read_bytes
from adapter.config.problems import Mistake

if TYPE_CHECKING:
    from pathlib import Path


class Footprint:
    """Read files and find them, and remember what was there; equal if the same was.

    What a file holds is remembered as a hash: it may be a secret.
    """

    def __init__(self) -> None:
        self._contents: dict[tuple[Path, int], bytes] = {}
        self._names: dict[tuple[Path, str], tuple[str, ...]] = {}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Footprint):
            return NotImplemented
        return self._contents == other._contents and self._names == other._names

    __hash__ = None  # type: ignore[assignment]  # it grows while a configuration is read

    def read(self, path: Path, *, limit: int, regular: bool = False) -> bytes:
        """Return what a file holds, as `read_bytes` does.

        Of what is read twice the first counts. A pipe is not remembered: it cannot be read again.
        """
        try:
            content = read_bytes(path, limit=limit, regular=regular)
        except Mistake as mistake:
            self._contents.setdefault((path, limit), mistake.text.encode())
            raise
        if is_file(path):
            self._contents.setdefault((path, limit), hashlib.sha256(content).digest())
        return content

    def names(self, directory: Path, pattern: str) -> tuple[str, ...]:
        """Return the names below a directory that a pattern matches, hidden ones left out."""
        # Path.glob knows no absolute pattern and takes hidden files, such as a ConfigMap's ..data.
        found = tuple(sorted(glob.glob(pattern, root_dir=directory)))  # noqa: PTH207
        return self._names.setdefault((directory, pattern), found)

    def again(self) -> Self:
        """Look at the same files and directories, and return what is there now."""
        now = type(self)()
        for path, limit in self._contents:
            try:
                now.read(path, limit=limit, regular=True)
            except Mistake:  # remembered as well
                continue
        for directory, pattern in self._names:
            now.names(directory, pattern)
        return now
