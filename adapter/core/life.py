"""Life: what became of an alert, and in which messages; a timeline holds those of one delivery."""

from __future__ import annotations

from datetime import datetime

import msgspec

from adapter.core.acts import Act
from adapter.core.delivery import Delivery
from adapter.core.message import At


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """Describe one message; its id is its `msgUuid` unless that was given by who asked for it.

    `how` it tells the alert in question.
    """

    id: str
    robot: str
    form: str
    alerts: int
    state: str
    created_at: datetime
    settled_at: datetime | None
    attempts: int
    outcome: str
    how: str = ""


class Life(msgspec.Struct, frozen=True, kw_only=True):
    """Tell what became of one alert at one robot; its messages in the order they were made."""

    id: str
    robot: str
    priority: str
    received_at: datetime
    deferred_until: datetime | None
    receiver: str
    group_key: str
    source: str
    name: str
    fingerprint: str
    status: str
    labels: dict[str, str]
    state: str
    ended_at: datetime | None
    reason: str
    messages: tuple[Message, ...]
    last_resort_at: datetime | None = None
    acts: tuple[Act, ...] = ()


class Ringing(msgspec.Struct, frozen=True):
    """Hold a message, and whom it rang or will ring."""

    message: Message
    at: At


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """Tell what became of a delivery; of its alerts the first."""

    id: int
    delivery: Delivery
    received_at: datetime
    priority: str
    deferred_until: datetime | None
    lives: tuple[Life, ...]
    messages: tuple[Ringing, ...]
    acts: tuple[Act, ...] = ()


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Name a delivery that a message told, wholly or in part."""

    id: int
    names: tuple[str, ...]
    alerts: int
    firing: int


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what a message told; `cut`: there is more."""

    message: Message
    parts: tuple[Part, ...]
    cut: bool
