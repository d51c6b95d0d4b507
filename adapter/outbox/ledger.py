"""Ledger: what each access token has leased and spent, how long it rests, and what ails it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, case, delete, insert, literal_column, select, update
from sqlalchemy.dialects import postgresql, sqlite

from adapter.core.message import BODY_LIMIT
from adapter.core.quota import Quota
from adapter.outbox.prepared import Prepared
from adapter.outbox.tables import batches, charges, from_us, to_us, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from adapter.core.quota import Rate
    from adapter.core.turn import Settlement, Turn

LONGEST_LEASE: Final = timedelta(minutes=10)
"""A lease that ends later was written by a clock that has been set back since."""

LONGEST_REST: Final = timedelta(days=32)
"""Likewise for a rest; the longest lasts until the month turns."""

OPEN: Final = "open"

# SQLite has one writer and leaves FOR UPDATE out. All are locked in one order, so that nobody waits
# in a circle.
_LOCKED: Final = (
    select(tokens)
    .where(tokens.c.token.in_(bindparam("keys", expanding=True)))
    .order_by(tokens.c.token)
    .with_for_update()
)
_BEGIN: Final = {
    "sqlite": sqlite.insert(tokens).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(tokens).on_conflict_do_nothing(),
}
_FRESH: Final = {
    "leased_until": 0,
    "steady_at": 0,
    "rests_until": 0,
    "throttles": 0,
    "failures": 0,
    "room": BODY_LIMIT,
    "posted": 0,
    "ill": "",
    "ill_since": 0,
    "ill_why": "",
    "refused": "",
    "refused_at": 0,
    "plain_until": 0,
}
_MINE: Final = tokens.c.token == bindparam("key")
_TOKEN: Final = Prepared(any=select(tokens).where(_MINE).with_for_update())
_LEASE: Final = Prepared(any=update(tokens).where(_MINE).values(leased_until=bindparam("until")))
_POSTED: Final = Prepared(any=update(tokens).where(_MINE).values(posted=bindparam("was_posted")))
_STEADY: Final = Prepared(any=update(tokens).where(_MINE).values(steady_at=bindparam("steady")))
_CHARGES: Final = Prepared(
    any=select(charges.c.ends_at).where(
        charges.c.token == bindparam("key"),
        charges.c.ends_at > bindparam("now"),
        charges.c.ends_at <= bindparam("latest"),
    )
)
_CHARGE: Final = Prepared(("token", "batch", "ends_at"), any=insert(charges).inline())
_RECHARGE: Final = Prepared(
    any=update(charges)
    .where(
        charges.c.token == bindparam("key"),
        charges.c.batch == bindparam("of"),
        charges.c.ends_at == bindparam("ended"),
    )
    .values(ends_at=bindparam("ends"))
)
_FORGET: Final = Prepared(
    any=delete(charges).where(
        charges.c.token == bindparam("key"), charges.c.ends_at <= bindparam("now")
    )
)
_LEARNED: Final = (
    *("rests_until", "throttles", "failures", "room", "ill"),
    *("ill_why", "refused", "refused_at", "plain_until"),
)
_LEARN: Final = Prepared(
    any=update(tokens)
    .where(_MINE)
    .values({name: bindparam(f"new_{name}") for name in _LEARNED})
    .values(
        leased_until=literal_column("0"),
        ill_since=case(
            (bindparam("new_ill") == "", literal_column("0")),
            (tokens.c.ill == "", bindparam("now")),
            else_=tokens.c.ill_since,
        ),
    )
)


def lock_tokens(connection: Connection, keys: Iterable[str]) -> Mapping[str, Row[Any]]:
    """Return the rows of tokens, locked; new ones where there are none, whoever makes them."""
    wanted = sorted(set(keys))
    rows = _locked(connection, wanted)
    if len(rows) < len(wanted):
        fresh = [{"token": key, **_FRESH} for key in wanted]
        connection.execute(_BEGIN[connection.dialect.name], fresh)
        rows = _locked(connection, wanted)
    return {row.token: row for row in rows}


def _locked(connection: Connection, keys: Sequence[str]) -> Sequence[Row[Any]]:
    if len(keys) == 1:  # as mostly
        return _TOKEN.rows(connection, key=keys[0])
    return connection.execute(_LOCKED, {"keys": keys}).all()


def is_leased(row: Row[Any], now: datetime) -> bool:
    """Return whether a token's lease is in force."""
    return to_us(now) < int(row.leased_until) <= to_us(now + LONGEST_LEASE)


