"""Level and Scale: how bad an alert is, told by a label, with a word, a sign and a colour."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

LABEL: Final = "severity"
"""The label that tells the level, unless a shop has another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """Hold one level; `names` are by language, `high` alerts pass the queue."""

    values: frozenset[str]
    names: Mapping[str, str]
    emoji: str
    color: str
    high: bool = False

    def name(self, language: str) -> str:
        """Return the word for people."""
        return self.names[language]


LEVELS: Final = (
    Level(
        values=frozenset({"critical", "page", "emergency", "p0", "p1"}),
        names=MappingProxyType({"zh": "严重", "en": "Critical"}),
        emoji="🔴",
        color="#F5222D",
        high=True,
    ),
    Level(
        values=frozenset({"warning", "major", "p2"}),
        names=MappingProxyType({"zh": "警告", "en": "Warning"}),
        emoji="🟡",
        color="#FA8C16",
    ),
    Level(
        values=frozenset({"info", "notice", "none", "p3", "p4"}),
        names=MappingProxyType({"zh": "提示", "en": "Info"}),
        emoji="🔵",
        color="#1890FF",
    ),
)
"""The levels of most shops, worst first."""

UNTOLD: Final = Level(
    values=frozenset(),
    names=MappingProxyType({"zh": "告警", "en": "Alert"}),
    emoji="🔔",
    color="#722ED1",
)
"""The level of an alert whose label is missing or has a value that no level knows."""


@dataclass(frozen=True)
class Scale:
    """Hold the levels, worst first, and the label that tells them.

    What no level knows may be bad: only the last level stands below it.
    """

    label: str = LABEL
    levels: tuple[Level, ...] = LEVELS

    @cached_property
    def worst_first(self) -> tuple[Level, ...]:
        """Return the levels in order, with the one of what is not known in its place."""
        last = max(1, len(self.levels) - 1)
        return (*self.levels[:last], UNTOLD, *self.levels[last:])

    @cached_property
    def _by_value(self) -> Mapping[str, Level]:
        return {value: level for level in self.levels for value in level.values}

    def level(self, value: str) -> Level:
        """Return the level of a label's value; letter case does not matter."""
        return self._by_value.get(value.casefold(), UNTOLD)

    def level_of(self, labels: Mapping[str, str]) -> Level:
        """Return the level that `labels` tell."""
        return self.level(labels.get(self.label, ""))

    def rank(self, level: Level) -> int:
        """Return the place of a level: 0 is the worst."""
        return self._ranks[_known_by(level)]

    @cached_property
    def _ranks(self) -> Mapping[Hashable, int]:
        return {_known_by(level): place for place, level in enumerate(self.worst_first)}


def _known_by(level: Level) -> Hashable:
    """Return what tells a level from others, also where it was brought to another process."""
    return level.values, level.emoji, level.color


DEFAULT_SCALE: Final = Scale()
"""The scale of who configures none."""
