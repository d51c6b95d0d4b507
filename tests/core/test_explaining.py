"""What is said of the way of an alert is the way that it takes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from adapter.core.explaining import BUILT_IN, DEFAULTS, Said, settings_of, steps
from adapter.core.matchers import parse_matchers
from adapter.core.routes import Route, RouteSettings, inherit, match

NOTHING = RouteSettings()
conditions = st.sampled_from(["", 'x="1"', 'y!="2"', 'x=~"1|2",y=""']).map(parse_matchers)


def routes_above(below: st.SearchStrategy[tuple[Route, ...]]) -> st.SearchStrategy[Route]:
    return st.builds(
        Route,
        settings=st.builds(
            RouteSettings,
            robots=st.none(),
            template=st.sampled_from([None, "a", "b"]),
            defer=st.sampled_from([None, (), ("nights",)]),
        ),
        matchers=conditions,
        continues=st.booleans(),
        routes=below,
    )


trees = st.recursive(
    routes_above(st.just(())),
    lambda below: routes_above(st.lists(below, max_size=3).map(tuple)),
    max_leaves=10,
)
labels = st.dictionaries(st.sampled_from("xy"), st.sampled_from(["", "1", "2"]))


@given(trees, labels)
def test_the_steps_end_where_the_alert_is_matched(root: Route, named: dict[str, str]) -> None:
    found = steps(root, named)
    ends = [step.route for step in found if step.ends]
    taken = [result.route for result in match(root, named)]
    assert list(map(id, ends)) == list(map(id, taken))
    for step in found:
        if step.refused_by is not None:
            assert not step.refused_by.matches(named)
            assert not step.ends
        elif step.after is not None:
            assert all(matcher.matches(named) for matcher in step.after.matchers)
            assert not step.after.continues
        else:
            assert all(matcher.matches(named) for matcher in step.route.matchers)


@given(trees, labels)
def test_each_setting_is_the_inherited_one(root: Route, named: dict[str, str]) -> None:
    robot = RouteSettings(language="en")
    for result in match(root, named):
        expected = inherit((*result.layers, robot))
        for name, said in settings_of(result, "ops", robot).items():
            value = getattr(expected, name)
            assert said.value == (DEFAULTS.get(name) if value is None else value)
            assert (said.source == BUILT_IN) == (value is None)


def test_a_setting_says_whose_it_is() -> None:
    leaf = Route(settings=RouteSettings(template="t"), path="route.routes[0]")
    root = Route(settings=RouteSettings(template="u", timezone="UTC"), routes=(leaf,))
    (found,) = match(root, {})
    said = settings_of(found, "ops", RouteSettings(language="en", timezone="Asia/Tokyo"))
    assert said["template"] == Said("t", "route.routes[0]")
    assert said["timezone"] == Said("UTC", "route")
    assert said["language"] == Said("en", "robots.ops")
    assert said["priority"] == Said("auto", BUILT_IN)
