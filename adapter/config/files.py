"""Open the files that a person names, and say in plain words why that fails."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from adapter.config.problems import Mistake

if TYPE_CHECKING:
    from pathlib import Path


def read_bytes(path: Path, *, limit: int, regular: bool = False) -> bytes:
    """Return what a file of at most `limit` bytes holds, or raise Mistake without its name.

    `regular` refuses pipes and devices, which might never end or never begin.
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise Mistake("is a directory; expected a file")
        if regular and not stat.S_ISREG(mode):
            raise Mistake("is no regular file")
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except OSError as error:
        raise Mistake(f"cannot be read: {reason(error)}") from None
    if len(content) > limit:
        raise Mistake(f"is larger than {limit} bytes")
    return content


def readable_by_everyone(path: Path) -> bool:
    """Return whether any user of this machine may read a file."""
    try:
        return bool(path.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False


def is_file(path: Path) -> bool:
    """Return whether a regular file stands at `path`."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False


def is_directory(path: Path) -> bool:
    """Return whether a directory stands at `path`."""
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except OSError:
        return False


def reason(error: OSError) -> str:
    """Return why the system refused, without the file's name."""
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    return os.strerror(error.errno).lower() if error.errno else "unknown reason"
