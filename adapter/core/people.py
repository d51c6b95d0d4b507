"""Person: who can be rung, how, and when not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

    from adapter.core.spans import Span


MASKS: Final = (
    # What must not stand before is asked after the 1: only what begins with one is looked at.
    (re.compile(r"(1(?<![0-9A-Za-z.]1)[3-9]\d)\d{4}(\d{4})(?![0-9A-Za-z.])"), r"\1****\2"),
    (re.compile(r"(\+\d{1,3}-\d{1,3})\d{3,}(\d{2})\b"), r"\1****\2"),
)
"""Patterns of mobile numbers in any text, each with what may be shown in their place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Hold one person; `key` is the name in the configuration, `name` the one that people read.

    DingTalk knows a person by `mobile` (`13800000001`, `+852-12345678`) or by `user_id`: one of the
    two is given.
    """

    key: str
    name: str
    mobile: str = ""
    user_id: str = ""
    away: tuple[Span, ...] = ()

    def is_away(self, at: datetime) -> bool:
        """Return whether the person is on leave at an instant."""
        return any(span.covers(at) for span in self.away)

    @property
    def masked(self) -> str:
        """Return how the person is rung, such that it may be shown: `138****0001`."""
        return mask(self.mobile) or self.user_id


def mask(mobile: str) -> str:
    """Return a number without its middle: `138****0001`, `+852-12****78`."""
    prefix, dash, number = mobile.rpartition("-")
    if dash:
        return f"{prefix}-{number[:2]}****{number[-2:]}"
    return re.sub(r"(?<=^...).*(?=....$)", "****", mobile)
