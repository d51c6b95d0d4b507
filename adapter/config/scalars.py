"""Read durations, sizes, addresses and the like from text.

Each function takes the text and returns the value, or raises Mistake, whose text goes on after the
quoted value: `"5 minutes"` + `is no duration; expected …`.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypeVar
from zoneinfo import available_timezones

from adapter.config.problems import Mistake
from adapter.config.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Word = TypeVar("Word", bound=str)

_DURATION: Final = re.compile(
    r"(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?", re.ASCII
)
_UNITS: Final = tuple(
    timedelta(milliseconds=milliseconds)
    for milliseconds in (
        *(days * 86_400_000 for days in (365, 7, 1)),
        *(3_600_000, 60_000, 1_000, 1),
    )
)
_LONGEST: Final = timedelta(days=365 * 100)

_SIZE: Final = re.compile(r"(\d{1,18}) ?(|B|kB|KB|MB|GB|KiB|MiB|GiB)", re.ASCII)
_BYTES: Final = {
    "": 1,
    "B": 1,
    "kB": 1000,
    "KB": 1000,
    "MB": 1000**2,
    "GB": 1000**3,
    "KiB": 1024,
    "MiB": 1024**2,
    "GiB": 1024**3,
}

# Names that people in China reach for; difflib would send them to Beirut.
_SHANGHAI: Final = frozenset(
    {"asia/beijing", "asia/peking", "asia/shenzhen", "beijing", "cst", "utc+8", "gmt+8", "+08:00"}
)


def duration(text: str) -> timedelta:
    """Read a span as Prometheus writes it (`1h30m`, `7d`, `500ms`, `0`)."""
    if text == "0":
        return timedelta()
    found = _DURATION.fullmatch(text)
    if not text or not found:
        raise Mistake(f"is no duration; {_duration_hint(text)}")
    span = timedelta()
    for digits, unit in zip(found.groups(default="0"), _UNITS, strict=True):
        if len(digits) > len("10000000000") or (span := span + int(digits) * unit) > _LONGEST:
            raise Mistake("is longer than 100 years")
    return span


def duration_within(shortest: str, longest: str) -> Callable[[str], timedelta]:
    """Return a reader of spans between two spans."""
    low, high = duration(shortest), duration(longest)

    def read(text: str) -> timedelta:
        span = duration(text)
        if not low <= span <= high:
            raise Mistake(f"is out of range; expected {shortest} to {longest}")
        return span

    return read


def size(text: str) -> int:
    """Read a number of bytes (`10MiB`, `512KiB`, `1MB`, `4096`)."""
    found = _SIZE.fullmatch(text)
    if not found:
        raise Mistake("is no size; expected bytes such as 10MiB, 512KiB, 1MB or 4096")
    return int(found.group(1)) * _BYTES[found.group(2)]


def size_within(lowest: int, highest: int) -> Callable[[str], int]:
    """Return a reader of sizes between two numbers of bytes."""

    def read(text: str) -> int:
        number = size(text)
        if not lowest <= number <= highest:
            raise Mistake(f"is out of range; expected {lowest} to {highest} bytes")
        return number

    return read


def whole_number(lowest: int, highest: int) -> Callable[[str], int]:
    """Return a reader of decimal whole numbers between two numbers."""

    def read(text: str) -> int:
        if not re.fullmatch(r"\d+", text, re.ASCII):
            raise Mistake("is no whole number; expected decimal digits only, such as 16")
        if len(text.lstrip("0")) > len(str(highest)) or not lowest <= int(text) <= highest:
            raise Mistake(f"is out of range; expected {lowest} to {highest}")
        return int(text)

    return read


def boolean(text: str) -> bool:
    """Read `true` or `false`, and nothing else that YAML has taken for them."""
    if text in ("true", "false"):
        return text == "true"
    meant = {"yes": "true", "on": "true", "1": "true", "no": "false", "off": "false", "0": "false"}
    word = meant.get(text.lower(), text)
    raise Mistake(f"is neither true nor false{did_you_mean(word, ('true', 'false'))}")


def one_of(words: Sequence[Word]) -> Callable[[str], Word]:
    """Return a reader of one of some words."""

    def read(text: str) -> Word:
        for word in words:
            if word == text:
                return word
        hint = did_you_mean(text, words)
        raise Mistake(f"is unknown; expected one of {', '.join(words)}{hint}")

    return read


def timezone(text: str) -> str:
    """Read a name of the time zone database."""
    names = available_timezones()
    if text in names:
        return text
    if not names:
        raise Mistake("cannot be looked up: this machine has no time zone database; install tzdata")
    if text.lower().removesuffix(":00") in _SHANGHAI or text.lower() in _SHANGHAI:
        raise Mistake('is no time zone; did you mean "Asia/Shanghai"?')
    raise Mistake(f"is no time zone, such as Asia/Shanghai or UTC{did_you_mean(text, names)}")


def _duration_hint(text: str) -> str:
    if re.fullmatch(r"\d+", text, re.ASCII):
        return f"a unit is missing: {text[:12]}s, {text[:12]}m, {text[:12]}h?"
    if re.fullmatch(r"\d+[.,]\d+[a-z]+", text, re.ASCII):
        return "whole numbers only, as in 1h30m"
    return "expected whole numbers with ms, s, m, h, d, w or y, the largest first, as in 1h30m"
