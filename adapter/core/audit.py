"""Audit: what people decided, who, and when."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

import msgspec


class Action(StrEnum):
    """Name what was decided."""

    RETRY = "retry"
    DISCARD = "discard"
    SWAP = "swap"
    UNDO = "undo"


class By(NamedTuple):
    """Say who decides, and when."""

    who: str
    at: datetime


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one decision about `subject`: `DELIVERY`, `DELIVERY.INDEX`, or a swap in words."""

    who: str
    at: datetime
    action: str
    subject: str
