"""Deliveries on the page: looked for, told, and what a person decides about those that died."""

from __future__ import annotations

import html
import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs

from adapter.core.acts import Act, ActKind
from adapter.core.delivery import Refused
from adapter.core.mentions import MentionRule
from adapter.core.people import Person
from adapter.core.routes import Route, RouteSettings
from adapter.outbox import searching
from adapter.web.pages.deliveries import instant
from adapter.web.pages.shown_message import shown, without_mobiles
from support.alerts import make_alert, make_group
from support.settings import make_robot
from support.shop import Shop, linked_settings
from support.shop import shop as a_shop
from web.pages.paging import text_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from werkzeug.test import TestResponse

REFUSED = Refused("430102", "含有不合适的文本")
ZHANG = Person(key="zhang", name="张三", mobile="13800000001")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    route = Route(settings=RouteSettings(robots=("ops",), mention=("zhang",)))
    settings = linked_settings(route=route, people={"zhang": ZHANG})
    with a_shop(tmp_path, settings) as shop:
        yield shop


def bury(shop: Shop, name: str = "Bad") -> None:
    """Let an alert die: it is refused in every form."""
    shop.outcomes = [REFUSED] * 2
    shop.receive(make_group(make_alert(name), key=name))
    for _ in range(20):
        shop.outcomes = [REFUSED] * 2
        shop.clock.advance(timedelta(minutes=2))
        shop.deliver()
        if shop.store.dead():
            shop.outcomes = []
            return
    pytest.fail("it does not die")


def decide(shop: Shop, name: str, action: str, **headers: str) -> TestResponse:
    """Follow the way of a visitor: ask, then send the form."""
    path = f"/deliveries/{name}/{action}?lang=en"
    asked = shop.client.get(path)
    assert asked.status_code == 200, asked.text
    token = re.search(r'name="form_token" value="([^"]+)"', asked.text)
    assert token
    return shop.client.post(path, data={"form_token": token[1]}, headers=headers)


def test_a_delivery_is_found_and_its_life_told(shop: Shop) -> None:
    shop.receive(make_group(make_alert("Disk", instance="a 1"), make_alert("Net"), key="k"))
    for query in ("", "q=Disk", "q=instance=%22a+1%22", "robot=ops", "state=sent&since=2026-01-01"):
        assert "Disk" in text_of(shop.client, f"/deliveries?{query}"), query
    for query in ("q=Disk+Net", "robot=db", "state=dead", "until=2026-01-01", "before=1"):
        assert "Nothing was found" in text_of(shop.client, f"/deliveries?{query}"), query
    assert "1 fit" in text_of(shop.client, "/deliveries?q=Disk")
    said = text_of(shop.client, "/deliveries/1")
    for part in ("Disk · Net", "receiver dingtalk", "route", "to robot ops", "Message sent"):
        assert part in said
    assert "Disk · Net" in text_of(shop.client, "/deliveries/1", "zh")


