"""The errors a person may see. Each says what was found, what was expected, and the next step.

AdapterError
    ConfigError          every problem of a configuration at once
    PayloadError         a request body that can never be accepted
        MessageTooLarge  a message of more bytes than DingTalk takes
    StoreUnavailable     the store cannot take or give anything now; a retry can help
    StoreLocked          another process owns the database
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class AdapterError(Exception):
    """Report an expected failure; its text is meant for people and holds no secret."""

    exit_code = 1


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Name one mistake in a configuration and where it stands (line and column from 1)."""

    file: str
    line: int
    column: int
    path: str
    text: str

    def __str__(self) -> str:
        """Return `FILE:LINE:COL: path: what`, the form editors and `check-config` share."""
        where = f"{self.file}:{self.line}:{self.column}"
        return f"{where}: {self.path}: {self.text}" if self.path else f"{where}: {self.text}"


class ConfigError(AdapterError):
    """Report every problem of a configuration at once."""

    exit_code = 2

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class PayloadError(AdapterError):
    """Report a request body that no retry can make acceptable."""


class MessageTooLarge(PayloadError):  # noqa: N818  # a measure, not a mistake
    """Report a message of more bytes than DingTalk takes."""


class StoreUnavailable(AdapterError):  # noqa: N818  # a state of the store, not a mistake
    """Report that the store cannot work now; the caller answers 503 and the sender retries."""


class StoreLocked(AdapterError):  # noqa: N818  # same
    """Report that another process owns the database."""
