"""Counting: which alerts came for a robot in a span, whatever became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from adapter.outbox.messages import PENDING
from adapter.outbox.rows import to_delivery
from adapter.outbox.tables import deliveries, to_us

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Row, Select

    from adapter.core.alerts import Alert

_PAGE: Final = 500
"""Deliveries read at a time: a storm may have brought a hundred thousand."""


def alerts_between(
    read: Callable[[Select[Any]], Sequence[Row[Any]]],
    robot: str,
    since: datetime,
    until: datetime,
) -> Iterator[Alert]:
    """Yield the alerts of all deliveries received in a span that are still kept."""
    columns = deliveries.c
    received = columns.received_at.between(to_us(since), to_us(until) - 1)
    # What is settled was so after it came: each of the two is found by an index.
    for ended in (columns.settled_at >= to_us(since), columns.state == PENDING):
        yield from _alerts(read, (columns.robot == robot, received, ended))


def _alerts(
    read: Callable[[Select[Any]], Sequence[Row[Any]]], these: tuple[ColumnElement[bool], ...]
) -> Iterator[Alert]:
    last = 0
    while True:
        query = select(deliveries).where(*these, deliveries.c.id > last)
        rows = read(query.order_by(deliveries.c.id).limit(_PAGE))
        for row in rows:
            yield from to_delivery(row.payload).group.alerts
        if len(rows) < _PAGE:
            return
        last = rows[-1].id
