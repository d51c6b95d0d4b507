"""Alerts of one kind are decided on once, and each is told as if it had come alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from adapter.core.alerts import Alert, AlertGroup, Status, subset
from adapter.core.kinds import Kinds
from adapter.core.matcher import Matcher, Operator
from adapter.core.routes import Route, RouteSettings
from adapter.core.routing import route_group

if TYPE_CHECKING:
    from adapter.core.mentions import MentionRule

NAMES = st.sampled_from(["team", "env", "severity", "instance"])
VALUES = st.sampled_from(["", "a", "b", "critical"])
MATCHERS = st.builds(Matcher, NAMES, st.sampled_from(Operator), VALUES)
ALERTS = st.builds(Alert, labels=st.dictionaries(NAMES, VALUES), status=st.sampled_from(Status))
GROUPS = st.lists(ALERTS, max_size=14).map(lambda alerts: AlertGroup(alerts=tuple(alerts)))
SETTINGS = st.builds(
    RouteSettings,
    robots=st.none() | st.lists(st.sampled_from(["a", "b", "label:team"]), max_size=2).map(tuple),
    template=st.sampled_from([None, "compact"]),
    send_resolved=st.none() | st.booleans(),
    priority=st.sampled_from([None, "normal"]),
    mention=st.none() | st.lists(st.sampled_from(["zhang", "lee"]), max_size=2).map(tuple),
)
ROBOTS = {"a": RouteSettings(), "b": RouteSettings(mention=("on-call",))}


def routes(depth: int) -> st.SearchStrategy[Route]:
    below = st.lists(routes(depth - 1), max_size=3) if depth else st.just([])
    return st.builds(
        Route,
        settings=SETTINGS,
        matchers=st.lists(MATCHERS, max_size=1).map(tuple),
        continues=st.booleans(),
        routes=below.map(tuple),
    )


def about(rules: tuple[MentionRule, ...], index: int) -> set[tuple[str, ...]]:
    """Return whom an alert of a delivery rings."""
    return {rule.targets for rule in rules if rule.alerts is None or index in rule.alerts}


@given(routes(2), GROUPS)
def test_each_alert_is_told_as_if_it_had_come_alone(root: Route, group: AlertGroup) -> None:
    told = route_group(root, group, ROBOTS)
    for alert in group.alerts:
        for alone in route_group(root, subset(group, [alert]), ROBOTS):
            [mine] = [
                (each, place)
                for each in told
                if (each.robot, each.settings) == (alone.robot, alone.settings)
                for place, other in enumerate(each.group.alerts)
                if other is alert
            ]
            delivery, place = mine
            assert about(delivery.mentions, place) == about(alone.mentions, 0)
            assert set(alone.routes) <= set(delivery.routes)
            assert alone.priority <= delivery.priority


@given(GROUPS, st.lists(NAMES, unique=True))
def test_alerts_of_a_kind_differ_in_nothing_that_is_asked(
    group: AlertGroup, asked: list[str]
) -> None:
    kinds = Kinds(group, asked)
    seen: list[Alert] = []
    for kind, example in kinds.examples.items():
        part = kinds.part([kind])
        seen += part.alerts
        for alert in part.alerts:
            assert alert.status is example.status
            assert all(alert.labels.get(name) == example.labels.get(name) for name in asked)
        assert part == subset(group, part.alerts)
        assert kinds.each([kind]) == [kind] * len(part.alerts)
    assert sorted(map(id, seen)) == sorted(map(id, group.alerts))
    assert kinds.part(kinds.examples.keys()) is group
