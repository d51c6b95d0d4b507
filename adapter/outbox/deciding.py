"""Deciding: what a person changes, whether alerts or messages that were asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapter.core.audit import Action
from adapter.outbox import letters, posts
from adapter.outbox.auditing import note

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from adapter.core.audit import By
    from adapter.outbox.letters import Changed


def retry(connection: Connection, names: Sequence[str], by: By | None) -> Changed:
    """Let what is dead wait again; what cannot be done is told and changes nothing."""
    alerts, asked = _by_kind(names)
    changed = letters.retry(connection, alerts) + posts.retry(connection, asked)
    note(connection, Action.RETRY, changed.done, by)
    return changed


def discard(connection: Connection, names: Sequence[str], now: datetime, by: By | None) -> Changed:
    """Give up what is dead or waits; what cannot be done is told."""
    alerts, asked = _by_kind(names)
    changed = letters.discard(connection, alerts, now) + posts.discard(connection, asked, now)
    note(connection, Action.DISCARD, changed.done, by)
    return changed


def _by_kind(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the names of alerts, and those of messages that were asked for."""
    asked = [name for name in dict.fromkeys(names) if posts.id_of(name) is not None]
    return [name for name in names if name not in asked], asked
