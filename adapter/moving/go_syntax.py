"""Read the little of Go in another adapter's configuration: durations, names of templates."""

from __future__ import annotations

import glob
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from adapter.config.files import read_bytes
from adapter.config.problems import Mistake, Place
from adapter.config.scalars import duration as prometheus_duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from adapter.config.reader import Value

NOT_CARRIED: Final = (
    "{} is not carried over, and `default` tells instead; "
    "write a template that extends it (docs/templates.md)"
)

_PART: Final = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_MICROSECONDS: Final = {
    "ns": 0.001,
    "us": 1,
    "µs": 1,
    "μs": 1,
    "ms": 1_000,
    "s": 1_000_000,
    "m": 60_000_000,
    "h": 3_600_000_000,
}
_SHORTEST, _LONGEST = prometheus_duration("100ms"), prometheus_duration("5m")
_CALL: Final = re.compile(r'\s*\{\{-?\s*template\s+"([^"]+)"\s+\.\s*-?\}\}\s*')
_DEFINED: Final = re.compile(r'\{\{-?\s*(?:define|block)\s+["`]([^"`]+)["`]')
_LIMIT: Final = 1024 * 1024


def duration(text: str) -> timedelta:
    """Read a span as Go writes it (`5s`, `1.5s`, `1m30s`) that may be a robot's timeout."""
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise Mistake("is no duration of Go, such as 5s or 1m30s")
    span = timedelta(microseconds=sum(float(each) * _MICROSECONDS[unit] for each, unit in parts))
    if not _SHORTEST <= span <= _LONGEST:
        raise Mistake("is no timeout that a robot can have; expected 100ms to 5m")
    return timedelta(milliseconds=round(span / timedelta(milliseconds=1)))


def template_of(text: str) -> str | None:
    """Return the template that a text is nothing but a call of, if it is one."""
    found = _CALL.fullmatch(text)
    return found.group(1) if found else None


def note_templates(value: Value, pattern: str) -> None:
    """Name every template that is defined in the files of a pattern, with its line."""
    names = sorted(glob.glob(pattern, root_dir=value.base))  # noqa: PTH207  # absolute ones too
    if not names:
        raise Mistake("there is no such file beside this one; nothing of it is carried over")
    for name in names:
        try:
            content = read_bytes(value.base / name, limit=_LIMIT, regular=True)
        except Mistake as mistake:
            raise Mistake(f"a file that this names {mistake.text}") from None
        for place, defined in _definitions(name, content.decode("utf-8", "replace")):
            text = NOT_CARRIED.format("this Go template")
            value.reading.problems.add(place, defined, text)


def _definitions(file: str, text: str) -> Iterator[tuple[Place, str]]:
    for number, line in enumerate(text.splitlines(), start=1):
        for found in _DEFINED.finditer(line):
            yield Place(file, number, found.start() + 1), found.group(1)
