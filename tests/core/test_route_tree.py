"""The tree that is made ready finds what the plain walk finds, and asks few of many routes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from adapter.core.matcher import Matcher, Operator
from adapter.core.route_tree import FEW, Node, RouteTree
from adapter.core.routes import Route, RouteSettings, match
from adapter.core.routing import Router, route_group
from support.alerts import make_alert, make_group

NAMES = st.sampled_from(["team", "env"])
VALUES = st.sampled_from(["", "a", "b", "c"])
MATCHERS = st.builds(Matcher, NAMES, st.sampled_from(Operator), VALUES)
LABELS = st.dictionaries(NAMES, VALUES)


def routes(depth: int) -> st.SearchStrategy[Route]:
    """Return trees of routes, with many children and few."""
    below = st.lists(routes(depth - 1), max_size=2 * FEW) if depth else st.just([])
    return st.builds(
        Route,
        settings=st.just(RouteSettings()),
        matchers=st.lists(MATCHERS, max_size=2).map(tuple),
        continues=st.booleans(),
        routes=below.map(tuple),
    )


@given(routes(2), LABELS)
def test_the_tree_finds_what_the_walk_finds(root: Route, labels: dict[str, str]) -> None:
    found = RouteTree(root).find(labels)
    assert [list(map(id, node.path)) for node in found] == [
        list(map(id, each.path)) for each in match(root, labels)
    ]


def test_only_routes_that_can_match_are_asked() -> None:
    children = [
        Route(
            settings=RouteSettings(),
            matchers=(Matcher("team", Operator.EQUAL, f"team-{number}"),),
        )
        for number in range(2_000)
    ]
    last = Route(settings=RouteSettings())
    root = Node(Route(settings=RouteSettings(), routes=(*children, last)))
    asked = [node.route for node in root.asked({"team": "team-1234"})]
    assert asked == [children[1234], last]


def test_a_router_keeps_nothing_of_labels_that_name_no_robot() -> None:
    root = Route(settings=RouteSettings(robots=("label:team", "ops")))
    robots = {"ops": RouteSettings(), "db": RouteSettings()}
    router = Router(root, robots)
    for number in range(50):
        group = make_group(make_alert(team=f"nobody-{number}"), make_alert(team="db"))
        assert router.route(group) == route_group(root, group, robots)
    [(_, by_value)] = router._known.values()  # noqa: SLF001  # what would fill the memory
    assert len(by_value) == 2
