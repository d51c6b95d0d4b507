"""Router: which robots get which alerts of a group, and how each is to tell them.

A group may split: over routes, over robots, over settings, and by priority. Where several routes
reach one robot there is one delivery.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec.structs import replace

from adapter.core.alerts import Status, subset
from adapter.core.delivery import Delivery, RenderSettings, Split
from adapter.core.mentions import MentionRule, rules_of
from adapter.core.priority import Priority, priority_of
from adapter.core.route_tree import RouteTree
from adapter.core.routes import Match, Route, RouteSettings, inherit
from adapter.core.severity import DEFAULT_SCALE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from adapter.core.alerts import Alert, AlertGroup
    from adapter.core.reminding import Remind
    from adapter.core.route_tree import Node
    from adapter.core.severity import Scale
    from adapter.core.time_intervals import Deferral

WHOLE: Final = 10
"""Alerts up to which a group of several priorities is not split: that would cost a message."""

_RISING: Final = ("normal", "auto", "high")


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
