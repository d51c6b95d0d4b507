"""Months: how many messages of a quota were sent in each month, over all robots and replicas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
from sqlalchemy import and_, exists, not_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from adapter.core.monthly import is_nearly_spent, is_past_share, month_of, nearly_spent_notices
from adapter.outbox.tables import months
from adapter.outbox.words import say

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Row

    from adapter.core.monthly import Allowance

_BEGIN: Final = {
    "sqlite": sqlite.insert(months).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(months).on_conflict_do_nothing(),
}


class Month(msgspec.Struct, frozen=True):
    """Count the messages of a month; `first`: the first one that this adapter counted."""

    messages: int
    first: bool

    def spent(self, used: int) -> int:
        """Return all that is spent; `used` was before this adapter began to count."""
        return self.messages + (used if self.first else 0)


NEW_MONTH: Final = Month(0, first=False)
"""A month after others in which nothing was sent yet."""


def to_month(row: Row[Any]) -> Month:
    """Return a row as a value."""
    return Month(row.messages, row.first)


def is_paced(connection: Connection, allowance: Allowance | None, now: datetime) -> bool:
    """Return whether today's share of a quota is spent."""
    if allowance is None:
        return False
    spent = _month(connection, allowance, now).spent(allowance.used)
    return is_past_share(spent, allowance.messages, now)


def count(connection: Connection, allowance: Allowance | None, now: datetime) -> int:
    """Count one message, and tell once a month that most of them are spent.

    Return how many notices wait now because of that.
    """
    if allowance is None:
        return 0
    this = _this(allowance, now)
    counted = update(months).where(this).values(messages=months.c.messages + 1)
    if connection.execute(counted).rowcount == 0:
        _begin(connection, allowance, now)
        connection.execute(counted)
    spent = _month(connection, allowance, now).spent(allowance.used)
    if not is_nearly_spent(spent, allowance.messages):
        return 0
    telling = update(months).where(this, not_(months.c.told)).values(told=True)
    if connection.execute(telling).rowcount == 0:
        return 0
    return say(connection, nearly_spent_notices(allowance, spent), now)


def uncount(connection: Connection, allowance: Allowance | None, now: datetime) -> None:
    """Count one message less: DingTalk cannot have seen it."""
    if allowance is not None:
        less = update(months).where(_this(allowance, now), months.c.messages > 0)
        connection.execute(less.values(messages=months.c.messages - 1))


def _this(allowance: Allowance, now: datetime) -> ColumnElement[bool]:
    return and_(months.c.quota == allowance.name, months.c.month == month_of(now))


def _month(connection: Connection, allowance: Allowance, now: datetime) -> Month:
    row = connection.execute(select(months).where(_this(allowance, now))).first()
    return Month(0, first=_is_first(connection, allowance)) if row is None else to_month(row)


def _is_first(connection: Connection, allowance: Allowance) -> bool:
    return not connection.execute(
        select(exists().where(months.c.quota == allowance.name))
    ).scalar_one()


def _begin(connection: Connection, allowance: Allowance, now: datetime) -> None:
    row = {
        "quota": allowance.name,
        "month": month_of(now),
        "messages": 0,
        "first": _is_first(connection, allowance),
        "told": False,
    }
    connection.execute(_BEGIN[connection.dialect.name], row)
