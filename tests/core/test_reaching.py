"""Whom a test message to a robot rings."""

from __future__ import annotations

from adapter.core.directory import Contact, Found
from adapter.core.reaching import greeting, whom_a_test_rings
from adapter.core.routes import Route, RouteSettings
from support.mentions import DIRECTORY, as_sent, rung_by
from support.rendering import NOW

ZHANG, LEE = Contact("13800000001"), Contact("+852-12345678")
WANG = Contact(user_id="wang_wu.01")


def route(
    *mention: str, robots: str = "", otherwise: str = "", routes: tuple[Route, ...] = ()
) -> Route:
    settings = RouteSettings(
        robots=tuple(robots.split()) or None,
        mention=mention or None,
        mention_else=tuple(otherwise.split()) or None,
    )
    return Route(settings=settings, routes=routes)


def rung(root: Route, *own: str, robot: str = "ops") -> tuple[Contact, ...]:
    defaults = RouteSettings(mention=own or None)
    return whom_a_test_rings(root, robot, defaults, DIRECTORY, NOW).contacts


def test_it_rings_who_is_on_call_on_every_route_to_the_robot() -> None:
    db = route("lee", robots="db")
    both = route("wang", robots="ops db")
    assert rung(route("schedule:sre", robots="ops", routes=(db, both))) == (ZHANG, WANG)
    assert rung(route("schedule:sre", robots="ops", routes=(db, both)), robot="db") == (LEE, WANG)


def test_a_robot_that_no_route_names_rings_by_its_own_settings() -> None:
    assert rung(route(robots="db"), "lee") == (LEE,)
    assert rung(route(robots="label:team"), "lee") == (LEE,)
    assert rung(route(robots="db")) == ()


def test_it_never_rings_everybody() -> None:
    assert rung(route("all", "lee", robots="ops")) == (LEE,)


def test_without_labels_somebody_else_is_rung() -> None:
    root = route("label:owner", robots="ops", otherwise="zhang")
    assert rung(root) == (ZHANG,)
    found = whom_a_test_rings(root, "ops", RouteSettings(), DIRECTORY, NOW)
    assert found.missing == ("label:owner=",)


def test_the_message_rings_them_in_the_language_of_the_robot() -> None:
    found = whom_a_test_rings(
        route("zhang", "wang", robots="ops"), "ops", RouteSettings(), DIRECTORY, NOW
    )
    sent = as_sent(greeting("ops", found, "zh"))
    assert sent["markdown"]["text"].endswith("\n\n值班 张三 @13800000001 王五 @wang_wu.01")
    assert rung_by(sent) == ("zhang", "wang")


def test_the_message_says_when_nobody_is_on_call() -> None:
    sent = as_sent(greeting("[a](http://x)", Found(), "en"))
    assert sent["markdown"]["text"].endswith("\n\nNobody is on call here now")
    assert r"\[a\](http" in sent["markdown"]["text"], "a name makes no link"
    assert "at" not in sent