def test_older_ones_are_a_link_away(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("First", "Second", "Third"):
        shop.receive(make_group(make_alert(name), key=name))
    monkeypatch.setattr(searching, "PAGE", 2)
    page = shop.client.get("/deliveries?robot=ops&lang=en").text
    found = re.search(r'class="act plain" href="([^"]+)"', page)
    assert found
    assert "First" not in page
    said = text_of(shop.client, html.unescape(found[1]))
    assert ("First" in said, "Second" in said) == (True, False)


def test_a_message_stands_as_dingtalk_shows_it_without_whole_mobiles(shop: Shop) -> None:
    shop.receive(make_group(make_alert("Disk", owner="13900000002")))
    page = shop.client.get("/deliveries/1").text
    assert '<div class="bubble markdown">' in page
    assert "@138****0001" in page
    assert "139****0002" in page
    assert "&#34;msgtype&#34;: &#34;markdown&#34;" in page
    assert "13800000001" not in page


def test_what_was_sent_is_masked_whatever_it_is() -> None:
    post = {"msgtype": "text", "text": {"content": "@+852-98765432 x"}}
    body = json.dumps({**post, "at": {"atMobiles": ["+852-98765432", ""]}}).encode()
    assert without_mobiles(body).count(b"98765432") == 0
    message: object = None
    for broken in (b"{", b"[]", b'{"msgtype": "x"}', b"\xff"):
        assert shown(message, broken).content is None  # type: ignore[arg-type]  # not looked at
    assert shown(message, None).request == ""  # type: ignore[arg-type]  # same


def test_a_dead_letter_is_sent_again_once_that_is_confirmed(shop: Shop) -> None:
    bury(shop)
    assert "1 dead" in text_of(shop.client, "/deliveries?state=dead")
    said = text_of(shop.client, "/deliveries/1")
    assert "430102" in said
    assert "Send again" in said
    assert shop.store.dead(), "to look and to ask changes nothing"
    answer = decide(shop, "1.0", "retry")
    assert (answer.status_code, answer.location) == (303, "/deliveries/1?done=retry")
    shop.deliver()
    assert not shop.store.dead()
    said = text_of(shop.client, "/deliveries/1?done=retry")
    assert "It waits again" in said
    assert "local had sent again: 1.0" in said


def test_what_is_given_up_is_on_record(shop: Shop) -> None:
    bury(shop)
    assert decide(shop, "1", "discard").status_code == 303
    said = text_of(shop.client, "/deliveries/1?done=discard")
    assert "It was given up" in said
    assert "local gave up: 1" in said
    assert "Bad" in text_of(shop.client, "/deliveries?state=discarded")


@pytest.mark.parametrize("action", ["retry", "discard"])
def test_what_cannot_be_done_is_told(shop: Shop, action: str) -> None:
    shop.receive(make_group(make_alert("Disk")))
    answer = decide(shop, "1.0", action)
    assert (answer.status_code, "It was not done" in answer.text) == (409, True)
    assert "Who decided what" not in text_of(shop.client, "/deliveries/1")


@pytest.mark.parametrize("action", ["retry", "discard"])
def test_another_site_decides_nothing(shop: Shop, action: str) -> None:
    bury(shop)
    assert decide(shop, "1.0", action, Origin="https://evil.example").status_code == 403
    assert shop.client.post(f"/deliveries/1.0/{action}", data={"a": "b"}).status_code == 403
    assert shop.client.post(f"/deliveries/1.0/{action}").status_code == 415
    assert shop.store.dead() == {"ops": 1}


@pytest.mark.parametrize("name", ["2", "0", "x", "1e3", "9" * 19, "-1", "1%00", "1.0.0"])
def test_what_is_not_known_is_told_so(shop: Shop, name: str) -> None:
    shop.receive(make_group(make_alert("Disk")))
    assert shop.client.get(f"/deliveries/{name}").status_code == 404


def test_a_time_that_cannot_be_read_is_told_and_counts_for_nothing(shop: Shop) -> None:
    shop.receive(make_group(make_alert("Disk")))
    said = text_of(shop.client, "/deliveries?since=yesterday&before=x&state=lost")
    assert "could not be read" in said
    assert "Disk" in said


def test_times_are_of_the_root_routes_zone() -> None:
    zone = ZoneInfo("Asia/Shanghai")
    found = instant("2026-11-26T10:00", zone)
    assert found is not None
    assert found.isoformat() == "2026-11-26T02:00:00+00:00"
    assert instant("2026-11-26T10:00Z", zone) == found + timedelta(hours=8)
    assert instant("0001-01-01", zone) is None


def test_whom_the_configuration_rings_is_told(shop: Shop) -> None:
    shop.receive(make_group(make_alert("Disk")))
    (timeline,) = [shop.history.timeline(1)]
    assert timeline is not None
    assert timeline.delivery.mentions == (MentionRule(targets=("zhang",)),)
    assert "zhang" in text_of(shop.client, "/deliveries/1")
    assert make_robot().name in text_of(shop.client, "/deliveries/1")


def test_a_store_that_cannot_be_read_is_told(shop: Shop, tmp_path: Path) -> None:
    shop.history.close()
    (tmp_path / "shop.db").rename(tmp_path / "gone.db")
    with capture_logs() as lines:
        answer = shop.client.get("/deliveries")
    assert answer.status_code == 503
    assert [line["event"] for line in lines] == ["a page could not be shown"]


def test_what_people_did_from_messages_stands_on_the_overview(shop: Shop) -> None:
    shop.receive(make_group(make_alert("Disk")))
    now = shop.clock.now()
    until = now + timedelta(hours=1)
    ours = Act(
        kind=ActKind.SILENCE, delivery=1, robot="ops", who="<b>lee</b>", at=now, until=until,
        matchers=('alertname="Disk"',), comment="<i>noise</i>",
    )  # fmt: skip
    shop.store.acts.do(ours, now=now)
    said = text_of(shop.client)
    assert "<b>lee</b> silenced delivery 1 until 2026-11-24 05:00:00" in said
    assert 'alertname="Disk" <i>noise</i>' in said
    assert "<b>lee" not in shop.client.get("/").text
