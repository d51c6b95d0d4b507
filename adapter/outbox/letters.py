"""Letters: what a person decides about alerts that DingTalk would not take, or that wait.

An alert is named `DELIVERY.INDEX`; `DELIVERY` alone names all of its alerts that can be meant.
A turn that has planned but sent nothing ends, since it counted what is changed here. What is in a
message that may have arrived cannot be changed until that is known.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec
from sqlalchemy import and_, delete, func, insert, select, update

from adapter.core.priority import Priority
from adapter.outbox import digests
from adapter.outbox.accepting import add, add_deliveries, lock
from adapter.outbox.announced import catch_up
from adapter.outbox.bits import is_full, pack, unite, unpack
from adapter.outbox.deferring import DEFERRED, give_up
from adapter.outbox.ledger import OPEN, end_unsent
from adapter.outbox.marking import SENT, leave_queue, uncount
from adapter.outbox.messages import PENDING
from adapter.outbox.rows import to_delivery
from adapter.outbox.tables import batches, dead, deliveries, discarded, items, to_us
from adapter.outbox.weighing import count_rows, weigh

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from adapter.core.delivery import Delivery

DISCARDED: Final = "discarded"

_NAME: Final = re.compile(r"([0-9]{1,18})(?:\.([0-9]{1,9}))?")
_ON_ITS_WAY: Final = "is in a message that may have arrived; try again once that is settled"
_DIGEST_ON_ITS_WAY: Final = (
    "would be taken for told by a digest that is on its way; try again once that is settled"
)


class Changed(msgspec.Struct, frozen=True):
    """Say which ids were changed, why others were not, and whose queues have become longer."""

    done: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    robots: tuple[str, ...] = ()

    def __add__(self, other: Changed) -> Changed:
        return Changed(
            (*self.done, *other.done),
            (*self.problems, *other.problems),
            tuple(dict.fromkeys((*self.robots, *other.robots))),
        )


class _Refusal(Exception):  # noqa: N818  # an answer to a person
    """Say why an alert cannot be changed."""


def parse_name(name: str) -> tuple[int, int | None] | None:
    """Return what `DELIVERY` or `DELIVERY.INDEX` names; None if it is neither."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    return int(found[1]), None if found[2] is None else int(found[2])


def retry(connection: Connection, names: Sequence[str]) -> Changed:
    """Let dead alerts wait again, in the place they had: nothing newer is overtaken."""
    return _change(connection, names, _retry)


def discard(connection: Connection, names: Sequence[str], now: datetime) -> Changed:
    """Give up alerts that are dead or wait, and keep a note of it."""
    return _change(connection, names, partial(_discard, now=now))


def _change(
    connection: Connection,
    names: Sequence[str],
    change: Callable[[Connection, int, int | None], str],
) -> Changed:
    places = {name: parse_name(name) for name in names}
    ids = {place[0] for place in places.values() if place is not None}
    lock(connection, _robots(connection, ids))
    end_unsent(connection)
    done: list[str] = []
    problems: list[str] = []
    robots: set[str] = set()
    for name, place in places.items():
        try:
            robots.add(change(connection, *_known(place)))
        except _Refusal as refusal:
            problems.append(f"{name}: {refusal}")
        else:
            done.append(name)
    return Changed(tuple(done), tuple(problems), tuple(sorted(robots)))


def _known(place: tuple[int, int | None] | None) -> tuple[int, int | None]:
    if place is None:
        raise _Refusal("expected DELIVERY or DELIVERY.INDEX, as `outbox list` shows them")
    return place


def _robots(connection: Connection, ids: set[int]) -> set[str]:
    found = {
        robot
        for table, column in ((deliveries, deliveries.c.id), (dead, dead.c.delivery))
        for robot in connection.execute(select(table.c.robot).where(column.in_(ids))).scalars()
    }
    return {str(robot) for robot in found}


def _retry(connection: Connection, delivery_id: int, index: int | None) -> str:
    letters = _letters(connection, delivery_id, index)
    row = _delivery(connection, delivery_id)
    if not letters:
        raise _Refusal("is no dead letter; see `outbox list`")
    if row is None:
        raise _Refusal("is no longer kept (storage.retention); it can only be discarded")
    if _digest_is_open(connection, row):
        raise _Refusal(_DIGEST_ON_ITS_WAY)
    if row.state == SENT:
        catch_up(connection, row.robot)  # of a digest that told its others
    again = frozenset(letter.alert for letter in letters)
    told = unpack(row.told, row.alerts) if row.state == PENDING else frozenset(range(row.alerts))
    waits = {"told": pack(told - again), "state": PENDING, "settled_at": None, "suspect": 1}
    _count(connection, row, again)
    connection.execute(update(deliveries).where(deliveries.c.id == row.id).values(**waits))
    _remove(connection, delivery_id, again)
    return str(row.robot)


