"""Routing: which robots get which alerts, and how they are to look."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.core.alerts import Alert, AlertGroup, Status, subset
from adapter.core.delivery import Delivery, RenderSettings, Split
from adapter.core.matchers import parse_matchers
from adapter.core.priority import Priority
from adapter.core.routes import Route, RouteSettings, inherit, match
from adapter.core.routing import address_group, route_group

if TYPE_CHECKING:
    from collections.abc import Mapping

often = settings(deadline=None, max_examples=3_000 if os.environ.get("VERIFY") else 75)

ALL_ROBOTS = ("ops", "a", "b", "c")
NO_DEFAULTS = dict.fromkeys(ALL_ROBOTS, RouteSettings())


def route(  # as many keys as a route has
    matchers: str = "",
    robots: str | None = None,
    *routes: Route,
    continues: bool = False,
    template: str | None = None,
    send_resolved: bool | None = None,
) -> Route:
    """Return a route; `robots` are names with spaces between."""
    return Route(
        settings=RouteSettings(
            robots=None if robots is None else tuple(robots.split()),
            template=template,
            send_resolved=send_resolved,
        ),
        matchers=parse_matchers(matchers),
        continues=continues,
        routes=routes,
    )


def alert(status: str = "firing", /, **labels: str) -> Alert:
    return Alert(labels=labels, status=Status(status), annotations={"summary": "s", **labels})


def group(*alerts: Alert) -> AlertGroup:
    return AlertGroup(alerts=alerts, group_key="key", external_url="http://am", truncated_alerts=2)


TREE = route(
    "",
    "default",
    route(
        'owner="A", level!="debug"',
        "A",
        route('env="testing", zone!~".*x"', "testing"),
        route('env="production"', "prod-1", continues=True),
        route('env=~"produ.*", job=~".*"', "prod-2"),
        route('env="production"', "never"),
    ),
    route('owner=~"B|C"', "BC"),
    route('tier="gold"', None, route('env="testing"', "testing", route('wait="long"'))),
    route("watched=yes", "watch", continues=True),
    route("watched=yes, also=yes", "also", continues=True),
)

MATCHED = [
    ({}, ["default"]),
    ({"owner": "A"}, ["A"]),
    ({"owner": "A", "level": "debug"}, ["default"]),
    ({"owner": "A", "env": "unset"}, ["A"]),
    ({"owner": "A", "env": "testing"}, ["testing"]),
    ({"owner": "A", "env": "testing", "zone": "xx"}, ["A"]),
    ({"owner": "A", "env": "production"}, ["prod-1", "prod-2"]),
    ({"owner": "C"}, ["BC"]),
    ({"owner": "BC"}, ["default"]),
    ({"tier": "gold"}, ["default"]),
    ({"tier": "gold", "env": "testing"}, ["testing"]),
    ({"tier": "gold", "env": "testing", "wait": "long"}, ["testing"]),
    ({"owner": "B", "tier": "gold"}, ["BC"]),
    ({"watched": "yes"}, ["watch"]),
    ({"watched": "yes", "also": "yes"}, ["watch", "also"]),
]


@pytest.mark.parametrize(("labels", "robots"), MATCHED)
def test_the_tree_takes_an_alert_as_alertmanager_s_does(
    labels: dict[str, str], robots: list[str]
) -> None:
    found = [robot for taken in match(TREE, labels) for robot in taken.robots(labels, ())]
    assert found == robots


def test_a_match_tells_the_way_from_the_root() -> None:
    (found,) = match(TREE, {"tier": "gold", "env": "testing", "wait": "long"})
    gold = TREE.routes[2]
    assert found.path == (TREE, gold, gold.routes[0], gold.routes[0].routes[0])
    assert found.route is gold.routes[0].routes[0]


def test_a_root_that_does_not_match_takes_nothing() -> None:
    assert match(route("a=b", "ops"), {}) == ()
    assert route_group(route("a=b", "ops"), group(alert()), NO_DEFAULTS) == ()


def test_a_group_splits_over_routes_and_keeps_the_order_of_its_alerts() -> None:
    root = route("", "ops", route("to=a", "a"), route("to=b", "b b a b"))
    first, second, third, fourth = (alert(to=to, n=n) for to, n in ("a1", "b2", "a3", "x4"))
    whole = group(first, second, third, fourth)
    deliveries = route_group(root, whole, NO_DEFAULTS)
    assert [(to.robot, to.group.alerts) for to in deliveries] == [
        ("a", (first, second, third)),
        ("b", (second,)),
        ("ops", (fourth,)),
    ]
    part = deliveries[1].group
    assert part == subset(whole, [second])
    assert part.common_labels == {"n": "2", "to": "b"}
    assert (part.group_key, part.truncated_alerts) == ("key", 2)


def test_the_whole_group_is_passed_on_as_it_is() -> None:
    whole = group(alert(n="1"), alert("resolved", n="2"))
    (delivery,) = route_group(route("", "ops"), whole, NO_DEFAULTS)
    assert delivery == Delivery(
        robot="ops", group=whole, settings=RenderSettings(), routes=("route",)
    )
    assert delivery.group is whole


LAYERS = [
    ("leaf", "parent", "robot", "leaf"),
    (None, "parent", "robot", "parent"),
    (None, None, "robot", "robot"),
    (None, None, None, "default"),
]


@pytest.mark.parametrize(("leaf", "parent", "robot", "expected"), LAYERS)
def test_a_setting_comes_from_the_route_its_parents_the_robot_or_the_default(
    leaf: str | None, parent: str | None, robot: str | None, expected: str
) -> None:
    root = route("", "ops", route("", None, route("", template=leaf)), template=parent)
    robots = {"ops": RouteSettings(template=robot, language="en")}
    (delivery,) = route_group(root, group(alert()), robots)
    assert delivery.settings == RenderSettings(template=expected, language="en")


def test_one_robot_gets_an_alert_once_with_the_first_route_s_settings() -> None:
    root = route(
        "",
        "ops",
        route("", "a b", continues=True, template="first", send_resolved=False),
        route("", "b c", continues=True, template="second"),
    )
    deliveries = route_group(root, group(alert(n="1"), alert("resolved", n="2")), NO_DEFAULTS)
    assert [(to.robot, to.settings.template, len(to.group.alerts)) for to in deliveries] == [
        ("a", "first", 1),
        ("b", "first", 1),
        ("c", "second", 2),
    ]


def test_one_route_under_two_parents_takes_the_settings_of_each() -> None:
    shared = route("", "a")
    root = route("", None, route("to=x", None, shared, template="x"), route("", None, shared))
    deliveries = route_group(root, group(alert(to="x"), alert(to="y")), NO_DEFAULTS)
    assert [to.settings.template for to in deliveries] == ["x", "default"]


def test_one_robot_gets_one_delivery_for_each_look() -> None:
    root = route(
        "",
        "ops",
        route("to=a", template="x"),
        route("to=b", template="y"),
        route("to=c", template="x"),
    )
    deliveries = route_group(root, group(*(alert(to=to) for to in "abca")), NO_DEFAULTS)
    assert [
        (to.settings.template, [of.labels["to"] for of in to.group.alerts]) for to in deliveries
    ] == [
        ("x", ["a", "c", "a"]),
        ("y", ["b"]),
    ]


BY_TEAM = route(
    "",
    "ops",
    route("kind=app", "a", route('deep="yes"', "label:team", route('deeper="yes"', "label:owner"))),
    route("kind=both", "b label:team"),
    route("kind=none", "", route('deep="yes"', "label:team")),
)


@pytest.mark.parametrize(
    ("labels", "robots"),
    [
        ({"kind": "app", "deep": "yes", "team": "c"}, ["c"]),
        ({"kind": "app", "deep": "yes", "team": "nobody"}, ["a"]),
        ({"kind": "app", "deep": "yes", "team": ""}, ["a"]),
        ({"kind": "app", "deep": "yes"}, ["a"]),
        ({"kind": "app", "deep": "yes", "team": "label:team"}, ["a"]),
        ({"kind": "app", "deep": "yes", "deeper": "yes", "owner": "b", "team": "c"}, ["b"]),
        ({"kind": "app", "deep": "yes", "deeper": "yes", "owner": "x", "team": "c"}, ["c"]),
        ({"kind": "app", "deep": "yes", "deeper": "yes", "owner": "x", "team": "x"}, ["a"]),
        ({"kind": "both", "team": "c"}, ["b", "c"]),
        ({"kind": "both", "team": "b"}, ["b"]),
        ({"kind": "both"}, ["b", "ops"]),
        ({"kind": "none", "deep": "yes", "team": "c"}, ["c"]),
        ({"kind": "none", "deep": "yes", "team": "x"}, []),
    ],
)
def test_a_label_names_the_robot_or_else_the_parent_does(
    labels: dict[str, str], robots: list[str]
) -> None:
    deliveries = route_group(BY_TEAM, group(alert(**labels)), NO_DEFAULTS)
    assert [delivery.robot for delivery in deliveries] == robots


def test_alerts_of_one_route_go_each_to_the_robot_of_its_own_label() -> None:
    root = route("", "ops", route("", "label:team"))
    alerts = (alert(team="a"), alert(team="b", n="1"), alert(), alert(team="b", n="2"))
    found = {
        each.robot: each.group.alerts for each in route_group(root, group(*alerts), NO_DEFAULTS)
    }
    assert found == {"a": alerts[:1], "b": alerts[1::2], "ops": alerts[2:3]}


def test_where_each_alert_has_its_own_message_high_takes_no_other_along() -> None:
    """A small group stays whole to save a message, which is not wanted here."""
    mixed = group(alert(severity="critical"), alert(severity="warning"))
    (whole,) = route_group(route("", "ops"), mixed, NO_DEFAULTS)
    assert (whole.priority, whole.split) == (Priority.HIGH, Split.GROUP)
    apart = address_group("ops", mixed, RouteSettings(split="alert"))
    assert [(each.priority, each.split) for each in apart] == [
        (Priority.HIGH, Split.ALERT),
        (Priority.NORMAL, Split.ALERT),
    ]


def test_no_robots_and_no_alerts_deliver_nothing() -> None:
    assert route_group(route("", "ops", route("", "")), group(alert()), NO_DEFAULTS) == ()
    assert route_group(route("", None), group(alert()), NO_DEFAULTS) == ()
    assert route_group(route("", "ops"), group(), NO_DEFAULTS) == ()
    assert address_group("ops", group(), RouteSettings()) == ()


def test_without_send_resolved_what_is_over_is_left_out() -> None:
    root = route("", "ops", send_resolved=False)
    assert route_group(root, group(alert("resolved", n="1")), NO_DEFAULTS) == ()
    mixed = group(alert("resolved", n="1"), alert(n="2"))
    (delivery,) = route_group(root, mixed, NO_DEFAULTS)
    assert delivery.group.alerts == mixed.firing
    assert delivery.group.common_annotations == {"n": "2", "summary": "s"}


@pytest.mark.parametrize("sends", [None, True, False])
def test_a_robot_s_own_address_takes_its_own_settings(sends: bool | None) -> None:  # noqa: FBT001
    mixed = group(alert("resolved", n="1"), alert(n="2"))
    defaults = RouteSettings(template="own", timezone="UTC", send_resolved=sends)
    (delivery,) = address_group("ops", mixed, defaults)
    assert (delivery.robot, delivery.settings) == (
        "ops",
        RenderSettings(template="own", timezone="UTC"),
    )
    assert delivery.group == (subset(mixed, mixed.firing) if sends is False else mixed)


def test_inherit_takes_false_and_nothing_for_an_answer() -> None:
    said = RouteSettings(send_resolved=False, robots=())
    assert inherit([said, RouteSettings(send_resolved=True, robots=("ops",))]) == said
    assert inherit([]) == RouteSettings()


label_sets = st.dictionaries(st.sampled_from("xyz"), st.sampled_from(["1", "2", "", "a"]))
conditions = st.lists(
    st.sampled_from(['x="1"', 'y!="2"', 'z=~"1|2"', 'x=""', 'y!~".+"']), max_size=2
).map(",".join)
route_settings = st.builds(
    RouteSettings,
    robots=st.none()
    | st.lists(st.sampled_from((*ALL_ROBOTS, "label:x", "label:y")), max_size=3).map(tuple),
    template=st.sampled_from([None, "t", "u"]),
    language=st.none(),
    timezone=st.sampled_from([None, "UTC"]),
    send_resolved=st.sampled_from([None, True, False]),
)


def routes_above(below: st.SearchStrategy[tuple[Route, ...]]) -> st.SearchStrategy[Route]:
    return st.builds(
        Route,
        settings=route_settings,
        matchers=conditions.map(parse_matchers),
        continues=st.booleans(),
        routes=below,
    )


trees = st.recursive(
    routes_above(st.just(())),
    lambda below: routes_above(st.lists(below, max_size=3).map(tuple)),
    max_leaves=12,
)
alerts = st.builds(Alert, labels=label_sets, status=st.sampled_from(Status))
groups = st.lists(alerts, max_size=6).map(lambda members: AlertGroup(alerts=tuple(members)))
defaults = st.fixed_dictionaries(dict.fromkeys(ALL_ROBOTS, route_settings))


def taken_by(tree: Route, labels: Mapping[str, str]) -> list[Route]:
    """Say Alertmanager's rule again, as plainly as it can be said."""
    if not all(matcher.matches(labels) for matcher in tree.matchers):
        return []
    found = []
    for child in tree.routes:
        below = taken_by(child, labels)
        found += below
        if below and not child.continues:
            break
    return found or [tree]


