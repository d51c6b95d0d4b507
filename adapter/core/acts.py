"""Act: what a person did about alerts, from a message's link: who, when, what."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

NAME_LIMIT = 80
"""Characters of the name of who acts."""

COMMENT_LIMIT = 500
"""Characters of a comment."""


class ActKind(StrEnum):
    """Say what was done."""

    SILENCE = "silence"
    EXPIRE = "expire"  # the silence, before its end
    ACKNOWLEDGE = "acknowledge"


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """Hold who did what about a delivery: one of its alerts, or all that fire.

    Of a silence: at which Alertmanager (`source`), its `matchers`, until when, and its id.
    """

    kind: ActKind
    delivery: int
    fingerprint: str = ""
    robot: str
    source: str = ""
    who: str
    at: datetime
    until: datetime | None = None
    silence: str = ""
    matchers: tuple[str, ...] = ()
    comment: str = ""

    @property
    def key(self) -> str:
        """Return what tells it from other acts: of each kind there is one for an alert."""
        return f"{self.kind}/{self.place}"

    @property
    def place(self) -> str:
        """Return what it is about, as links name it."""
        return f"{self.delivery}.{self.fingerprint}" if self.fingerprint else str(self.delivery)


class Acting(msgspec.Struct, frozen=True):
    """Say how far an act is: whether this caller may do it now, and whether it may be `done`.

    `may`: it is this caller's to do. `unsure`: an earlier try may have done it without our knowing.
    """

    act: Act
    done: bool = False
    may: bool = False
    unsure: bool = False
