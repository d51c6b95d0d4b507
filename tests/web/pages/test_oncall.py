"""The roster on the page, and swaps: asked, checked, done, undone, and on record."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from adapter.config.problems import Place
from adapter.config.settings import ScheduleSettings
from adapter.core.oncall import Layer, Schedule
from adapter.core.people import Person
from adapter.core.rotation import Rotation
from support.clock import START
from support.settings import make_settings
from support.shop import shop as a_shop
from web.pages.paging import text_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from werkzeug.test import TestResponse

    from support.shop import Shop

SHANGHAI = ZoneInfo("Asia/Shanghai")
PEOPLE = {
    "zhang": Person(key="zhang", name="张三", mobile="13800000001"),
    "lee": Person(key="lee", name="<b>Lee</b>", user_id="lee01"),
}


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    weekly = Rotation(
        start=(START - timedelta(days=3)).replace(tzinfo=None), every=timedelta(days=7)
    )
    layer = Layer(rotation=weekly, people=("zhang", "lee"))
    schedule = ScheduleSettings(
        name="sre",
        schedule=Schedule(zone=SHANGHAI, layers=(layer,)),
        timezone="Asia/Shanghai",
        place=Place(""),
    )
    settings = make_settings(people=PEOPLE, schedules={"sre": schedule})
    with a_shop(tmp_path, settings) as shop:
        yield shop


def form_of(shop: Shop, path: str) -> dict[str, str]:
    """Return what the fields of a page's form hold."""
    text = shop.client.get(path).text
    return dict(re.findall(r'<input type="[a-z-]+" name="(\w+)" value="([^"]*)"', text))


def swap(shop: Shop, **changes: str) -> TestResponse:
    return shop.client.post(
        "/oncall/sre?lang=en", data={**form_of(shop, "/oncall/sre"), "person": "lee", **changes}
    )


def test_the_roster_of_seven_days_is_shown(shop: Shop) -> None:
    said = text_of(shop.client, "/oncall")
    assert "sre time zone Asia/Shanghai Swap tonight" in said
    assert "2026-11-24 04:00 2026-11-27 20:00 张三" in said
    assert "2026-11-27 20:00 2026-12-01 04:00 <b>Lee</b>" in said
    assert "1380000" not in shop.client.get("/oncall").text


def test_tonight_is_somebody_elses_with_three_taps(shop: Shop) -> None:
    assert 'href="/oncall"' in shop.client.get("/").text
    assert 'href="/oncall/sre"' in shop.client.get("/oncall").text
    said = text_of(shop.client, "/oncall/sre")
    assert "<b>Lee</b> takes over" in said
    assert "<b>Lee" not in shop.client.get("/oncall/sre").text
    answer = swap(shop)
    assert (answer.status_code, answer.location) == (303, "/oncall?done=swap")
    said = text_of(shop.client, "/oncall?done=swap")
    assert "The shift is swapped." in said
    assert "2026-11-24 04:00 2026-11-24 09:00 <b>Lee</b>" in said
    assert (
        "sre · <b>Lee</b> takes over 2026-11-24 04:00 – 2026-11-24 09:00 decided by local" in said
    )
    assert "local swapped a shift: sre: lee 2026-11-23T20:00Z" in text_of(shop.client)
    assert "<b>Lee</b> (lee01) until 2026-11-24 09:00" in text_of(shop.client)


def test_a_swap_is_undone(shop: Shop) -> None:
    swap(shop)
    undo = {"form_token": form_of(shop, "/oncall")["form_token"]}
    assert shop.client.post("/oncall/swaps/1/undo", data={}).status_code == 415
    assert shop.client.post("/oncall/swaps/1/undo", data={"form_token": "x"}).status_code == 403
    answer = shop.client.post("/oncall/swaps/1/undo", data=undo)
    assert (answer.status_code, answer.location) == (303, "/oncall?done=undo")
    assert "takes over" not in text_of(shop.client, "/oncall")
    for number in ("1", "2", "x", "9" * 30, "01"):
        assert shop.client.post(f"/oncall/swaps/{number}/undo", data=undo).status_code == 404


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"person": "nobody"}, "There is no such person."),
        ({"until": "2026-11-24T04:00"}, "The end has to follow the start, and now."),
        ({"until": "2027-11-24T04:00"}, "At most 31 days"),
        ({"since": ""}, "A time could not be read"),
        ({"until": "0001-01-01T00:00"}, "A time could not be read"),
    ],
)
def test_what_cannot_be_is_told_and_the_form_kept(
    shop: Shop, changes: dict[str, str], why: str
) -> None:
    answer = swap(shop, **changes)
    assert (answer.status_code, why in answer.text) == (400, True)
    assert shop.store.swaps() == []


def test_another_site_swaps_nothing(shop: Shop) -> None:
    data = {**form_of(shop, "/oncall/sre"), "person": "lee"}
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert shop.client.post("/oncall/sre", data=data, headers=headers).status_code == 403
    assert shop.store.swaps() == []


def test_a_schedule_that_is_not_known_is_told_so(shop: Shop) -> None:
    assert shop.client.get("/oncall/nothing").status_code == 404
    data = {**form_of(shop, "/oncall/sre"), "person": "lee"}
    assert shop.client.post("/oncall/nothing", data=data).status_code == 404


def test_without_schedules_that_is_told(tmp_path: Path) -> None:
    with a_shop(tmp_path, make_settings()) as shop:
        assert "No schedules are configured." in text_of(shop.client, "/oncall")
