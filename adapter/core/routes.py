"""Route: the tree that decides which robots get which alerts, with Alertmanager's semantics.

A node takes an alert when all its matchers match. Then its children are asked in order; the first
that takes it ends the search unless it says `continue`; when none does, the node itself is the
result. Source: `dispatch/route.go` of Alertmanager.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from adapter.core.mentions import DEFAULT_ON, MentionRule
from adapter.core.reminding import Remind

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

    from adapter.core.matchers import Matcher

BY_LABEL: Final = "label:"
"""What begins the name of a robot that a label names: `label:team`."""


class RouteSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what a route says itself; None means "as the parent, the robot, or the default says"."""

    robots: tuple[str, ...] | None = None  # names, or label:NAME
    template: str | None = None
    language: str | None = None
    timezone: str | None = None
    message: str | None = None  # markdown, action_card
    buttons: str | None = None  # vertical, horizontal
    send_resolved: bool | None = None
    priority: str | None = None  # auto, normal, high
    split: str | None = None  # group, alert
    defer: tuple[str, ...] | None = None  # names of time intervals
    mention: tuple[str, ...] | None = None
    mention_else: tuple[str, ...] | None = None
    mention_on: tuple[str, ...] | None = None
    remind: Remind | None = None

    @property
    def rule(self) -> MentionRule | None:
        """Return whom these settings ring, and when; None if they name nobody."""
        if not self.mention:
            return None
        return MentionRule(
            targets=self.mention,
            otherwise=self.mention_else or (),
            on=DEFAULT_ON if self.mention_on is None else self.mention_on,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Hold one node of the tree; `path` is where it stands in the configuration."""

    settings: RouteSettings
    matchers: tuple[Matcher, ...] = ()
    continues: bool = False
    routes: tuple[Route, ...] = ()
    path: str = "route"


class Match(msgspec.Struct, frozen=True):
    """Hold the nodes from the root to the route that took an alert."""

    path: tuple[Route, ...]

    @property
    def route(self) -> Route:
        """Return the route that took the alert."""
        return self.path[-1]

    @property
    def told(self) -> str:
        """Return the way to it as a person reads it: the route's place, and all its matchers."""
        asked = ", ".join(str(matcher) for route in self.path for matcher in route.matchers)
        return f"{self.route.path} {{{asked}}}" if asked else self.route.path

    @property
    def layers(self) -> tuple[RouteSettings, ...]:
        """Return whose settings count, nearest first."""
        return tuple(route.settings for route in reversed(self.path))

    @property
    def asked_labels(self) -> tuple[str, ...]:
        """Return the labels whose values name robots of this match."""
        named = (name for layer in self.layers for name in layer.robots or ())
        return tuple([n.removeprefix(BY_LABEL) for n in named if n.startswith(BY_LABEL)])

    def robots(self, labels: Mapping[str, str], known: Container[str]) -> tuple[str, ...]:
        """Return the robots of an alert in order, each once; none where no node names any.

        Where a label names none that is known, those of the parent count in its place.
        """
        said = [layer.robots for layer in self.layers if layer.robots is not None]
        return tuple(dict.fromkeys(_named(said, labels, known)))


def _named(
    said: Sequence[tuple[str, ...]], labels: Mapping[str, str], known: Container[str]
) -> Iterator[str]:
    """Yield what the first of these names; the others are of the parents, nearest first."""
    for name in said[0] if said else ():
        if not name.startswith(BY_LABEL):
            yield name
        elif (value := labels.get(name.removeprefix(BY_LABEL), "")) and value in known:
            yield value
        else:
            yield from _named(said[1:], labels, known)


def match(root: Route, labels: Mapping[str, str]) -> tuple[Match, ...]:
    """Return every route that takes an alert with these labels, in the tree's order."""
    found: list[Match] = []
    _descend(root, (), labels, found)
    return tuple(found)


def _descend(
    route: Route, above: tuple[Route, ...], labels: Mapping[str, str], found: list[Match]
) -> bool:
    for matcher in route.matchers:  # not all(…): a generator would double the time of routing
        if not matcher.matches(labels):
            return False
    path = (*above, route)
    before = len(found)
    for child in route.routes:
        if _descend(child, path, labels, found) and not child.continues:
            break
    if len(found) == before:
        found.append(Match(path))
    return True


def asked_labels(route: Route) -> frozenset[str]:
    """Return the labels that decide where an alert goes, here and below."""
    compared = {matcher.name for matcher in route.matchers}
    return frozenset(compared.union(Match((route,)).asked_labels, *map(asked_labels, route.routes)))


def inherit(layers: Iterable[RouteSettings]) -> RouteSettings:
    """Return each setting from the first layer that says something about it."""
    merged: dict[str, Any] = {}
    for layer in layers:
        for name in RouteSettings.__struct_fields__:
            value = getattr(layer, name)
            if value is not None:
                merged.setdefault(name, value)
    return RouteSettings(**merged)
