"""Route: the tree that decides which robots get which alerts, with Alertmanager's semantics.

A node takes an alert when all its matchers match. Then its children are asked in order; the first
that takes it ends the search unless it says `continue`; when none does, the node itself is the
result. Source: `dispatch/route.go` of Alertmanager.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
from msgspec.structs import replace

from adapter.core.alerts import Status, subset
from adapter.core.delivery import Delivery, RenderSettings, Split
from adapter.core.mentions import DEFAULT_ON, MentionRule, rules_of
from adapter.core.priority import Priority, priority_of
from adapter.core.reminding import Remind
from adapter.core.route_tree import RouteTree
from adapter.core.severity import DEFAULT_SCALE

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from adapter.core.alerts import Alert, AlertGroup
    from adapter.core.matchers import Matcher
    from adapter.core.route_tree import Node
    from adapter.core.severity import Scale
    from adapter.core.time_intervals import Deferral

WHOLE: Final = 10
"""Alerts up to which a group of several priorities is not split: that would cost a message."""

BY_LABEL: Final = "label:"
"""What begins the name of a robot that a label names: `label:team`."""

_RISING: Final = ("normal", "auto", "high")


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


def inherit(layers: Iterable[RouteSettings]) -> RouteSettings:
    """Return each setting from the first layer that says something about it."""
    merged: dict[str, Any] = {}
    for layer in layers:
        for name in RouteSettings.__struct_fields__:
            value = getattr(layer, name)
            if value is not None:
                merged.setdefault(name, value)
    return RouteSettings(**merged)


class Router:
    """Route alert groups by one configuration; `robots` holds the robots' own defaults.

    What follows from the same routes is worked out once, and not for each alert.
    """

    def __init__(
        self, root: Route, robots: Mapping[str, RouteSettings], scale: Scale = DEFAULT_SCALE
    ) -> None:
        self._tree = RouteTree(root)
        self._robots = robots
        self._scale = scale
        self._reminds = _says_remind(root) or any(each.remind for each in robots.values())
        self._known: dict[tuple[Node[Route], ...], _Answers] = {}

    def route(self, group: AlertGroup, deferral: Deferral | None = None) -> tuple[Delivery, ...]:
        """Return what goes to whom: each alert by its labels, once to every robot that it reaches.

        Where several routes reach one robot, the settings of the first count, but the highest
        priority of any, and all ring whom they name. Without a `deferral` nothing is held back.
        """
        shares: dict[_Manner, _Share] = {}
        places: dict[tuple[_Target, ...], list[_Share]] = {}
        for alert in group.alerts:
            targets = self._targets(alert.labels)
            if targets not in places:
                places[targets] = [shares.setdefault(t.manner, _Share(t.manner)) for t in targets]
            for target, share in zip(targets, places[targets], strict=True):
                if target.send_resolved or alert.status is Status.FIRING:
                    share.alerts.append((alert, target))
        return tuple(
            delivery
            for share in shares.values()
            for delivery in _deliveries(
                share, group, self._scale, deferral.until(share.manner.defer) if deferral else None
            )
        )

    def ended(self, group: AlertGroup) -> tuple[Ended, ...]:
        """Return the alerts that are over and that robots which remind of them are not told of."""
        if not self._reminds:
            return ()
        return tuple(
            Ended(target.manner.robot, group.source, alert.fingerprint)
            for alert in group.resolved
            for target in self._targets(alert.labels)
            if target.manner.remind is not None and not target.send_resolved
        )

    def _targets(self, labels: Mapping[str, str]) -> tuple[_Target, ...]:
        nodes = self._tree.find(labels)
        known = self._known.get(nodes)
        if known is None:
            matches = [Match(node.path) for node in nodes]
            names = tuple([name for found in matches for name in found.asked_labels])
            known = self._known[nodes] = names, {}
        asked, by_value = known
        # By nothing but what the configuration names: labels must not fill the memory.
        robots = self._robots
        values = tuple([labels.get(name) if labels.get(name) in robots else None for name in asked])
        targets = by_value.get(values)
        if targets is None:
            matches = [Match(node.path) for node in nodes]
            targets = by_value[values] = tuple(_targets(matches, labels, robots))
        return targets


class Ended(NamedTuple):
    """Name an alert that is over, and a robot that is not told so."""

    robot: str
    source: str
    fingerprint: str


def _says_remind(route: Route) -> bool:
    return bool(route.settings.remind) or any(map(_says_remind, route.routes))


def route_group(
    root: Route,
    group: AlertGroup,
    robots: Mapping[str, RouteSettings],
    scale: Scale = DEFAULT_SCALE,
    deferral: Deferral | None = None,
) -> tuple[Delivery, ...]:
    """Return what goes to whom, of one group; see `Router`."""
    return Router(root, robots, scale).route(group, deferral)


def _deliveries(
    share: _Share, group: AlertGroup, scale: Scale, deferred_until: datetime | None
) -> Iterator[Delivery]:
    """Yield what a share becomes, high first; of that nothing is held back."""
    manner = share.manner
    for priority, lane in _lanes(share, scale, apart=deferred_until is not None):
        yield Delivery(
            robot=manner.robot,
            group=subset(group, [alert for alert, _ in lane]),
            settings=manner.look,
            priority=priority,
            severity_label=scale.label,
            split=manner.split,
            deferred_until=deferred_until if priority is Priority.NORMAL else None,
            mentions=rules_of([target.rules for _, target in lane]),
            routes=_routes_of(lane),
            remind=manner.remind,
        )


def _routes_of(lane: Iterable[_Routed]) -> tuple[str, ...]:
    targets = dict.fromkeys([target for _, target in lane])
    return tuple(dict.fromkeys(route for target in targets for route in target.routes))


def _lanes(share: _Share, scale: Scale, *, apart: bool) -> Iterable[tuple[Priority, list[_Routed]]]:
    """Yield a share's alerts by priority, high first.

    A small group stays whole, as high: but not if its normal alerts are to come `apart`.
    """
    lanes: dict[Priority, list[_Routed]] = {Priority.HIGH: [], Priority.NORMAL: []}
    known: dict[str, list[_Routed]] = {}  # by what tells the level, of which there are few
    for routed in share.alerts:
        level = routed[0].labels.get(scale.label, "")
        if level not in known:
            labels = routed[0].labels
            known[level] = lanes[priority_of(labels, share.manner.priority, scale)]
        known[level].append(routed)
    apart = apart or share.manner.split is Split.ALERT
    if lanes[Priority.HIGH] and len(share.alerts) <= WHOLE and not apart:
        lanes = {Priority.HIGH: share.alerts}
    return ((priority, alerts) for priority, alerts in lanes.items() if alerts)


def address_group(
    robot: str,
    group: AlertGroup,
    defaults: RouteSettings,
    scale: Scale = DEFAULT_SCALE,
    deferral: Deferral | None = None,
) -> tuple[Delivery, ...]:
    """Return what goes straight to one robot, with that robot's own settings."""
    return route_group(straight_to(robot), group, {robot: defaults}, scale, deferral)


