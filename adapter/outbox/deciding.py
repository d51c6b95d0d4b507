"""Deciding: what a person changes, whether alerts or messages that were asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapter.outbox import letters, posts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from adapter.outbox.letters import Changed


def retry(connection: Connection, names: Sequence[str]) -> Changed:
    """Let what is dead wait again; what cannot be done is told and changes nothing."""
    alerts, asked = _by_kind(names)
    return letters.retry(connection, alerts) + posts.retry(connection, asked)


def discard(connection: Connection, names: Sequence[str], now: datetime) -> Changed:
    """Give up what is dead or waits; what cannot be done is told."""
    alerts, asked = _by_kind(names)
    return letters.discard(connection, alerts, now) + posts.discard(connection, asked, now)


def _by_kind(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the names of alerts, and those of messages that were asked for."""
    asked = [name for name in dict.fromkeys(names) if posts.id_of(name) is not None]
    return [name for name in names if name not in asked], asked