@often
@given(trees, label_sets)
def test_every_match_is_a_way_down_the_tree_that_takes_the_alert(
    tree: Route, labels: dict[str, str]
) -> None:
    matches = match(tree, labels)
    assert [found.route for found in matches] == taken_by(tree, labels)
    for found in matches:
        assert found.path[0] is tree
        for above, below in zip(found.path, found.path[1:], strict=False):
            assert any(below is child for child in above.routes)
        assert all(each.matches(labels) for node in found.path for each in node.matchers)


@often
@given(trees, groups, defaults)
def test_a_robot_gets_exactly_the_alerts_that_its_routes_take_each_once(
    tree: Route, whole: AlertGroup, robots: dict[str, RouteSettings]
) -> None:
    deliveries = route_group(tree, whole, robots)
    found = [
        (delivery.robot, delivery.settings.template, part)
        for delivery in deliveries
        for part in delivery.group.alerts
    ]
    expected = []
    for member in whole.alerts:
        firsts: dict[str, RouteSettings] = {}
        for taken in match(tree, member.labels):
            for robot in taken.robots(member.labels, robots):
                firsts.setdefault(robot, inherit([*taken.layers, robots[robot]]))
        expected += [
            (robot, said.template or "default", member)
            for robot, said in firsts.items()
            if member.status is Status.FIRING or said.send_resolved is not False
        ]
    assert sorted(found, key=repr) == sorted(expected, key=repr)


@often
@given(trees, groups, defaults)
def test_deliveries_differ_and_each_is_a_part_of_the_group(
    tree: Route, whole: AlertGroup, robots: dict[str, RouteSettings]
) -> None:
    deliveries = route_group(tree, whole, robots)
    assert len({(to.robot, to.settings) for to in deliveries}) == len(deliveries)
    for delivery in deliveries:
        rest = iter(whole.alerts)
        assert all(any(part is other for other in rest) for part in delivery.group.alerts)
        assert delivery.group == subset(whole, delivery.group.alerts)
