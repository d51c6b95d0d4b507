"""Switches: what is told when a heartbeat stops, and when it is back; each once.

1.  A switch falls when nothing came for longer than `every`, and rises with the next beat.
2.  What nobody ever saw counts from when it was first awaited: a value of `expect`, or, without
    any, the heartbeat as a whole. Any source may bring it.
3.  Silence counts only while somebody listens: after an interruption it counts from its end.
4.  A value that is not expected is forgotten a week after it fell, if others still come.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

import msgspec
from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from adapter.core.delivery import Notice
    from adapter.core.heartbeats import Heartbeat

FORGOTTEN_AFTER: Final = timedelta(days=7)
"""How long a value that fell and is not expected is known."""

TOLERANCE: Final = timedelta(seconds=30)
"""How far the clocks of replicas may differ; an instant further ahead is of a clock set back."""


class Switch(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what is known of one value from one source.

    `since_at` is from when silence counts if nothing came later; `lost_since` is when that began
    of which the robots were told. Never seen is only what is awaited, of any source.
    """

    heartbeat: str  # its key
    source: str
    value: str
    since_at: datetime
    seen_at: datetime | None = None
    lost_since: datetime | None = None

    @property
    def quiet_since(self) -> datetime:
        """Return from when silence counts."""
        return self.since_at if self.seen_at is None else max(self.since_at, self.seen_at)

    @property
    def has_risen(self) -> bool:
        """Return whether a beat came after the robots were told that none does."""
        return self.lost_since is not None and (self.seen_at or self.lost_since) > self.lost_since


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """Say what follows from a look at the switches of one heartbeat.

    `kept` are to be stored and `gone` removed; `lost` and `back` are to be told.
    """

    kept: tuple[Switch, ...] = ()
    gone: tuple[Switch, ...] = ()
    lost: tuple[Switch, ...] = ()
    back: tuple[Switch, ...] = ()


class Seen(NamedTuple):
    """Hold what follows from a look at all switches: changes of the store, and words to robots."""

    looks: Sequence[Look] = ()
    words: Sequence[Notice] = ()

    @property
    def kept(self) -> list[Switch]:
        """Return what is to be stored."""
        return [switch for each in self.looks for switch in each.kept]

    @property
    def gone(self) -> list[Switch]:
        """Return what is to be removed."""
        return [switch for each in self.looks for switch in each.gone]


def look(
    heartbeat: Heartbeat, switches: Iterable[Switch], now: datetime, *, interrupted: bool
) -> Look:
    """Look at the switches of a heartbeat; `interrupted`: for a while nobody listened."""
    known = {_key(switch): switch for switch in switches}
    current = {key: _current(switch, now, interrupted) for key, switch in known.items()}
    answered = _answered(heartbeat, current)
    gone = {*answered, *_obsolete(heartbeat, current, now)}
    left = {key: switch for key, switch in current.items() if key not in gone}
    left |= _awaited(heartbeat, left, now)
    judged = {key: _judged(heartbeat, switch, now) for key, switch in left.items()}
    fallen = (key for key, switch in judged.items() if switch.lost_since)
    risen = (switch for switch in left.values() if switch.has_risen)
    return Look(
        kept=tuple(switch for key, switch in judged.items() if switch != known.get(key)),
        gone=tuple(switch for key, switch in known.items() if key in gone),
        lost=tuple(judged[key] for key in fallen if not left[key].lost_since),
        back=(*risen, *(switch for switch in answered.values() if switch.lost_since)),
    )


_Key: TypeAlias = tuple[str, str]
_Switches: TypeAlias = "dict[_Key, Switch]"


def _key(switch: Switch) -> _Key:
    return switch.source, switch.value


def _current(switch: Switch, now: datetime, interrupted: bool) -> Switch:  # noqa: FBT001  # passed on
    """Return a switch as it stands after an interruption, and by a clock that was set back."""
    past = {
        name: now
        for name in ("since_at", "seen_at", "lost_since")
        if (at := getattr(switch, name)) is not None and at > now + TOLERANCE
    }
    switch = replace(switch, **past)
    if interrupted and switch.lost_since is None:
        return replace(switch, since_at=now)
    return switch


def _answered(heartbeat: Heartbeat, switches: _Switches) -> _Switches:
    """Return what was awaited and has come from some source, as seen then."""
    found: _Switches = {}
    for key, switch in switches.items():
        if switch.seen_at is None and switch.value in heartbeat.awaited:
            came = [
                each.seen_at
                for each in switches.values()
                if each.seen_at and (each.value == switch.value or not heartbeat.expect)
            ]
            if came:
                found[key] = replace(switch, seen_at=min(came))
    return found


def _obsolete(heartbeat: Heartbeat, switches: _Switches, now: datetime) -> Iterable[_Key]:
    """Yield what is no longer awaited and never came, or has been silent for long."""
    others_come = any(each.seen_at and not each.lost_since for each in switches.values())
    for key, switch in switches.items():
        if switch.value in heartbeat.awaited:
            continue
        fell_long_ago = switch.lost_since and now - switch.quiet_since > FORGOTTEN_AFTER
        if switch.seen_at is None or (fell_long_ago and others_come):
            yield key


def _awaited(heartbeat: Heartbeat, switches: _Switches, now: datetime) -> _Switches:
    """Return a switch for each value that is awaited and not known."""
    known = {switch.value for switch in switches.values()}
    if known and not heartbeat.expect:
        return {}
    return {
        ("", value): Switch(heartbeat=heartbeat.key, source="", value=value, since_at=now)
        for value in heartbeat.awaited
        if value not in known
    }


def _judged(heartbeat: Heartbeat, switch: Switch, now: datetime) -> Switch:
    """Return a switch that has fallen or risen, if it has."""
    if switch.has_risen:
        return replace(switch, lost_since=None)
    if switch.lost_since is None and now - switch.quiet_since > heartbeat.every:
        return replace(switch, lost_since=switch.quiet_since)
    return switch
