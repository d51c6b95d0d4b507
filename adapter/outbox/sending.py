"""Sending: a message is stored and charged before it goes out, and settled once it is answered.

Only the holder of the token's lease does either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import update

from adapter.core.illness import THROTTLED
from adapter.core.turn import Fate
from adapter.outbox import accepting, digests, ledger, messages, months
from adapter.outbox.tables import tokens
from adapter.outbox.words import say

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime, timedelta

    from sqlalchemy import Connection

    from adapter.core.turn import Launch, Settlement, Turn

_END_REST = update(tokens).where(tokens.c.ill != THROTTLED).values(rests_until=0)


def charge(
    connection: Connection, turn: Turn, batch_id: str, now: datetime, launch: Launch | None = None
) -> tuple[bool, int]:
    """Charge a request for a message, which `launch` stores if it is new.

    Return whether the lease still held, and how many notices that added.
    """
    if not ledger.holds(connection, turn):
        return False, 0
    if launch is not None:
        messages.store(connection, turn, launch, now)
        ledger.note_posted(connection, turn, posted=launch.notice_id > 0)
    ledger.charge(connection, turn, batch_id, now)
    return True, months.count(connection, turn.allowance, now)


def settle(  # noqa: PLR0913  # each is a different kind of thing, and named
    connection: Connection,
    turn: Turn,
    batch_id: str,
    settlement: Settlement,
    *,
    now: datetime,
    outcome: str,
) -> tuple[bool, int] | None:
    """Settle a message and its token.

    Return whether the lease still held, and how many deliveries wait no more (less than none, if
    there is more to say now). None: a digest that was told before is to be settled first.
    """
    accepting.lock(connection, [turn.robot])
    if digests.unfinished(connection, turn.robot):
        return None
    if not ledger.holds(connection, turn):
        return False, 0
    ledger.end_charge(connection, turn, batch_id, now)
    gone = _meet_fate(connection, batch_id, settlement.fate, outcome, now)
    if not settlement.arrived:
        months.uncount(connection, turn.allowance, now)
    ledger.learn(connection, turn, settlement, outcome, now)
    return True, gone - say(connection, settlement.notices, now)


def _meet_fate(
    connection: Connection, batch_id: str, fate: Fate, outcome: str, now: datetime
) -> int:
    """Carry out the fate of a message; return how many deliveries wait no more."""
    if fate is Fate.FROZEN:
        messages.keep_open(connection, batch_id, outcome)
        return 0
    messages.close(connection, batch_id, state=fate.value, outcome=outcome, now=now)
    if fate is Fate.SENT:
        return messages.mark_sent(connection, batch_id, now)
    if fate is Fate.REFUSED:
        return messages.mark_refused(connection, batch_id, outcome, now)
    return 0


def give_back(connection: Connection, turn: Turn) -> None:
    """End a turn in which nothing was sent."""
    if ledger.holds(connection, turn):
        ledger.give_back(connection, turn)


def end_rest(connection: Connection) -> None:
    """Let tokens try again now, but for those that DingTalk throttles."""
    connection.execute(_END_REST)


def dissolve(
    connection: Connection, known: Collection[str], *, now: datetime, age: timedelta
) -> int:
    """Let be planned anew what tokens other than these left open; return how many messages.

    One that is just being sent, or was made less than `age` ago, is left alone.
    """
    left = messages.left_open(connection, known, now - age)
    rows = ledger.lock_tokens(connection, left) if left else {}
    over = [token for token, row in rows.items() if not ledger.is_leased(row, now)]
    ledger.end_leases(connection, over)  # an answer that comes late settles nothing
    return messages.dissolve(connection, over, now)