def rests_until(row: Row[Any], now: datetime) -> datetime | None:
    """Return until when a token rests, if it may believe its row."""
    until = from_us(row.rests_until)
    return until if until <= now + LONGEST_REST else None


def lease(connection: Connection, token: str, until: datetime) -> None:
    """Give a token to one sender."""
    _LEASE.do(connection, key=token, until=to_us(until))


def end_leases(connection: Connection, keys: Iterable[str]) -> None:
    """Take tokens from their senders: what these have planned can no longer be sent."""
    connection.execute(update(tokens).where(tokens.c.token.in_(keys)).values(leased_until=0))


def quota_of(
    connection: Connection, row: Row[Any], rate: Rate, now: datetime, until: datetime
) -> Quota:
    """Return what a token has spent; what only a clock ahead of ours can have written is left out.

    A charge ends one `per` after its lease at the latest, and the burst is whole again within as
    many slots.
    """
    latest = to_us(until + rate.per)
    ends = _CHARGES.find(connection, key=row.token, now=to_us(now), latest=latest)
    return Quota(
        rate=rate,
        steady_at=min(from_us(row.steady_at), now + rate.slot * rate.burst),
        charges=tuple(from_us(end) for (end,) in ends),
        rests_until=rests_until(row, now),
    )


def holds(connection: Connection, turn: Turn) -> bool:
    """Return whether the lease of a turn still is the one in force."""
    row = _TOKEN.first(connection, key=turn.token)
    return row is not None and row.leased_until == to_us(turn.leased_until)


def end_unsent(connection: Connection) -> None:
    """End the turns in which nothing is sent yet: what they plan by is about to change."""
    each = select(tokens.c.token).order_by(tokens.c.token).with_for_update()
    connection.execute(each).all()  # whoever launches a message now is waited for
    sending = select(batches.c.token).where(batches.c.state == OPEN)
    unsent = update(tokens).where(tokens.c.token.not_in(sending))
    connection.execute(unsent.values(leased_until=0))


def note_posted(connection: Connection, turn: Turn, *, posted: bool) -> None:
    """Note whether what a token sends tells no alert: next time alerts go first."""
    _POSTED.do(connection, key=turn.token, was_posted=int(posted))


def charge(connection: Connection, turn: Turn, batch_id: str, now: datetime) -> None:
    """Charge a request before it is sent, as if it took until the lease ends."""
    until = turn.leased_until + turn.quota.rate.per
    spent = turn.quota.spend(now, until)
    _CHARGE.do(connection, token=turn.token, batch=batch_id, ends_at=to_us(until))
    _STEADY.do(connection, key=turn.token, steady=to_us(spent.steady_at or now))


def end_charge(connection: Connection, turn: Turn, batch_id: str, now: datetime) -> None:
    """Let the charge of a request that has ended count for one more `per`, and forget old ones."""
    per, token = turn.quota.rate.per, turn.token
    ended, ends = to_us(turn.leased_until + per), to_us(now + per)
    _RECHARGE.do(connection, key=token, of=batch_id, ended=ended, ends=ends)
    _FORGET.do(connection, key=token, now=to_us(now))


def give_back(connection: Connection, turn: Turn) -> None:
    """End the lease of a turn in which nothing was sent."""
    end_leases(connection, [turn.token])


def learn(
    connection: Connection, turn: Turn, settlement: Settlement, why: str, now: datetime
) -> None:
    """End the lease of a turn, and note what its outcome taught about the token."""
    until, refusal, plain = settlement.rests_until, settlement.refusal, settlement.plain_until
    learned: tuple[object, ...] = (
        *(0 if until is None else to_us(until), settlement.throttles, settlement.failures),
        turn.room if settlement.room is None else settlement.room,
        *(settlement.ill, why if settlement.ill else ""),
        *(("", 0) if refusal is None else (refusal.errcode, to_us(refusal.at))),
        0 if plain is None else to_us(plain),
    )
    new = {f"new_{name}": value for name, value in zip(_LEARNED, learned, strict=True)}
    _LEARN.do(connection, key=turn.token, now=to_us(now), **new)
