"""From a message that nobody answers to the reminder, and what ends it: all but the network."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from adapter.core.people import Person
from adapter.core.reminding import Remind
from adapter.core.routes import Route, RouteSettings
from adapter.reminders import Reminders
from support.alerts import make_alert
from support.shop import linked_settings, shop
from web.test_message_acts import post
from web.test_message_pages import of_bj

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from support.shop import Shop

BOSS = Person(key="boss", name="老板", mobile="13700000007")
TEN = timedelta(minutes=10)
REMIND = Remind(after=TEN, times=3, targets=("boss",))


@pytest.fixture
def open_shop(tmp_path: Path) -> Iterator[Shop]:
    route = Route(settings=RouteSettings(robots=("ops",), remind=REMIND))
    with shop(tmp_path, linked_settings(route=route, people={"boss": BOSS})) as opened:
        yield opened


def look(shop: Shop, after: timedelta = TEN) -> list[str]:
    """Let time pass, look, and return what the group was told."""
    shop.clock.advance(after)
    woken: list[str] = []

    def wake(robots: Iterable[str]) -> None:
        woken.extend(robots)

    Reminders(shop.store, shop.clock, settings=lambda: shop.settings, wake=wake).step()
    before = len(shop.bodies)
    shop.deliver()
    told = shop.texts()[before:]
    assert woken == ["ops"] * len(told)
    return told


def test_it_rings_again_with_whom_it_names_until_its_number(open_shop: Shop) -> None:
    open_shop.receive(of_bj(make_alert("DiskFull", instance="10.0.0.1")))
    with capture_logs() as lines:
        [first] = look(open_shop)
    assert "无人处理：DiskFull" in first
    assert "(1/3)" in first
    assert "@13700000007" in first
    assert open_shop.bodies[-1]["at"] == {"atMobiles": ["13700000007"]}
    assert "nobody is on it" in [line["event"] for line in lines]
    assert (len(look(open_shop)), len(look(open_shop)), look(open_shop)) == (1, 1, [])


@pytest.mark.parametrize("deed", ["acknowledge", "silence"])
def test_what_is_done_through_its_own_link_ends_it(open_shop: Shop, deed: str) -> None:
    open_shop.receive(of_bj(make_alert("DiskFull")))
    look(open_shop)
    [act] = open_shop.links("act")
    assert post(open_shop, act, do=deed).status_code == 200
    open_shop.deliver()
    assert (look(open_shop), look(open_shop)) == ([], [])


def test_its_end_ends_it(open_shop: Shop) -> None:
    open_shop.receive(of_bj(make_alert("DiskFull")))
    look(open_shop)
    open_shop.receive(of_bj(make_alert("DiskFull", status="resolved")))
    assert look(open_shop) == []


def test_a_route_may_switch_off_what_its_parent_says(open_shop: Shop) -> None:
    quiet = Route(settings=RouteSettings(remind=Remind(after=TEN, times=0)), path="route.routes[0]")
    parent = Route(settings=RouteSettings(robots=("ops",), remind=REMIND), routes=(quiet,))
    open_shop.settings = replace(open_shop.settings, route=parent)
    open_shop.receive(of_bj(make_alert("DiskFull")))
    assert look(open_shop) == []


def test_who_names_nobody_rings_whom_the_alert_rang(open_shop: Shop) -> None:
    said = RouteSettings(robots=("ops",), remind=Remind(after=TEN), mention=("boss",))
    open_shop.settings = replace(open_shop.settings, route=Route(settings=said))
    open_shop.receive(of_bj(make_alert("DiskFull")))
    [reminder] = look(open_shop)
    assert "@13700000007" in reminder
