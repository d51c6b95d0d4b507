"""What links of messages open: that delivery and nothing else, as text, without login."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest
from structlog.testing import capture_logs

from adapter.core.delivery import Refused
from adapter.core.matchers import parse_matchers
from adapter.core.message_links import Kind, Link
from adapter.core.people import Person
from adapter.core.routes import Route, RouteSettings
from adapter.core.time_intervals import TimeInterval, times
from adapter.errors import StoreUnavailable
from support.alerts import make_alert, make_group
from support.settings import make_robot
from support.shop import linked_settings, shop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from werkzeug.test import TestResponse

    from adapter.config.settings import Settings
    from adapter.core.alerts import AlertGroup
    from support.shop import Shop

ZHANG = Person(key="zhang", name="张三", mobile="13800000001")
ROUTE = Route(
    settings=RouteSettings(robots=("ops",)),
    routes=(
        Route(
            settings=RouteSettings(mention=("zhang", "mobile:13900000002")),
            matchers=parse_matchers('severity="critical"'),
            path="route.routes[0]",
        ),
    ),
)


def settings() -> Settings:
    return linked_settings(route=ROUTE, people={"zhang": ZHANG})


def of_bj(*alerts: object, key: str = "k") -> AlertGroup:
    group = make_group(*alerts, key=key)  # type: ignore[arg-type]
    return msgspec.structs.replace(group, source="bj")


def inner_links(response: TestResponse) -> list[str]:
    """Return the paths of the timelines that a page leads to."""
    return [
        f"/m/{path}" for path in re.findall(r'href="\.\./\.\./\.\./(why/[^"]+)"', response.text)
    ]


@pytest.fixture
def open_shop(tmp_path: Path) -> Iterator[Shop]:
    with shop(tmp_path, settings()) as opened:
        yield opened


def text_of(response: TestResponse) -> str:
    """Return what a page shows, without its markup."""
    assert response.content_type == "text/html; charset=utf-8"
    body = response.text.partition("<main>")[2]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", body)).strip()


def english(shop: Shop, path: str) -> TestResponse:
    return shop.client.get(path, headers={"Accept-Language": "en-GB,en;q=0.9"})


def test_the_link_of_a_message_tells_why_it_came(open_shop: Shop) -> None:
    open_shop.receive(of_bj(make_alert("DiskFull", instance="10.0.0.1")))
    [why] = open_shop.links("why")
    response = english(open_shop, why)
    assert response.status_code == 200
    told = text_of(response)
    for part in (
        "Why did I get this? DiskFull",
        "Received",
        "from Alertmanager bj",
        "receiver dingtalk",
        "route.routes[0] {severity=&#34;critical&#34;}",
        "to robot ops",
        "high priority: passes the queue",
        "Message sent",
        "rang 张三 138****0001, 139****0002",
        "zhang, mobile:139****0002 · when: firing",
        "instance=10.0.0.1",
        "firing",
    ):
        assert part in told, part
    assert "13800000001" not in response.text
    assert "13900000002" not in response.text


def test_it_speaks_the_language_of_the_browser(open_shop: Shop) -> None:
    open_shop.receive(of_bj())
    [why] = open_shop.links("why")
    assert 'lang="zh-CN"' in open_shop.client.get(why).text
    assert "为何收到" in open_shop.client.get(why, headers={"Accept-Language": "zh-TW"}).text
    assert 'lang="en"' in english(open_shop, why).text


def test_a_page_asks_no_other_host_and_runs_no_script(open_shop: Shop) -> None:
    open_shop.receive(of_bj())
    [why] = open_shop.links("why")
    response = open_shop.client.get(why)
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert "<script" not in response.text
    assert not re.search(r"(src|href)=\"(?!data:|\.\./\.\./\.\./)", response.text)


def test_values_of_alerts_are_text(open_shop: Shop) -> None:
    evil = "<img src=x onerror=alert(1)>{{ 7*7 }}\"'&"
    open_shop.receive(of_bj(make_alert(evil, instance=evil)))
    [why] = open_shop.links("why")
    page = open_shop.client.get(why).text
    assert "<img" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;{{ 7*7 }}" in page


def test_a_message_of_several_groups_leads_to_each(open_shop: Shop) -> None:
    robot = make_robot(rate=msgspec.structs.replace(make_robot().rate, messages=1))
    open_shop.settings = replace(settings(), robots={"ops": robot})
    open_shop.receive(of_bj(make_alert("First", n="0"), key="0"))
    for number in range(1, 4):
        open_shop.receive(of_bj(make_alert(f"Up{number}"), make_alert("Down"), key=str(number)))
    open_shop.clock.advance(timedelta(minutes=2))
    open_shop.deliver()
    assert len(open_shop.bodies) == 2
    [whole] = open_shop.links("message")
    response = english(open_shop, whole)
    assert "Up1 · Down firing 2/2 Up2 · Down" in text_of(response)
    inner = inner_links(response)
    assert len(inner) == 3
    assert "Up3" in text_of(english(open_shop, inner[2]))
    assert "Up1" not in text_of(english(open_shop, inner[2])), "that delivery and no other"


def test_a_digest_leads_to_what_it_counted(open_shop: Shop) -> None:
    robot = make_robot(rate=msgspec.structs.replace(make_robot().rate, messages=1))
    plain = Route(settings=RouteSettings(robots=("ops",), priority="normal"))
    open_shop.settings = replace(settings(), robots={"ops": robot}, route=plain)
    open_shop.receive(of_bj(key="first"))
    for number in range(60):
        alerts = [make_alert(f"Up{number}", n=f"{each}" * 90) for each in range(30)]
        open_shop.receive(of_bj(*alerts, key=str(number)))
    open_shop.clock.advance(timedelta(minutes=2))
    open_shop.deliver()
    [whole] = open_shop.links("message", 1)
    told = text_of(english(open_shop, whole))
    assert "as a digest" in told
    assert "Up0 firing 30/30" in told
    assert told.endswith("…"), "sixty are more than a page tells"
    [inner, *_] = inner_links(english(open_shop, whole))
    assert "counted in a digest" in text_of(english(open_shop, inner))


def test_what_waits_or_died_is_told(open_shop: Shop) -> None:
    open_shop.outcomes = [Refused("430101", "unsafe content")] * 9
    open_shop.receive(of_bj(make_alert("Odd")))
    for _ in range(9):
        open_shop.clock.advance(timedelta(hours=1))
        open_shop.deliver()
    linker = open_shop.settings.linker
    assert linker is not None
    why = linker.why(1, open_shop.clock.now()).removeprefix(linker.base)
    told = text_of(english(open_shop, why))
    assert "DingTalk did not take the message; it was planned anew" in told
    assert "DingTalk's answer: 430101 unsafe content" in told.replace("&#39;", "'")
    assert "Could not be delivered" in told


def test_what_is_held_back_says_until_when(open_shop: Shop) -> None:
    every_day = {"all": (TimeInterval(times=(times("00:00", "24:00"),)),)}
    route = Route(settings=RouteSettings(robots=("ops",), priority="normal", defer=("all",)))
    open_shop.settings = replace(settings(), route=route, time_intervals=every_day)
    open_shop.receive(of_bj())
    linker = open_shop.settings.linker
    assert linker is not None
    path = linker.why(1, open_shop.clock.now()).removeprefix(linker.base)
    told = text_of(english(open_shop, path))
    assert "held back until" in told
    assert "Waits to be sent" in told


def test_a_long_delivery_tells_its_first_alerts(open_shop: Shop) -> None:
    alerts = [make_alert("Many", n=str(number)) for number in range(60)]
    ended = make_alert("Over", status="resolved")
    open_shop.receive(of_bj(ended, *alerts))
    told = text_of(english(open_shop, open_shop.links("why")[0]))
    assert "and 11 more" in told
    assert "resolved · since" in told


@pytest.mark.parametrize("kind", [Kind.WHY, Kind.MESSAGE])
def test_a_link_opens_nothing_when_it_should_not(open_shop: Shop, kind: Kind) -> None:
    open_shop.receive(of_bj())
    linker, now = open_shop.settings.linker, open_shop.clock.now()
    assert linker is not None
    make = {Kind.WHY: lambda: linker.why(999, now), Kind.MESSAGE: lambda: linker.message("f", now)}
    unknown = make[kind]().removeprefix(linker.base)
    assert english(open_shop, unknown).status_code == 404
    assert "No longer kept" in text_of(english(open_shop, unknown))
    forged = english(open_shop, unknown[:-1] + ("A" if unknown[-1] != "A" else "B"))
    assert forged.status_code == 404
    assert "This link is not valid" in text_of(forged)
    open_shop.clock.advance(timedelta(days=31))
    assert english(open_shop, unknown).status_code == 410
    open_shop.settings = replace(
        open_shop.settings, silence=replace(open_shop.settings.silence, secret=None)
    )
    assert english(open_shop, unknown).status_code == 404


def test_nothing_is_done_through_what_only_tells(open_shop: Shop) -> None:
    open_shop.receive(of_bj())
    [why] = open_shop.links("why")
    assert open_shop.client.post(why, data={"do": "silence"}).status_code == 405
    assert open_shop.client.head(why).status_code == 200


def test_a_store_that_fails_is_told_and_does_not_make_the_adapter_unready(
    open_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_shop.receive(of_bj())
    [why] = open_shop.links("why")

    def failing(_delivery: int) -> None:
        raise StoreUnavailable("the disk is gone")

    class Broken:
        timeline = staticmethod(failing)

    monkeypatch.setattr(open_shop, "history", Broken())
    with capture_logs() as lines:
        response = english(open_shop, why)
    assert response.status_code == 503
    assert "The store is not available" in text_of(response)
    assert [line["event"] for line in lines] == ["a link of a message could not be followed"]


def test_another_kind_under_the_same_sign_is_forged(open_shop: Shop) -> None:
    linker = open_shop.settings.linker
    assert linker is not None
    path = linker.signed_path(Link(Kind.WHY, "1", 10**11))
    assert english(open_shop, path.replace("/why/", "/act/")).status_code == 404
