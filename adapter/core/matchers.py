"""Matcher: one condition on a label, in Alertmanager's grammar."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Operator(StrEnum):
    """Name how a label's value is compared."""

    EQUAL = "="
    NOT_EQUAL = "!="
    REGEX = "=~"
    NOT_REGEX = "!~"


class MatcherError(ValueError):
    """Report text that is no matcher: what was found, what was expected, and where (from 0)."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


@dataclass(frozen=True, slots=True)
class Matcher:
    """Hold one condition; a label that is absent counts as empty."""

    name: str
    operator: Operator
    value: str

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Return whether `labels` meet the condition."""
        return labels.get(self.name, "") == self.value


def parse_matchers(text: str) -> tuple[Matcher, ...]:
    """Return the matchers that `text` lists, all of which must match."""
    raise MatcherError(text, 0)
