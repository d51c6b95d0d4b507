"""Accept: what a webhook brings is new to a robot or not; what is new is stored and counted.

Webhooks that share a commit share the statements too: a statement costs more than its rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from msgspec.structs import replace
from sqlalchemy import insert, select, text
from sqlalchemy.dialects import postgresql, sqlite

from adapter.outbox import deferring, reminders
from adapter.outbox.prepared import Prepared, as_list, listed
from adapter.outbox.rows import to_delivery
from adapter.outbox.tables import deliveries, queues, states, to_us, totals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime, timedelta
    from typing import Any

    from sqlalchemy import Connection, Table

    from adapter.outbox.rows import Part


def _upserting(table: Table, change: Callable[[str, Any], Any], *changed: str) -> Prepared:
    """Return the statement that inserts a row, or changes these columns of the one of its key."""
    statements = {}
    for dialect in (sqlite, postgresql):
        statement = dialect.insert(table)
        values = {name: change(name, statement.excluded) for name in changed}
        statements[dialect.__name__.rpartition(".")[2]] = statement.on_conflict_do_update(
            index_elements=table.primary_key.columns.keys(), set_=values
        )
    return Prepared(table.columns.keys(), **statements)


_STORED: Final = (
    *("robot", "priority", "state", "rings", "deferred_until"),
    *("payload", "alerts", "suspect", "times", "received_at", "weights"),
)
_INSERT: Final = insert(deliveries)
_INSERT_ALL: Final = Prepared(_STORED, any=_INSERT.inline())
_KNOWN: Final = (states.c.key, states.c.digest, states.c.times, states.c.accepted_at)
_LAST: Final = Prepared(
    (),
    **{
        dialect: select(*_KNOWN).join_from(keys, states, states.c.key == keys.c.value)
        for dialect, keys in listed("keys").items()
    },
)
_REMEMBER: Final = _upserting(states, lambda name, new: new[name], "digest", "times", "accepted_at")
_ADD: Final = _upserting(
    totals, lambda name, new: totals.c[name] + new[name], "alerts", "full_bytes", "line_bytes"
)
_ADD_DELIVERIES: Final = _upserting(
    queues, lambda name, new: queues.c[name] + new[name], "deliveries"
)
_LOCK: Final = text("SELECT pg_advisory_xact_lock(hashtextextended(:robot, 0))")


class Webhook(NamedTuple):
    """Hold what one webhook brings, and what tells whether it is new."""

    parts: Sequence[Part]
    now: datetime
    window: timedelta


class Taken(NamedTuple):
    """Count the deliveries that were stored, and those that wait no more for them."""

    fresh: int
    superseded: int


class _Known(NamedTuple):
    """Hold the state that a robot was given last of a group, and how many `times` in a row."""

    digest: str
    times: int
    accepted_at: int


_States = dict[str, _Known]


def accept(connection: Connection, webhooks: Sequence[Webhook]) -> list[Taken]:
    """Store what is new of these webhooks, in their order."""
    brought = [part for webhook in webhooks for part in webhook.parts]
    lock(connection, [part.robot for part in brought])
    known = _last(connection, brought)
    fresh = [_fresh(webhook, known) for webhook in webhooks]
    parts = [part for new in fresh for part in new]
    if not parts:
        return [Taken(0, 0)] * len(webhooks)
    apart = _replacing(connection, parts)
    if plain := [row for part in parts if part.robot not in apart for row in part.rows]:
        _INSERT_ALL.run(connection, plain)
    taken = []
    for webhook, new in zip(webhooks, fresh, strict=True):
        replacing = [part for part in new if part.robot in apart]
        superseded = sum([_store(connection, part, webhook.now) for part in replacing])
        taken.append(Taken(sum([len(part.rows) for part in new]), superseded))
    add(connection, [row for part in parts for row in part.counts])
    add_deliveries(connection, _lanes(parts))
    _remember(connection, {part.key: known[part.key] for part in parts})
    return taken


def _last(connection: Connection, parts: Iterable[Part]) -> _States:
    """Return by key the states that robots were given last."""
    keys = dict.fromkeys([part.key for part in parts])
    found = _LAST.find(connection, keys=as_list(keys))
    return {key: _Known(*state) for key, *state in found}


def _fresh(webhook: Webhook, known: _States) -> list[Part]:
    """Return what of a webhook is new to its robots; from now on it is `known`."""
    fresh = []
    for part in webhook.parts:
        last = known.get(part.key)
        if not _is_known(part, last, webhook):
            times = last.times + 1 if last is not None and last.digest == part.digest else 1
            known[part.key] = _Known(part.digest, times, to_us(webhook.now))
            fresh.append(part if times == 1 else _repeated(part, times))
    return fresh


def _repeated(part: Part, times: int) -> Part:
    """Return a part that says how many `times` in a row its state came."""
    return replace(part, rows=tuple([{**row, "times": times} for row in part.rows]))


def _is_known(part: Part, last: _Known | None, webhook: Webhook) -> bool:
    """Return whether a robot was given this very state last, and nothing speaks for a repeat.

    A repeat is legitimate once the window has passed, unless its sender says that something changed
    which then must be in another robot's part of the group.
    """
    now, window = webhook.now, webhook.window
    if not window or last is None or last.digest != part.digest:
        return False
    if last.accepted_at >= to_us(now + window):
        return False  # the clock was set back: nothing is known of how long ago that was
    return part.changed_elsewhere or last.accepted_at > to_us(now - window)


def _replacing(connection: Connection, parts: Sequence[Part]) -> frozenset[str]:
    """Return the robots of which an older state may be held back or reminded of, or is about to."""
    apart = {part.robot for part in parts if part.defers or part.reminds}
    others = {part.robot for part in parts} - apart
    return frozenset(apart.union(deferring.held_of(connection, others) if others else ()))


def _lanes(parts: Iterable[Part]) -> list[dict[str, object]]:
    """Return by how many deliveries each queue grows."""
    lanes: dict[tuple[str, int], int] = {}
    for part in parts:
        for priority, number in part.lanes.items():
            lanes[part.robot, priority] = lanes.get((part.robot, priority), 0) + number
    return [
        {"robot": robot, "priority": priority, "deliveries": number}
        for (robot, priority), number in lanes.items()
    ]


def _store(connection: Connection, part: Part, now: datetime) -> int:
    """Store deliveries that replace what is held back; return how many wait no more for them."""
    superseded = 0
    for row in part.rows:
        delivery = to_delivery(cast("bytes", row["payload"]))
        [number] = connection.execute(_INSERT, row).inserted_primary_key or [0]
        superseded += deferring.take_place(connection, number, delivery, now)
        reminders.hear(connection, number, delivery, now)
    return superseded


def _remember(connection: Connection, given: _States) -> None:
    names = _Known._fields
    rows = [{"key": key, **dict(zip(names, state, strict=True))} for key, state in given.items()]
    _REMEMBER.run(connection, rows)


def lock(connection: Connection, robots: Iterable[str]) -> None:
    """Let only one transaction at a time change what waits at these robots."""
    if connection.dialect.name == "postgresql":  # SQLite has one writer
        for robot in sorted(set(robots)):
            connection.execute(_LOCK, {"robot": robot})


def add(connection: Connection, rows: Sequence[dict[str, object]]) -> None:
    """Change the sums of what waits."""
    if rows:
        _ADD.run(connection, rows)


def add_deliveries(connection: Connection, rows: Sequence[dict[str, object]]) -> None:
    """Change how many deliveries wait."""
    if rows:
        _ADD_DELIVERIES.run(connection, rows)
