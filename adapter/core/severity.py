"""Level: how bad an alert is, told by a label, with a word, a sign and a colour for readers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

LABEL: Final = "severity"
"""The label that tells the level."""


@dataclass(frozen=True, slots=True)
class Level:
    """Hold one level; `names` are by language, `rank` 0 is the worst."""

    rank: int
    values: frozenset[str]
    names: Mapping[str, str]
    emoji: str
    color: str

    def name(self, language: str) -> str:
        """Return the word for people."""
        return self.names[language]


LEVELS: Final = (
    Level(
        rank=0,
        values=frozenset({"critical", "page", "emergency", "p0", "p1"}),
        names={"zh": "严重", "en": "Critical"},
        emoji="🔴",
        color="#F5222D",
    ),
    Level(
        rank=1,
        values=frozenset({"warning", "major", "p2"}),
        names={"zh": "警告", "en": "Warning"},
        emoji="🟡",
        color="#FA8C16",
    ),
    Level(
        rank=3,
        values=frozenset({"info", "notice", "none", "p3", "p4"}),
        names={"zh": "提示", "en": "Info"},
        emoji="🔵",
        color="#1890FF",
    ),
)
"""The levels, worst first; rank 2 is left to what no level names."""

UNTOLD: Final = Level(
    rank=2,
    values=frozenset(),
    names={"zh": "告警", "en": "Alert"},
    emoji="🔔",
    color="#722ED1",
)
"""The level of an alert whose label is missing or has a value that no level knows."""

_BY_VALUE: Final = {value: level for level in LEVELS for value in level.values}


def level_of(labels: Mapping[str, str]) -> Level:
    """Return the level that `labels` tell; letter case does not matter."""
    return _BY_VALUE.get(labels.get(LABEL, "").casefold(), UNTOLD)
