"""Find templates: those that come with the adapter and those of the user."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from adapter.config.files import reason
from adapter.config.footprint import Footprint
from adapter.config.problems import Mistake
from adapter.errors import ConfigError, Problem

LAYOUT: Final = "layout.j2"
"""What templates extend, and none by itself."""

_SUFFIX: Final = ".j2"
_LIMIT: Final = 1024 * 1024
_PACKAGE: Final = Path(__file__).resolve().parents[1]


def bundled_templates() -> dict[str, str]:
    """Return the templates that come with the adapter, by file name.

    A wheel carries them in the package; in a checkout they stand at its top.
    """
    installed = _PACKAGE / "templates"
    folder = installed if installed.is_dir() else _PACKAGE.parent / "templates"
    return read_templates(folder, Footprint())


def read_templates(directory: Path, footprint: Footprint) -> dict[str, str]:
    """Return the templates of a directory by file name; none if there is no such directory.

    Raise ConfigError with every file that cannot be read.
    """
    texts: dict[str, str] = {}
    problems: list[Problem] = []
    footprint.names(directory, f"*{_SUFFIX}")  # before they are listed: what comes later is new
    for path in _paths(directory):
        try:
            texts[path.name] = footprint.read(path, limit=_LIMIT).decode("utf-8-sig")
        except (Mistake, UnicodeDecodeError) as error:
            text = error.text if isinstance(error, Mistake) else "is no UTF-8; save it as UTF-8"
            problems.append(_problem(path, f"this template {text}"))
    if problems:
        raise ConfigError(problems)
    return texts


def _paths(directory: Path) -> list[Path]:
    try:
        return sorted(path for path in directory.iterdir() if _is_template(path.name))
    except FileNotFoundError:
        return []
    except OSError as error:
        found = f"the directory of templates cannot be read: {reason(error)}"
        raise ConfigError([_problem(directory, found)]) from None


def _is_template(name: str) -> bool:
    return name.endswith(_SUFFIX) and not name.startswith(".")  # editors leave hidden copies


def _problem(path: Path, text: str) -> Problem:
    return Problem(str(path), 1, 1, "", text)
