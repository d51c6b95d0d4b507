"""The statements that must be quick whatever the backlog: each is served by an index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, bindparam, case, delete, exists, func, insert, select, update

from adapter.outbox.tables import deliveries, robots, states, to_us

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection, Row

    from adapter.core.delivery import Claim
    from adapter.outbox.rows import Part

PENDING: Final = "pending"
SENT: Final = "sent"

_next = deliveries.c
_earlier = deliveries.alias("earlier")

_IS_OVERTAKEN: Final = exists().where(
    and_(_earlier.c.state == PENDING, _earlier.c.stream == _next.stream, _earlier.c.id < _next.id)
)
_NEXT_DELIVERY: Final = (
    select(deliveries)
    .where(_next.state == PENDING, _next.robot == bindparam("robot"))
    .where(_next.due_at <= bindparam("now"), _next.claimed_until <= bindparam("now"))
    .where(~_IS_OVERTAKEN)
    .order_by(_next.id)
    .limit(1)
)
_LATER: Final = case((_next.due_at > _next.claimed_until, _next.due_at), else_=_next.claimed_until)
_NEXT_DUE: Final = (
    select(func.min(_LATER))
    .where(_next.state == PENDING, _next.robot == bindparam("robot"))
    .where(~_IS_OVERTAKEN)
)
_WAITS: Final = (
    select(_next.id).where(_next.state == PENDING, _next.robot == bindparam("robot")).limit(1)
)
_REST: Final = select(robots).where(robots.c.robot == bindparam("robot"))
_STATE: Final = select(states).where(states.c.key == bindparam("key"))
_FORGET: Final = delete(states).where(states.c.key == bindparam("known_key"))
_REMEMBER: Final = insert(states)


def next_delivery(connection: Connection, robot: str, now: int) -> Row[Any] | None:
    """Return the oldest delivery of a robot that is due and that no older one must precede."""
    return connection.execute(_NEXT_DELIVERY, {"robot": robot, "now": now}).first()


def next_due(connection: Connection, robot: str) -> int | None:
    """Return when a delivery of a robot can be claimed at the earliest; None: there is none."""
    found = connection.execute(_NEXT_DUE, {"robot": robot}).scalar()
    return None if found is None else int(found)


def waits(connection: Connection, robot: str) -> bool:
    """Return whether anything waits at a robot."""
    return connection.execute(_WAITS, {"robot": robot}).first() is not None


def rest_of(connection: Connection, robot: str) -> Row[Any] | None:
    """Return how long a robot rests and how often in a row it was throttled."""
    return connection.execute(_REST, {"robot": robot}).first()


def lease(connection: Connection, delivery_id: int, until: int) -> None:
    """Let nobody else have a delivery until then."""
    connection.execute(
        update(deliveries).where(_next.id == delivery_id).values(claimed_until=until)
    )


def update_claimed(connection: Connection, claim: Claim, values: Mapping[str, object]) -> bool:
    """Change a claimed delivery; return False where the lease has gone to someone else."""
    held = and_(
        _next.id == claim.id,
        _next.state == PENDING,
        _next.claimed_until == to_us(claim.claimed_until),
    )
    return connection.execute(update(deliveries).where(held).values(**values)).rowcount == 1


def is_duplicate(connection: Connection, part: Part, since: int) -> bool:
    """Return whether a robot was given this group state last, and not before `since`."""
    last = connection.execute(_STATE, {"key": part.key}).first()
    return last is not None and last.digest == part.digest and last.accepted_at > since


def remember(connection: Connection, part: Part, now: int) -> None:
    """Note the group state a robot was given last."""
    connection.execute(_FORGET, {"known_key": part.key})
    connection.execute(_REMEMBER, {"key": part.key, "digest": part.digest, "accepted_at": now})
