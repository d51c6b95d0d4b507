"""Tally: how many alerts of each level a message tells."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from adapter.core.alerts import Status
from adapter.core.severity import LEVELS, UNTOLD, Level, level_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from adapter.core.words import Words

RESOLVED_SIGN: Final = "✅"

_WORST_FIRST: Final = sorted([*LEVELS, UNTOLD], key=lambda level: level.rank)
_BESIDE: Final = " · "


class Tally:
    """Count alerts by level while they fire, and apart from that those that are over."""

    def __init__(self) -> None:
        self._firing: Counter[int] = Counter()
        self._resolved = 0

    @property
    def total(self) -> int:
        """Return how many alerts were counted."""
        return self._firing.total() + self._resolved

    def add(self, labels: Mapping[str, str], status: Status, count: int = 1) -> None:
        """Count alerts with these labels."""
        if status is Status.RESOLVED:
            self._resolved += count
        else:
            self._firing[level_of(labels).rank] += count

    def named(self, words: Words) -> str:
        """Return `🔴 严重 3 · 🟡 警告 14 · ✅ 恢复 2`."""
        told = [f"{level.emoji} {level.name(words.language)} {n}" for level, n in self._levels()]
        resolved = words.also_resolved.format(self._resolved)
        return _BESIDE.join([*told, *([f"{RESOLVED_SIGN} {resolved}"] if self._resolved else [])])

    def signs(self) -> str:
        """Return `🔴 37 · 🟡 963 · ✅ 2`."""
        told = [f"{level.emoji} {n}" for level, n in self._levels()]
        return _BESIDE.join(
            [*told, *([f"{RESOLVED_SIGN} {self._resolved}"] if self._resolved else [])]
        )

    def worst(self) -> str:
        """Return the first of the signs: `🔴 37`."""
        return self.signs().split(_BESIDE, 1)[0]

    def _levels(self) -> Iterator[tuple[Level, int]]:
        for level in _WORST_FIRST:
            if count := self._firing[level.rank]:
                yield level, count


def fullest(count: int) -> Tally:
    """Return the tally that takes the most room of any of at most `count` alerts."""
    tally = Tally()
    for level in _WORST_FIRST:
        tally.add({"severity": next(iter(level.values), "")}, Status.FIRING, count)
    tally.add({}, Status.RESOLVED, count)
    return tally
