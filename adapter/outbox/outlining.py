"""Outlining: the sums of a robot where there are too many alert names to count each.

A hundred thousand names take the writer too long, so they are read beside it, in one view of the
database, and summed up there. Each that a digest could show is counted, the others together. What
comes meanwhile has a later id, and of what was counted nothing goes but by whoever holds the lease.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Integer, bindparam, cast, func, select, text

from adapter.core.alerts import Status
from adapter.core.batch import Count
from adapter.core.priority import Priority
from adapter.outbox.summing import SUMMED, WAITING, last_id_of, summed_up, to_counts
from adapter.outbox.tables import totals

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import Connection, Row

    from adapter.core.batch import Totals

NAMED: Final = 1_000
"""Names that are counted each, of every severity and status: no message holds so many."""

MOST_KINDS: Final = 24
"""Severities and statuses of which names are counted: each costs a look at all sums."""

_ASKED: Final = 500
"""Names that one query asks for."""

_ONE_VIEW: Final = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
_NORMAL: Final = totals.c.priority == int(Priority.NORMAL)
_KEY: Final = (totals.c.priority, totals.c.template, totals.c.severity, totals.c.status)


def _sum(name: str) -> Any:  # noqa: ANN401  # PostgreSQL's sums are decimals
    return cast(func.sum(totals.c[name]), totals.c[name].type).label(name)


_GROUPS: Final = (
    select(*_KEY, cast(func.count(), Integer).label("names"))
    .add_columns(*map(_sum, ("alerts", "full_bytes", "line_bytes")))
    .where(*WAITING)
    .group_by(*_KEY)
)
_FIRST: Final = (
    select(totals.c.name)
    .where(*WAITING, _NORMAL)
    .where(totals.c.severity == bindparam("severity"), totals.c.status == bindparam("status"))
    .order_by(totals.c.alerts.desc(), totals.c.name)
    .limit(NAMED)
)
_NAMED: Final = select(*[totals.c[name] for name in SUMMED]).where(
    *WAITING,
    _NORMAL,
    totals.c.template.in_(bindparam("templates", expanding=True)),
    totals.c.name.in_(bindparam("names", expanding=True)),
)


def outline_of(connection: Connection, robot: str) -> Totals:
    """Return the sums of all that waits at a robot; it must be the first that is read."""
    if connection.dialect.name == "postgresql":
        connection.execute(_ONE_VIEW)
    groups = connection.execute(_GROUPS, {"of": robot}).all()
    named = _named(connection, robot, [row for row in groups if row.priority == Priority.NORMAL])
    counts = (*named, *_rest(groups, named))
    return summed_up(connection, robot, counts, last_id_of(connection, robot))


def _named(connection: Connection, robot: str, groups: Sequence[Row[Any]]) -> tuple[Count, ...]:
    """Return the sums of the alert names of which most wait, of each severity and status."""
    kinds = Counter[tuple[str, str]]()
    for row in groups:
        kinds[row.severity, row.status] += row.alerts
    names: dict[str, None] = {}
    for (severity, status), _ in kinds.most_common(MOST_KINDS):
        kind = {"of": robot, "severity": severity, "status": status}
        names.update(dict.fromkeys(connection.execute(_FIRST, kind).scalars()))
    templates = list({row.template for row in groups})
    return to_counts(_rows(connection, robot, templates, list(names)))


def _rows(
    connection: Connection, robot: str, templates: Sequence[str], names: Sequence[str]
) -> Iterator[Row[Any]]:
    for start in range(0, len(names), _ASKED):
        some = {"of": robot, "templates": templates, "names": names[start : start + _ASKED]}
        yield from connection.execute(_NAMED, some)


def _rest(groups: Iterable[Row[Any]], named: Iterable[Count]) -> Iterator[Count]:
    """Yield what of each group is left beside the names that are counted."""
    known: dict[tuple[object, ...], list[int]] = {}
    for count in named:
        key = (int(count.priority), count.template, count.severity, count.status.value)
        sums = known.setdefault(key, [0, 0, 0, 0])
        for place, number in enumerate((1, count.alerts, count.full_bytes, count.line_bytes)):
            sums[place] += number
    for row in groups:
        priority, template, severity, status = tuple(row)[:4]
        sums = known.get((priority, template, severity, status), [0, 0, 0, 0])
        names, alerts, full, line = map(int.__sub__, tuple(row)[4:], sums)
        if names:
            yield Count(
                priority=Priority(priority),
                template=template,
                name="",
                severity=severity,
                status=Status(status),
                alerts=alerts,
                full_bytes=full,
                line_bytes=line,
                names=names,
            )
