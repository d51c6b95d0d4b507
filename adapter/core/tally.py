"""Tally: how many alerts of each level a message tells."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from adapter.core.alerts import Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from adapter.core.severity import Level, Scale
    from adapter.core.words import Words

RESOLVED_SIGN: Final = "✅"

_BESIDE: Final = " · "


class Tally:
    """Count alerts by level while they fire, and apart from that those that are over."""

    def __init__(self, scale: Scale) -> None:
        self._scale = scale
        self._firing: Counter[int] = Counter()
        self._resolved = 0

    @property
    def total(self) -> int:
        """Return how many alerts were counted."""
        return self._firing.total() + self._resolved

    def add(self, level: Level, status: Status, count: int = 1) -> None:
        """Count alerts of a level."""
        if status is Status.RESOLVED:
            self._resolved += count
        else:
            self._firing[self._scale.rank(level)] += count

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
        for rank, level in enumerate(self._scale.worst_first):
            if count := self._firing[rank]:
                yield level, count


def fullest(count: int, scale: Scale) -> Tally:
    """Return the tally that takes the most room of any of at most `count` alerts."""
    tally = Tally(scale)
    for level in scale.worst_first:
        tally.add(level, Status.FIRING, count)
    tally.add(scale.worst_first[0], Status.RESOLVED, count)
    return tally
