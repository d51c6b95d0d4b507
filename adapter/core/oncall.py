"""Schedule: who is on call at an instant.

Later layers win over earlier ones and overrides over layers. Where the person whose turn it is is
on leave, or a layer is restricted to other hours, the layer below decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime, tzinfo

    from adapter.core.people import Person
    from adapter.core.rotation import Rotation
    from adapter.core.spans import Span
    from adapter.core.windows import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """Hold people who take turns, all the time or `only` in some windows; people by key."""

    rotation: Rotation
    people: tuple[str, ...]
    only: tuple[Window, ...] = ()

    def person(self, at: datetime, zone: tzinfo) -> str | None:
        """Return whose turn it is, None outside of the windows and before the first handoff."""
        if self.only and not any(window.covers(at, zone) for window in self.only):
            return None
        turn = self.rotation.turn(at, zone)
        return None if turn is None else self.people[turn % len(self.people)]


@dataclass(frozen=True, slots=True)
class Duty:
    """Hold people who are on call in one span: an override, or an event of a calendar."""

    span: Span
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Hold who is on call when.

    `events` come from a calendar in place of layers; all that cover an instant count.
    """

    zone: tzinfo
    layers: tuple[Layer, ...] = ()
    overrides: tuple[Duty, ...] = ()
    events: tuple[Duty, ...] = ()


def on_call(schedule: Schedule, people: Mapping[str, Person], at: datetime) -> tuple[str, ...]:
    """Return the keys of the people on call at an instant; none if nobody is."""
    for override in reversed(schedule.overrides):
        if override.span.covers(at) and (there := _there(override.people, people, at)):
            return there
    named = [key for event in schedule.events if event.span.covers(at) for key in event.people]
    if there := _there(named, people, at):
        return there
    for layer in reversed(schedule.layers):
        person = layer.person(at, schedule.zone)
        if person is not None and (there := _there((person,), people, at)):
            return there
    return ()


def _there(keys: Iterable[str], people: Mapping[str, Person], at: datetime) -> tuple[str, ...]:
    """Return those who are not on leave, each once."""
    found = (key for key in keys if key in people and not people[key].is_away(at))
    return tuple(dict.fromkeys(found))
