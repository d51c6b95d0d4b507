"""Decide what gives way: connections whose time is up, one too many, too many bytes.

Nothing here touches a socket. A silent connection costs little and its client may be about to use
it, so it stays until somebody else needs the place; a request that does not get on has to go.
"""

from __future__ import annotations

import enum
import heapq
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from adapter.serving.connection import Connection
    from adapter.serving.service import ServingOptions

LINGER: Final = 5.0
"""Seconds a body is read on only so that its sender sees the answer."""

PATIENCE: Final = 1.0
"""Seconds a request has to arrive in before it may have to give way."""

NEWCOMER: Final = 0.5
"""Seconds for which a silent connection need not give way: its request may be coming."""

SHARE: Final = 16
"""One part in so many gives way at once, so that looking for it does not happen every time."""


class Remedy(enum.Enum):
    """Say what is to be done with a connection whose time is up."""

    CLOSE = "close it"
    REFUSE = "answer that its request came too slowly"
    GIVE_UP = "stop reading its too large body"


def remedy(connection: Connection, now: float, options: ServingOptions) -> Remedy | None:
    """Return what is to be done with a connection, if its time is up."""
    age = now - connection.since
    arrival_timeout = options.arrival_timeout.total_seconds()
    if connection.unsent:
        return Remedy.CLOSE if age > arrival_timeout else None
    if connection.busy:
        return None
    if connection.lingering or connection.shaking:
        patience = LINGER if connection.lingering else arrival_timeout
        return Remedy.CLOSE if age > patience else None
    if connection.arrival.discarding:
        return Remedy.GIVE_UP if age > min(LINGER, arrival_timeout) else None
    if connection.arrival.held:
        return Remedy.REFUSE if age > arrival_timeout else None
    idle_too_long = age > options.keepalive.total_seconds()
    return Remedy.CLOSE if connection.outdated or idle_too_long else None


def may_speak(connection: Connection, now: float) -> bool:
    """Return whether a connection is silent for so short a time that its request may be coming."""
    silent = not connection.unfinished and not connection.lingering
    return silent and now - connection.since <= NEWCOMER


def spare(connections: Collection[Connection], now: float) -> list[Connection]:
    """Return connections that make room for others: silent ones, or else slow ones."""
    most = len(connections) // SHARE + 1
    silent = (one for one in connections if not one.unfinished and now - one.since > NEWCOMER)
    found = heapq.nsmallest(most, silent, key=lambda one: one.since)
    if found:
        return found
    slow = (one for one in connections if not one.busy and now - one.since > PATIENCE)
    return heapq.nsmallest(most, slow, key=lambda one: one.since)


def heaviest(connections: Iterable[Connection], excess: int) -> list[Connection]:
    """Return connections that together free `excess` bytes, the one that holds most first."""
    movable = [one for one in connections if one.held and (one.unsent or not one.busy)]
    movable.sort(key=lambda one: one.held, reverse=True)
    found = []
    for one in movable:
        if excess <= 0:
            break
        found.append(one)
        excess -= one.held
    return found