def _discard(connection: Connection, delivery_id: int, index: int | None, now: datetime) -> str:
    letters = _letters(connection, delivery_id, index)
    row = _delivery(connection, delivery_id)
    waiting = _waiting(row, index)
    if not letters and not waiting:
        raise _Refusal("is neither a dead letter nor waits; see `outbox list`")
    if row is not None and waiting:
        _give_up(connection, row, waiting, now)
    _remove(connection, delivery_id, frozenset(letter.alert for letter in letters))
    robot = str(row.robot if row is not None else letters[0].robot)
    reasons = {**dict.fromkeys(waiting, ""), **{each.alert: each.reason for each in letters}}
    notes = [
        {
            "delivery": delivery_id,
            "alert": alert,
            "robot": robot,
            "discarded_at": to_us(now),
            "reason": reason,
        }
        for alert, reason in reasons.items()
    ]
    connection.execute(insert(discarded), notes)
    return robot


def _give_up(connection: Connection, row: Row[Any], alerts: frozenset[int], now: datetime) -> None:
    """Take alerts that wait out of the queue."""
    if _is_open(connection, row, alerts) or _digest_is_open(connection, row):
        raise _Refusal(_ON_ITS_WAY)
    bits = pack(alerts)
    _readable(row)
    if row.state == DEFERRED:
        give_up(connection, row.id, alerts)
    else:
        uncount(connection, row, bits)
    after = unite(row.told, bits)
    change: dict[str, object] = {"told": after}
    if is_full(after, row.alerts):
        change |= {"state": DISCARDED, "settled_at": to_us(now)}
        if row.state == PENDING:
            leave_queue(connection, row.robot, {row.priority: 1})
    connection.execute(update(deliveries).where(deliveries.c.id == row.id).values(**change))


def _delivery(connection: Connection, delivery_id: int) -> Row[Any] | None:
    return connection.execute(select(deliveries).where(deliveries.c.id == delivery_id)).first()


def _letters(connection: Connection, delivery_id: int, index: int | None) -> Sequence[Row[Any]]:
    query = select(dead).where(dead.c.delivery == delivery_id)
    if index is not None:
        query = query.where(dead.c.alert == index)
    return connection.execute(query).all()


def _remove(connection: Connection, delivery_id: int, alerts: frozenset[int]) -> None:
    buried = and_(dead.c.delivery == delivery_id, dead.c.alert.in_(alerts))
    connection.execute(delete(dead).where(buried))


def _waiting(row: Row[Any] | None, index: int | None) -> frozenset[int]:
    """Return the alerts of a delivery that wait, or the one of them that is meant."""
    if row is None or row.state not in {PENDING, DEFERRED}:
        return frozenset()
    left = frozenset(range(row.alerts)) - unpack(row.told, row.alerts)
    return left if index is None else left & {index}


def _count(connection: Connection, row: Row[Any], alerts: frozenset[int]) -> None:
    """Add alerts that wait again to the sums."""
    delivery = _readable(row)
    add(connection, count_rows(weigh(delivery, alerts)))
    if row.state != PENDING:
        one = {"robot": row.robot, "priority": row.priority, "deliveries": 1}
        add_deliveries(connection, [one])


def _is_open(connection: Connection, row: Row[Any], alerts: frozenset[int]) -> bool:
    """Return whether a message tells one of these alerts and may have arrived."""
    held = (
        select(items)
        .join(batches, batches.c.id == items.c.batch)
        .where(items.c.delivery == row.id, batches.c.state == OPEN)
    )
    found = connection.execute(held).all()
    return any(unpack(unite(each.told, each.covered), row.alerts) & alerts for each in found)


def _digest_is_open(connection: Connection, row: Row[Any]) -> bool:
    """Return whether a digest that may have arrived, or has, is to settle this delivery."""
    open_ones = (
        select(func.count())
        .select_from(items.join(batches, batches.c.id == items.c.batch))
        .where(batches.c.state == OPEN, batches.c.robot == row.robot)
        .where(batches.c.digested.is_not(None), items.c.delivery >= row.id)
        .where(batches.c.deferred_until.is_not(None) == (row.state == DEFERRED))
    )
    normal = row.priority == int(Priority.NORMAL)
    unfinished = row.state != DEFERRED and digests.unfinished(connection, row.robot)
    return normal and (unfinished or bool(connection.execute(open_ones).scalar()))


def _readable(row: Row[Any]) -> Delivery:
    try:
        return to_delivery(row.payload)
    except msgspec.MsgspecError:
        raise _Refusal("cannot be read by this version") from None
