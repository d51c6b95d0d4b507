"""Roster: who is on call from one change to the next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import chain, groupby, pairwise
from typing import TYPE_CHECKING, Final

from adapter.core.oncall import on_call
from adapter.core.spans import Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from adapter.core.oncall import Duty, Layer, Schedule
    from adapter.core.people import Person

FAR: Final = timedelta(days=35)
"""How far from an instant the last and the next change of who is on call are looked for."""


@dataclass(frozen=True, slots=True)
class Shift:
    """Hold a span in which the same people, perhaps nobody, are on call."""

    span: Span
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Current:
    """Hold who is on call at an instant; None where that has been or stays so for long."""

    people: tuple[str, ...]
    since: datetime | None
    until: datetime | None


def roster(schedule: Schedule, people: Mapping[str, Person], within: Span) -> tuple[Shift, ...]:
    """Return all shifts of a span, one after another without a gap."""
    edges = sorted({within.starts_at, *_changes(schedule, people, within), within.ends_at})
    pieces = [Shift(Span(*pair), on_call(schedule, people, pair[0])) for pair in pairwise(edges)]
    return tuple(_joined(list(same)) for _, same in groupby(pieces, lambda piece: piece.people))


def current(schedule: Schedule, people: Mapping[str, Person], at: datetime) -> Current:
    """Return who is on call at an instant, since when and until when."""
    around = Span(at - FAR, at + FAR)
    shifts = roster(schedule, people, around)
    [shift] = [shift for shift in shifts if shift.span.covers(at)]
    return Current(
        shift.people,
        None if shift is shifts[0] else shift.span.starts_at,
        None if shift is shifts[-1] else shift.span.ends_at,
    )


def gaps(schedule: Schedule, people: Mapping[str, Person], within: Span) -> tuple[Span, ...]:
    """Return when nobody is on call."""
    return tuple(shift.span for shift in roster(schedule, people, within) if not shift.people)


def _joined(pieces: list[Shift]) -> Shift:
    span = Span(pieces[0].span.starts_at, pieces[-1].span.ends_at)
    return Shift(span, pieces[0].people)


def _changes(schedule: Schedule, people: Mapping[str, Person], within: Span) -> Iterator[datetime]:
    """Yield every instant of a span at which somebody's time may begin or end."""
    duties = chain(schedule.overrides, schedule.events)
    named = {key for key in _named(schedule) if key in people}
    fixed = chain(
        (duty.span for duty in duties), (span for key in named for span in people[key].away)
    )
    edges = chain(_edges(fixed), *(_of_layer(schedule, layer, within) for layer in schedule.layers))
    return (edge for edge in edges if within.covers(edge))


def _of_layer(schedule: Schedule, layer: Layer, within: Span) -> Iterator[datetime]:
    windows = (span for each in layer.only for span in each.spans(within, schedule.zone))
    return chain(layer.rotation.handoffs(within, schedule.zone), _edges(windows))


def _edges(spans: Iterator[Span]) -> Iterator[datetime]:
    return (edge for span in spans for edge in (span.starts_at, span.ends_at))


def _named(schedule: Schedule) -> Iterator[str]:
    named: chain[Duty | Layer] = chain(schedule.layers, schedule.overrides, schedule.events)
    return (key for each in named for key in each.people)
