"""Router: which robots get which alerts of a group, and how each is to tell them.

A group may split: over routes, over robots, over settings, and by priority. Where several routes
reach one robot there is one delivery. What becomes of alerts of one kind is decided once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from adapter.core.alerts import Status
from adapter.core.delivery import Delivery, Split
from adapter.core.kinds import Kind, Kinds
from adapter.core.mentions import rules_of
from adapter.core.priority import Priority, priority_of
from adapter.core.route_tree import RouteTree
from adapter.core.routes import Match, Route, RouteSettings, asked_labels
from adapter.core.severity import DEFAULT_SCALE
from adapter.core.targets import Manner, Target, targets_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from adapter.core.alerts import AlertGroup
    from adapter.core.mentions import MentionRule
    from adapter.core.route_tree import Node
    from adapter.core.severity import Scale
    from adapter.core.time_intervals import Deferral

WHOLE: Final = 10
"""Alerts up to which a group of several priorities is not split: that would cost a message."""

_FIRING: Final = Status.FIRING  # names of their own are found sooner
_HIGH: Final = Priority.HIGH
_NORMAL: Final = Priority.NORMAL


class Router:
    """Route alert groups by one configuration; `robots` holds the robots' own defaults.

    What follows from the same routes is worked out once, and not for each alert.
    """

    def __init__(
        self, root: Route, robots: Mapping[str, RouteSettings], scale: Scale = DEFAULT_SCALE
    ) -> None:
        self._tree = RouteTree(root)
        self._asked = tuple({scale.label} | asked_labels(root))
        self._robots = robots
        self._scale = scale
        self._reminds = _says_remind(root) or any(each.remind for each in robots.values())
        self._known: dict[tuple[Node[Route], ...], _Answers] = {}

    def route(self, group: AlertGroup, deferral: Deferral | None = None) -> tuple[Delivery, ...]:
        """Return what goes to whom: each alert by its labels, once to every robot that it reaches.

        Where several routes reach one robot, the settings of the first count, but the highest
        priority of any, and all ring whom they name. Without a `deferral` nothing is held back.
        """
        kinds = Kinds(group, self._asked)
        deliveries = []
        for manner, share in self._shares(kinds).items():
            until = deferral.until(manner.defer) if deferral and manner.defer else None
            for priority, lane in self._lanes(manner, share, kinds, apart=until is not None):
                targets = dict.fromkeys(lane.values())
                delivery = Delivery(
                    robot=manner.robot,
                    group=kinds.part(lane),
                    settings=manner.look,
                    priority=priority,
                    severity_label=self._scale.label,
                    split=manner.split,
                    deferred_until=until if priority is _NORMAL else None,  # what is high never is
                    mentions=_rules_of(lane, targets, kinds),
                    routes=_routes_of(targets),
                    remind=manner.remind,
                )
                deliveries.append(delivery)
        return tuple(deliveries)

    def _shares(self, kinds: Kinds) -> Mapping[Manner, _Lane]:
        """Return what goes to each robot in each manner."""
        shares: dict[Manner, _Lane] = {}
        for kind, example in kinds.examples.items():
            fires = example.status is _FIRING
            for target in self._targets(example.labels):
                share = shares.setdefault(target.manner, {})
                if fires or target.send_resolved:
                    share[kind] = target
        return shares

    def _lanes(
        self, manner: Manner, share: _Lane, kinds: Kinds, *, apart: bool
    ) -> Sequence[tuple[Priority, _Lane]]:
        """Return a share's alerts by priority, high first.

        A small group stays whole, as high: but not if its normal alerts are to come `apart`.
        """
        high: _Lane = {}
        normal: _Lane = {}
        for kind, target in share.items():
            labels = kinds.examples[kind].labels
            passes = priority_of(labels, manner.priority, self._scale) is _HIGH
            (high if passes else normal)[kind] = target
        if not normal:
            return ((_HIGH, high),) if high else ()
        if not high:
            return ((_NORMAL, normal),)
        apart = apart or manner.split is Split.ALERT
        if not apart and len(kinds.each(share)) <= WHOLE:
            return ((_HIGH, share),)
        return ((_HIGH, high), (_NORMAL, normal))

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

    def _targets(self, labels: Mapping[str, str]) -> tuple[Target, ...]:
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
            targets = by_value[values] = tuple(targets_of(matches, labels, robots))
        return targets


_Answers = tuple["tuple[str, ...]", "dict[tuple[str | None, ...], tuple[Target, ...]]"]
"""The labels that name robots, and the targets by their values."""

_Lane = dict[Kind, Target]
"""The kinds of alerts that one delivery may tell, and where each goes."""


class Ended(NamedTuple):
    """Name an alert that is over, and a robot that is not told so."""

    robot: str
    source: str
    fingerprint: str


def _says_remind(route: Route) -> bool:
    return bool(route.settings.remind) or any(map(_says_remind, route.routes))


def _rules_of(lane: _Lane, targets: Collection[Target], kinds: Kinds) -> tuple[MentionRule, ...]:
    if len(targets) == 1:
        return next(iter(targets)).rules
    return rules_of([lane[kind].rules for kind in kinds.each(lane)])


def _routes_of(targets: Collection[Target]) -> tuple[str, ...]:
    if len(targets) == 1:
        return next(iter(targets)).routes
    return tuple(dict.fromkeys([route for target in targets for route in target.routes]))


def route_group(
    root: Route,
    group: AlertGroup,
    robots: Mapping[str, RouteSettings],
    scale: Scale = DEFAULT_SCALE,
    deferral: Deferral | None = None,
) -> tuple[Delivery, ...]:
    """Return what goes to whom, of one group; see `Router`."""
    return Router(root, robots, scale).route(group, deferral)


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
