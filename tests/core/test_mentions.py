"""Whom a route rings: decided from its words, looked up in the directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from adapter.core.alerts import Alert
from adapter.core.directory import EVERYBODY, Contact, Found
from adapter.core.matchers import parse_matchers
from adapter.core.mentions import (
    MentionRule,
    Occasion,
    Wanted,
    announcement,
    occasion_of,
    rules_of,
    wanted_by,
)
from adapter.core.priority import Priority
from adapter.core.routes import Route, RouteSettings
from adapter.core.routing import address_group, route_group
from support.alerts import make_alert, make_group
from support.mentions import DIRECTORY, rule
from support.rendering import NOW

if TYPE_CHECKING:
    from adapter.core.delivery import Delivery

ZHANG = Contact("13800000001")
LEE = Contact("+852-12345678")


def find(*targets: str, otherwise: tuple[str, ...] = (), team: str = "", owner: str = "") -> Found:
    alert = Alert(labels={"team": team, "owner": owner})
    [wanted] = wanted_by([rule(*targets, otherwise=otherwise)], 0, alert, Occasion.FIRING)
    return DIRECTORY.find(wanted, NOW)


@pytest.mark.parametrize(
    ("target", "contact"),
    [
        ("zhang", ZHANG),
        ("wang", Contact(user_id="wang_wu.01")),
        ("schedule:sre", ZHANG),
        ("schedule:label:team", ZHANG),
        ("label:owner", LEE),
        ("mobile:13911112222", Contact("13911112222")),
        ("user:u-1", Contact(user_id="u-1")),
        ("all", EVERYBODY),
    ],
)
def test_each_kind_of_target_finds_somebody(target: str, contact: Contact) -> None:
    assert find(target, team="sre", owner="lee") == Found((contact,))


@pytest.mark.parametrize(
    ("target", "missing"),
    [
        ("nobody", "nobody"),
        ("gone", "gone"),  # on leave
        ("schedule:gap", "schedule:gap"),
        ("schedule:none", "schedule:none"),
        ("schedule:label:team", "schedule:label:team=dba"),
        ("label:owner", "label:owner=13800000001"),  # a number in a label is no person
        ("label:none", "label:none="),
    ],
)
def test_what_finds_nobody_is_told_and_somebody_else_is_found(target: str, missing: str) -> None:
    number = "13800000001"
    assert find(target, team="dba", owner=number) == Found((), (missing,))
    found = find(target, otherwise=("lee",), team="dba", owner=number)
    assert found == Found((LEE,), (missing,))


def test_who_is_found_first_is_enough() -> None:
    assert find("nobody", "zhang", otherwise=("lee",)) == Found((ZHANG,), ("nobody",))


def test_each_is_found_once() -> None:
    assert find("zhang", "schedule:sre", "mobile:13800000001") == Found((ZHANG,))


def test_a_value_that_finds_nobody_is_cut_and_shows_on_one_line() -> None:
    [missing] = find("label:owner", owner="a\nb" + "x" * 99).missing
    assert missing.startswith("label:owner=a bxx")
    assert len(missing) < 80


def test_nobody_who_is_logged_is_logged_whole() -> None:
    shown = [contact.masked for contact in (ZHANG, LEE, Contact(user_id="u-1"), EVERYBODY)]
    assert shown == ["138****0001", "+852-12****78", "u-1", "all"]


# -- when ------------------------------------------------------------------------------------------


def test_an_alert_is_new_until_it_is_announced() -> None:
    alert = make_alert()
    known = {announcement("bj", alert)}
    assert occasion_of("bj", alert, ()) is Occasion.FIRING
    assert occasion_of("bj", alert, known) is Occasion.REPEAT
    assert occasion_of("sh", alert, known) is Occasion.FIRING
    again = msgspec.structs.replace(alert, starts_at=NOW)
    assert occasion_of("bj", again, known) is Occasion.FIRING


def test_what_was_over_before_it_was_announced_is_no_occasion() -> None:
    over = make_alert(status="resolved")
    assert occasion_of("", over, ()) is None
    assert occasion_of("", over, {announcement("", over)}) is Occasion.RESOLVED


def test_the_senders_offset_makes_no_new_alert() -> None:
    alert = make_alert()
    assert alert.starts_at is not None
    elsewhere = alert.starts_at.astimezone(tz=None)
    moved = msgspec.structs.replace(alert, starts_at=elsewhere)
    assert announcement("", moved) == announcement("", alert)


def test_a_rule_rings_on_the_occasions_that_it_names() -> None:
    rules = (rule("zhang"), rule("lee", on=["repeat", "resolved"]), rule("wang", on=[]))
    alert = make_alert()
    wanted = {
        occasion: [each.targets for each in wanted_by(rules, 0, alert, occasion)]
        for occasion in (*Occasion, None)
    }
    assert wanted == {
        Occasion.FIRING: [("zhang",)],
        Occasion.REPEAT: [("lee",)],
        Occasion.RESOLVED: [("lee",)],
        None: [],
    }


def test_a_rule_may_be_about_some_alerts_only() -> None:
    some = MentionRule(targets=("label:owner",), alerts=(1, 4))
    alert = Alert(labels={"owner": "lee"})
    found = [list(wanted_by([some], index, alert, Occasion.FIRING)) for index in range(6)]
    wanted = [Wanted(("label:owner",), (), (("owner", "lee"),))]
    assert found == [[], wanted, [], [], wanted, []]


def test_the_rules_of_alerts_become_those_of_their_delivery() -> None:
    a, b = rule("zhang"), rule("lee")
    assert rules_of([(a,), (a,)]) == (a,)
    assert rules_of([(a, b), (a,), (a, b, b)]) == (a, msgspec.structs.replace(b, alerts=(0, 2)))
    assert rules_of([(), ()]) == ()


# -- by route --------------------------------------------------------------------------------------


def tree(mention: tuple[str, ...] | None = None, other: tuple[str, ...] = ()) -> Route:
    """Return routes of which those for `a` and `b` both take an alert that has both."""
    children = (
        Route(
            settings=RouteSettings(mention=("zhang",), mention_on=("firing", "repeat")),
            matchers=parse_matchers('a="1"'),
            continues=True,
        ),
        Route(
            settings=RouteSettings(mention=("lee",), priority="high", template="b"),
            matchers=parse_matchers('b="1"'),
            continues=True,
        ),
        Route(settings=RouteSettings(mention=()), matchers=parse_matchers('quiet="1"')),
    )
    root = RouteSettings(robots=("ops",), mention=mention, mention_else=other)
    return Route(settings=root, routes=children)


def routed(root: Route, *alerts: Alert, mention: tuple[str, ...] | None = None) -> list[Delivery]:
    robots = {"ops": RouteSettings(mention=mention)}
    return list(route_group(root, make_group(*alerts), robots))


def alert(**labels: str) -> Alert:
    return make_alert(severity="warning", **labels)


def test_a_child_s_mentions_replace_its_parent_s() -> None:
    root = tree(("wang",), ("all",))
    [plain] = routed(root, alert())
    assert plain.mentions == (rule("wang", otherwise=["all"]),)
    [child] = routed(root, alert(a="1"))
    assert child.mentions == (rule("zhang", otherwise=["all"], on=["firing", "repeat"]),)
    [quiet] = routed(root, alert(quiet="1"))
    assert quiet.mentions == ()


def test_a_robot_s_mentions_are_the_default_of_what_comes_to_it() -> None:
    [by_route] = routed(tree(), alert(), mention=("zhang",))
    assert by_route.mentions == (rule("zhang"),)
    [straight] = address_group("ops", make_group(alert()), RouteSettings(mention=("lee",)))
    assert straight.mentions == (rule("lee"),)


def test_routes_that_reach_one_robot_are_united_in_one_delivery() -> None:
    [both] = routed(tree(), alert(a="1", b="1"))
    assert both.mentions == (rule("zhang", on=["firing", "repeat"]), rule("lee"))
    assert both.priority is Priority.HIGH
    assert both.settings.template == "default"


@pytest.mark.parametrize(
    ("said", "priority"),
    [(("normal", "auto"), Priority.HIGH), (("normal", "normal"), Priority.NORMAL)],
)
def test_the_highest_priority_of_several_routes_counts(
    said: tuple[str, str], priority: Priority
) -> None:
    children = tuple(Route(settings=RouteSettings(priority=each), continues=True) for each in said)
    root = Route(settings=RouteSettings(robots=("ops",)), routes=children)
    [delivery] = routed(root, make_alert(severity="critical"))
    assert delivery.priority is priority


def test_alerts_of_one_group_that_ring_different_people_stay_one_delivery() -> None:
    [delivery] = routed(tree(("wang",)), alert(), alert(quiet="1"), alert(a="1"))
    assert delivery.mentions == (
        msgspec.structs.replace(rule("wang"), alerts=(0,)),
        MentionRule(targets=("zhang",), on=("firing", "repeat"), alerts=(2,)),
    )


def test_a_delivery_of_an_older_version_mentions_nobody() -> None:
    [delivery] = routed(tree(), make_alert())
    stored = msgspec.to_builtins(delivery)
    del stored["mentions"]
    assert msgspec.convert(stored, type(delivery)) == delivery