def straight_to(robot: str) -> Route:
    """Return a route that sends everything to one robot."""
    return Route(settings=RouteSettings(robots=(robot,)), path=f"robots.{robot}")


_Routed = tuple["Alert", "_Target"]
"""An alert and where it goes."""


class _Manner(NamedTuple):
    """Hold what the alerts of one delivery have in common."""

    robot: str
    look: RenderSettings
    priority: str
    split: Split
    defer: tuple[str, ...]
    remind: Remind | None


@dataclass(frozen=True, slots=True)
class _Share:
    """Collect the alerts that go to one robot in one manner."""

    manner: _Manner
    alerts: list[_Routed] = field(default_factory=list)


_Answers = tuple["tuple[str, ...]", "dict[tuple[str | None, ...], tuple[_Target, ...]]"]
"""The labels that name robots, and the targets by their values."""


@dataclass(frozen=True, slots=True, eq=False)  # told apart by identity: there is one of each
class _Target:
    """Say where an alert goes, whether it does once it is over, whom it rings there, and why."""

    manner: _Manner
    send_resolved: bool
    rules: tuple[MentionRule, ...]
    routes: tuple[str, ...]


def _targets(
    matches: Iterable[Match], labels: Mapping[str, str], robots: Mapping[str, RouteSettings]
) -> Iterable[_Target]:
    """Yield the targets of an alert that these routes took."""
    reached: dict[str, list[RouteSettings]] = {}
    ways: dict[str, list[str]] = {}
    for found in matches:
        for robot in found.robots(labels, robots):
            settings = inherit((*found.layers, robots[robot]))
            reached.setdefault(robot, []).append(settings)
            ways.setdefault(robot, []).append(found.told)
    for robot, said in reached.items():
        rules = dict.fromkeys(settings.rule for settings in said if settings.rule)
        told_over = said[0].send_resolved is not False
        yield _Target(_manner(robot, said), told_over, tuple(rules), tuple(ways[robot]))


def _highest(said: Iterable[RouteSettings]) -> str:
    """Return the priority that makes the most of an alert: `auto` may make it high."""
    return max((settings.priority or "auto" for settings in said), key=_RISING.index)


def _manner(robot: str, said: Sequence[RouteSettings]) -> _Manner:
    """Return how a robot is to tell alerts, with the default where nothing is said."""
    first = said[0]
    return _Manner(
        robot=robot,
        look=look_of(first),
        priority=_highest(said),
        split=Split(first.split or Split.GROUP),
        defer=first.defer or (),
        remind=_remind(first),
    )


def _remind(said: RouteSettings) -> Remind | None:
    """Return how a robot reminds; whom it rings is whom the alert rings, if nothing is said."""
    remind = said.remind
    if remind is None or not remind.times:
        return None
    return remind if remind.targets else replace(remind, targets=said.mention or ())


def look_of(settings: RouteSettings) -> RenderSettings:
    """Return how a message is to look, with the built-in default where nothing is said."""
    said = {
        name: value
        for name in RenderSettings.__struct_fields__
        if (value := getattr(settings, name)) is not None
    }
    return RenderSettings(**said)
