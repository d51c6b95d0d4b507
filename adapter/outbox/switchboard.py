"""The switchboard: when each heartbeat was seen last, and which of them the robots know to be lost.

A webhook notes its beats in its own transaction. Who looks at the switches does so under a lock and
stores what is told together with what it follows from, so that of several replicas one speaks.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import structlog
from sqlalchemy import bindparam, delete, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from adapter.core.switches import Switch
from adapter.outbox.accepting import lock
from adapter.outbox.kept import keep, kept_at
from adapter.outbox.tables import from_us, heartbeats, to_us
from adapter.outbox.words import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from adapter.core.heartbeats import Beat, Watched
    from adapter.core.switches import Seen

MOST_VALUES: Final = 1_000
"""Values that one heartbeat has at most: whoever can post could make any number."""

ATTENDED_EVERY: Final = timedelta(seconds=10)
"""How often it is noted that somebody listens."""

INTERRUPTION: Final = timedelta(seconds=30)
"""How long nobody may have listened without that counting as an interruption."""

_ATTENDED: Final = "heartbeats/attended"
_LOCK: Final = "heartbeats/"  # no robot has a slash in its name
_KEYS: Final = ("heartbeat", "source", "value")

log = structlog.get_logger(__name__)


def _storing(change: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    """Return by dialect the statement that stores a switch, or changes so the one that is there."""
    statements = {}
    for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql)):
        statement = dialect.insert(heartbeats)
        statements[name] = statement.on_conflict_do_update(
            index_elements=_KEYS, set_=change(statement)
        )
    return statements


_NOTE: Final = _storing(lambda new: {"seen_at": new.excluded.seen_at})
_KEEP: Final = _storing(
    lambda new: {
        "since_at": new.excluded.since_at,
        "seen_at": func.coalesce(new.excluded.seen_at, heartbeats.c.seen_at),  # if one came now
        "lost_since": new.excluded.lost_since,
    }
)
_DROP: Final = delete(heartbeats).where(
    *(heartbeats.c[name] == bindparam(f"this_{name}") for name in _KEYS)
)
_OF: Final = select(heartbeats.c.source, heartbeats.c.value).where(
    heartbeats.c.heartbeat == bindparam("of")
)
ALL: Final = select(heartbeats).order_by(*heartbeats.primary_key)


def note(connection: Connection, beats: Iterable[Beat], now: datetime) -> None:
    """Note that these came; a value beyond `MOST_VALUES` of its heartbeat is left out."""
    by_heartbeat: dict[str, list[Beat]] = defaultdict(list)
    for beat in sorted(beats):
        by_heartbeat[beat.heartbeat].append(beat)
    for heartbeat, found in by_heartbeat.items():
        known = {(row.source, row.value) for row in connection.execute(_OF, {"of": heartbeat})}
        new = [beat for beat in found if (beat.source, beat.value) not in known]
        left_out = new[max(0, MOST_VALUES - len(known)) :]
        if left_out:
            log.warning("a heartbeat has too many values", heartbeat=heartbeat, most=MOST_VALUES)
        noted = [
            {**beat._asdict(), "since_at": to_us(now), "seen_at": to_us(now)}
            for beat in found
            if beat not in left_out
        ]
        if noted:
            connection.execute(_NOTE[connection.dialect.name], noted)


def _forget_others(connection: Connection, watched: Watched) -> None:
    """Forget what is configured no more."""
    columns = heartbeats.c
    other = columns.heartbeat.not_in(watched.heartbeats)
    elsewhere = columns.source.not_in(("", *watched.sources))
    connection.execute(delete(heartbeats).where(or_(other, elsewhere)))


def look(
    connection: Connection,
    judge: Callable[[Sequence[Switch], bool], Seen],
    now: datetime,
    only: Watched | None = None,
) -> Seen:
    """Let `judge` look at all switches, and store what it says and tells.

    It is also told whether for a while nobody looked. `only` is what is configured, if what is not
    is to be forgotten first.
    """
    if only is not None:
        _forget_others(connection, only)
    lock(connection, [_LOCK])
    interrupted = _attend(connection, now)
    seen = judge([to_switch(row) for row in connection.execute(ALL.with_for_update())], interrupted)
    if seen.gone:
        gone = [{f"this_{name}": getattr(each, name) for name in _KEYS} for each in seen.gone]
        connection.execute(_DROP, gone)
    if seen.kept:
        connection.execute(_KEEP[connection.dialect.name], list(map(_row, seen.kept)))
    say(connection, seen.words, now)
    return seen


def _attend(connection: Connection, now: datetime) -> bool:
    """Note that somebody looks now; return whether for a while nobody did."""
    last = kept_at(connection, _ATTENDED)
    if last is None or abs(now - last) >= ATTENDED_EVERY:
        keep(connection, _ATTENDED, b"", now)
    return last is not None and abs(now - last) > INTERRUPTION


def to_switch(row: Row[Any]) -> Switch:
    """Return a row as it is judged."""
    instants = {
        name: None if (at := getattr(row, name)) is None else from_us(at)
        for name in ("seen_at", "lost_since")
    }
    return Switch(
        heartbeat=row.heartbeat,
        source=row.source,
        value=row.value,
        since_at=from_us(row.since_at),
        **instants,
    )


def _row(switch: Switch) -> dict[str, object]:
    instants = {
        name: None if (at := getattr(switch, name)) is None else to_us(at)
        for name in ("since_at", "seen_at", "lost_since")
    }
    return {**{name: getattr(switch, name) for name in _KEYS}, **instants}
