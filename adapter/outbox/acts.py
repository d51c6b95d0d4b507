"""Acts: what people did about alerts, each once: over restarts, replicas and second clicks.

An act that something else carries out (a silence) is noted before it is tried, under a lease; one
that is found open after that was tried by somebody of whom nothing was heard.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import msgspec
from sqlalchemy import delete, insert, select, update

from adapter.core.acts import Act, Acting
from adapter.outbox import reminders
from adapter.outbox.accepting import lock
from adapter.outbox.tables import acts, from_us, to_us
from adapter.outbox.words import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime, timedelta

    from sqlalchemy import Connection, Row

    from adapter.core.delivery import Notice
    from adapter.core.reminding import Quiet

T = TypeVar("T")


class Writer(Protocol):
    """Run operations, each wholly or not at all."""

    def run(self, operation: Callable[[Connection], T]) -> T:
        """Return what `operation` returns, once it is committed; raises StoreUnavailable."""
        ...


class Acts:
    """Keep acts; `said` learns how many words for groups were put in."""

    def __init__(self, writer: Writer, said: Callable[[int], None]) -> None:
        self._writer = writer
        self._said = said

    def begin(self, act: Act, *, now: datetime, lease: timedelta) -> Acting:
        """Lease an act, or say that it is done, or that somebody is at it."""

        def operation(connection: Connection) -> Acting:
            lock(connection, [_lock(act)])
            row = _find(connection, act.key)
            until = to_us(now + lease)
            if row is None:
                connection.execute(insert(acts), {**_row(act), "leased_until": until})
                return Acting(act, may=True)
            if row.done or from_us(row.leased_until) > now:
                return Acting(to_act(row), done=row.done)
            this = update(acts).where(acts.c.id == row.id)
            connection.execute(this.values(leased_until=until))
            return Acting(to_act(row), may=True, unsure=True)

        return self._writer.run(operation)

    def finish(
        self,
        act: Act,
        *,
        words: Iterable[Notice] = (),
        quiet: Quiet | None = None,
        now: datetime,
    ) -> None:
        """Note that a leased act was done, as it now is, tell of it, and end reminders."""

        def operation(connection: Connection) -> int:
            lock(connection, [_lock(act)])
            row = _find(connection, act.key)
            if row is None or row.done:
                return 0
            done = {**_row(act), "done": True, "leased_until": 0}
            connection.execute(update(acts).where(acts.c.id == row.id).values(**done))
            if quiet is not None:
                reminders.quiet(connection, quiet)
            return say(connection, tuple(words), now)

        self._said(self._writer.run(operation))

    def give_up(self, act: Act, *, unsure: bool) -> None:
        """End the lease of an act that failed; forget it, unless it may have been done."""

        def operation(connection: Connection) -> None:
            lock(connection, [_lock(act)])
            this = (acts.c.key == act.key) & acts.c.done.is_(False)
            if unsure:
                connection.execute(update(acts).where(this).values(leased_until=0))
            else:
                connection.execute(delete(acts).where(this))

        self._writer.run(operation)

    def do(
        self,
        act: Act,
        *,
        words: Iterable[Notice] = (),
        quiet: Quiet | None = None,
        now: datetime,
    ) -> Acting:
        """Note an act that nothing else carries out, as `finish` does; done already, say so."""

        def operation(connection: Connection) -> tuple[Acting, int]:
            lock(connection, [_lock(act)])
            row = _find(connection, act.key)
            if row is not None:
                return Acting(to_act(row), done=True), 0
            connection.execute(insert(acts), {**_row(act), "done": True})
            if quiet is not None:
                reminders.quiet(connection, quiet)
            return Acting(act, done=True, may=True), say(connection, tuple(words), now)

        acting, said = self._writer.run(operation)
        self._said(said)
        return acting


def acts_of(connection: Connection, delivery: int) -> list[Act]:
    """Return what people did about a delivery, in the order in which they did it."""
    mine = select(acts).where(acts.c.delivery == delivery, acts.c.done.is_(True))
    return [to_act(row) for row in connection.execute(mine.order_by(acts.c.at, acts.c.id))]


def newest_acts(connection: Connection, limit: int) -> tuple[Act, ...]:
    """Return what people did last, the newest first."""
    done = select(acts).where(acts.c.done.is_(True)).order_by(acts.c.at.desc(), acts.c.id.desc())
    return tuple(to_act(row) for row in connection.execute(done.limit(limit)))


def to_act(row: Row[Any]) -> Act:
    """Return a row as an act."""
    return msgspec.json.decode(row.act, type=Act)


def _row(act: Act) -> dict[str, object]:
    return {
        "key": act.key,
        "delivery": act.delivery,
        "at": to_us(act.at),
        "done": False,
        "leased_until": 0,
        "act": msgspec.json.encode(act),
    }


def _find(connection: Connection, key: str) -> Row[Any] | None:
    return connection.execute(select(acts).where(acts.c.key == key)).first()


def _lock(act: Act) -> str:
    return f"act/{act.key}"  # no robot has a slash in its name
