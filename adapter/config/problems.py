"""Gather every problem of a configuration, and keep secrets out of their text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, TypeVar

from adapter.core.people import MASKS
from adapter.errors import ConfigError, Problem

T = TypeVar("T")

SHOWN: Final = 60
"""Characters of a found text that a problem quotes."""

# Values of secret keys are never quoted. This wall is for secrets that stand where none belongs: a
# token under a mistyped key, a webhook URL as a name.
_SECRETS: Final = (
    re.compile(r"(?<=access_token=)[^&\s\"]+"),
    re.compile(r"(?<=sign=)[^&\s\"]+"),
    re.compile(r"\bSEC[0-9A-Za-z]{6,}"),
    re.compile(r"[0-9A-Fa-f]{32,}"),
    re.compile(r"(?<=//)[^/@\s\"]+(?=@)"),
)


class Mistake(ValueError):  # noqa: N818  # a person's mistake, which becomes a Problem
    """Say what is wrong with a value, and where in its text (from 0)."""

    def __init__(self, text: str, offset: int = 0) -> None:
        super().__init__(text)
        self.text = text
        self.offset = offset


class Noted(Exception):  # noqa: N818  # not a failure by itself
    """Give up a value whose problems are noted already."""


@dataclass(frozen=True, slots=True)
class Place:
    """Name a character of a file; line and column count from 1."""

    file: str
    line: int = 1
    column: int = 1


class Problems:
    """Collect problems and warnings, each once."""

    def __init__(self) -> None:
        self._problems: set[Problem] = set()
        self._warnings: set[Problem] = set()

    def add(self, place: Place, path: str, text: str) -> None:
        """Note a problem."""
        self._problems.add(_problem(place, path, text))

    def warn(self, place: Place, path: str, text: str) -> None:
        """Note what is allowed and hardly meant."""
        self._warnings.add(_problem(place, path, text))

    def extend(self, error: ConfigError) -> None:
        """Note the problems that another reader has found."""
        self._problems.update(error.problems)

    def warnings(self) -> tuple[Problem, ...]:
        """Return the warnings in the order of the files."""
        return tuple(sorted(self._warnings))

    def sorted(self) -> tuple[Problem, ...]:
        """Return the problems in the order of the files."""
        return tuple(sorted(self._problems))

    def checked(self, read: T | None) -> T:
        """Return what was read, or raise ConfigError with all problems in order of place."""
        if self._problems or read is None:
            raise ConfigError(self.sorted())
        return read


def shown(text: str) -> str:
    """Return a found text as a problem quotes it: short, in one line, without secrets."""
    whole = masked(text)
    cut = whole if len(whole) <= SHOWN else whole[: SHOWN - 1] + "…"
    quote = "'" if '"' in cut else '"'
    return quote + "".join(map(_visible, cut)) + quote


def joined(path: str, key: str) -> str:
    """Return the path of `key` below `path`.

    Of a key that is no word only the beginning: `{password:x}`, without a space, is one key.
    """
    if not re.fullmatch(r"[^\s.:=\[\]\"]{1,60}", key) or not key.isprintable():
        head = re.match(r"[^\s:=]*[\s:=]?", key)
        cut = f"{head.group()}…" if head and head.group() != key else key
        return f"{path}[{shown(cut)}]"
    return f"{path}.{key}" if path else key


def masked(text: str) -> str:
    """Return `text` with all that looks like a token, a secret or a sign replaced by `***`.

    Mobile numbers lack their middle.
    """
    for pattern in _SECRETS:
        text = pattern.sub("***", text)
    for pattern, shown_instead in MASKS:
        text = pattern.sub(shown_instead, text)
    return text


def _problem(place: Place, path: str, text: str) -> Problem:
    return Problem(
        file=place.file,
        line=place.line,
        column=place.column,
        path=masked(path),
        text=masked(text),
    )


def _visible(character: str) -> str:
    return character if character.isprintable() else repr(character)[1:-1]
