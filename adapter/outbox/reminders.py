"""Reminders: which alerts ring again until somebody looks after them.

One begins in the transaction that accepts its alert, and hears of it there. Who looks at those that
are due does so under a lock, and stores what is told with what follows from it: over restarts and
replicas each ringing happens once.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, case, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from adapter.core.alerts import Status
from adapter.core.mentions import announcement
from adapter.core.reminder_notice import Due
from adapter.core.reminding import DONE, Over, Reminder, Ring, judge
from adapter.outbox.bits import unpack
from adapter.outbox.deferring import DEFERRED, identity
from adapter.outbox.rows import to_delivery
from adapter.outbox.tables import deliveries, from_us, reminders, to_us
from adapter.outbox.words import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from adapter.core.delivery import Delivery, Notice
    from adapter.core.reminding import Quiet, Verdict
    from adapter.core.routing import Ended

LOOKED_AT: Final = 500
"""Reminders that one look takes on."""

RESOLVED: Final = "the alert is over"
REPLACED: Final = "the alert began anew"
FORGOTTEN: Final = "its delivery is kept no more"
GIVEN_UP: Final = "its delivery was given up"
"""Why a reminder ended, as the table keeps it."""

LOCK: Final = "reminders/"
"""What they are locked by; no robot has a slash in its name."""

_PENDING: Final = frozenset({"pending", DEFERRED})
_LIVE: Final = reminders.c.ended == ""
_DISCARDED: Final = "discarded"  # of deliveries; who says so builds upon this module
_MICROSECOND: Final = timedelta(microseconds=1)


def _hearing() -> dict[str, Any]:
    statements = {}
    for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql)):
        statement = dialect.insert(reminders)
        new, heard = statement.excluded, reminders.c.heard_at
        gap = new.heard_at - heard
        statements[name] = statement.on_conflict_do_update(
            index_elements=["robot", "alert"],
            set_={
                "delivery": new.delivery,
                "place": new.place,
                "heard_at": new.heard_at,
                "gap": case((gap > reminders.c.gap, gap), else_=reminders.c.gap),
            },
        )
    return statements


_HEAR: Final = _hearing()
_AFRESH: Final = delete(reminders).where(
    reminders.c.robot == bindparam("of"),
    reminders.c.alert == bindparam("this"),
    reminders.c.ended == RESOLVED,
)
_REPLACE: Final = (
    update(reminders)
    .where(reminders.c.identity == bindparam("who"), reminders.c.robot == bindparam("of"), _LIVE)
    .where(reminders.c.alert != bindparam("this"))
    .values(ended=REPLACED)
)
_END: Final = (
    update(reminders)
    .where(reminders.c.identity == bindparam("who"), reminders.c.robot == bindparam("of"), _LIVE)
    .values(ended=RESOLVED)
)
_CHANGE: Final = (
    update(reminders)
    .where(reminders.c.robot == bindparam("of"), reminders.c.alert == bindparam("this"))
    .values({name: bindparam(f"new_{name}") for name in ("due_at", "sent", "ended")})
)
DUE: Final = select(reminders.c.robot).where(_LIVE, reminders.c.due_at <= bindparam("at")).limit(1)


def hear(connection: Connection, number: int, delivery: Delivery, now: datetime) -> None:
    """Begin to remind of the alerts of a new delivery, or note that they were heard of again."""
    remind = delivery.remind
    if remind is None:
        return
    source = delivery.group.source
    rows, over, afresh = [], [], []
    for place, alert in enumerate(delivery.group.alerts):
        who = identity(source, alert.fingerprint)
        name = announcement(source, alert)
        if alert.status is not Status.FIRING:
            over.append({"who": who, "of": delivery.robot})
            continue
        if alert.started_at is None:  # nothing but the end tells one outbreak from the next
            afresh.append({"of": delivery.robot, "this": name})
        row = {"robot": delivery.robot, "alert": name, "identity": who, "source": source}
        times = {"due_at": to_us(now + remind.after), "heard_at": to_us(now)}
        count = {"delivery": number, "place": place, "gap": 0, "sent": 0, "ended": ""}
        rows.append({**row, **times, **count})
    if afresh:
        connection.execute(_AFRESH, afresh)
    if rows:
        connection.execute(_HEAR[connection.dialect.name], rows)
        same = [{"who": r["identity"], "of": r["robot"], "this": r["alert"]} for r in rows]
        connection.execute(_REPLACE, same)
    if over:
        connection.execute(_END, over)


def end(connection: Connection, ended: Iterable[Ended]) -> None:
    """Learn of alerts that are over and of which their robots are not told."""
    rows = [{"who": identity(each.source, each.fingerprint), "of": each.robot} for each in ended]
    if rows:
        connection.execute(_END, rows)


def quiet(connection: Connection, quiet: Quiet) -> None:
    """Remind no more of alerts that somebody looks after, or has silenced with their like."""
    names = [identity(quiet.source, each) for each in quiet.fingerprints]
    ended = update(reminders).where(_LIVE).values(ended=quiet.why)
    if names:
        connection.execute(ended.where(reminders.c.identity.in_(names)))
    if not quiet.matchers:
        return
    alike = select(reminders, deliveries.c.payload).join(
        deliveries, deliveries.c.id == reminders.c.delivery
    )
    for row in connection.execute(alike.where(_LIVE, reminders.c.source == quiet.source)).all():
        labels = to_delivery(row.payload).group.alerts[row.place].labels
        if all(matcher.matches(labels) for matcher in quiet.matchers):
            mine = (reminders.c.robot == row.robot) & (reminders.c.alert == row.alert)
            connection.execute(ended.where(mine))


def look(
    connection: Connection, tell: Callable[[Sequence[Due]], Sequence[Notice]], now: datetime
) -> tuple[Notice, ...]:
    """Let those ring that are due, by what `tell` makes of them; return the words.

    The transaction holds `LOCK`, so that one looks at a time.
    """
    query = select(reminders).where(_LIVE, reminders.c.due_at <= to_us(now))
    rows = connection.execute(
        query.order_by(reminders.c.due_at).limit(LOOKED_AT).with_for_update()
    ).all()
    kept = select(deliveries).where(deliveries.c.id.in_({row.delivery for row in rows}))
    found = {row.id: row for row in connection.execute(kept)} if rows else {}
    due, changes = [], []
    for row in rows:
        stored = found.get(row.delivery)
        delivery = None if stored is None else to_delivery(stored.payload)
        verdict = _judge(row, stored, delivery, now)
        changes.append(_change(row, verdict))
        if isinstance(verdict, Ring) and delivery is not None:
            due.append(
                Due(
                    delivery_id=row.delivery,
                    delivery=delivery,
                    index=row.place,
                    number=verdict.number,
                )
            )
    if changes:
        connection.execute(_CHANGE, changes)
    words = tuple(tell(due)) if due else ()
    say(connection, words, now)
    return words


def _judge(
    row: Row[Any], stored: Row[Any] | None, delivery: Delivery | None, now: datetime
) -> Verdict:
    if stored is None or delivery is None or delivery.remind is None:
        return Over(FORGOTTEN)
    if stored.state == _DISCARDED:
        return Over(GIVEN_UP)
    waits = stored.state in _PENDING and row.place not in unpack(stored.told, stored.alerts)
    reminder = Reminder(
        due_at=from_us(row.due_at),
        heard_at=from_us(row.heard_at),
        gap=row.gap * _MICROSECOND,
        sent=row.sent,
        waits=waits,
        told_at=None if stored.settled_at is None else from_us(stored.settled_at),
    )
    return judge(reminder, delivery.remind, now)


def _change(row: Row[Any], verdict: Verdict) -> dict[str, object]:
    due_at, sent, ended = row.due_at, row.sent, ""
    if isinstance(verdict, Over):
        ended = verdict.why
    elif isinstance(verdict, Ring):
        sent = verdict.number
        due_at = row.due_at if verdict.then is None else to_us(verdict.then)
        ended = DONE if verdict.then is None else ""
    else:
        due_at = to_us(verdict.until)
    changed = {"new_due_at": due_at, "new_sent": sent, "new_ended": ended}
    return {"of": row.robot, "this": row.alert, **changed}
