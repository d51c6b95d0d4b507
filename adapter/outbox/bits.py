"""Sets of alert indexes as the tables keep them: bits of a whole number, in hexadecimal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def pack(indexes: Iterable[int]) -> str:
    """Return a set of indexes as text."""
    bits = 0
    for index in indexes:
        bits |= 1 << index
    return f"{bits:x}"


def unpack(text: str | None, count: int) -> frozenset[int]:
    """Return the indexes below `count` that the text names; None names none."""
    bits = int(text or "0", 16)
    return frozenset(index for index in range(count) if bits >> index & 1) if bits else frozenset()


def unite(first: str | None, second: str) -> str:
    """Return what either text names."""
    return f"{int(first or '0', 16) | int(second, 16):x}"


def is_full(text: str, count: int) -> bool:
    """Return whether all indexes below `count` are named."""
    return int(text, 16) == (1 << count) - 1
