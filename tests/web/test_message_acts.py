"""What a link of a message lets a person do: each thing once, for what it was signed, and told."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest

from adapter.core.acts import ActKind
from adapter.core.silencing import own_matchers
from adapter.core.trouble import AlertmanagerError, Trouble
from adapter.web.message_pages.words import EN, ZH
from support.alerts import make_alert, make_group
from support.rendering import LINKER
from support.shop import EXTERNAL, shop
from web.test_message_pages import english, of_bj, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from werkzeug.test import TestResponse

    from support.shop import Shop

OURS = {"Accept-Language": "en", "Origin": EXTERNAL, "Sec-Fetch-Site": "same-origin"}
DISK = make_alert("DiskFull", instance="10.0.0.1", cluster="bj")
FORM = re.compile(r'name="(token|matchers)" value="([^"]*)"')


@pytest.fixture
def open_shop(tmp_path: Path) -> Iterator[Shop]:
    with shop(tmp_path) as opened:
        yield opened


@pytest.fixture
def link(open_shop: Shop) -> str:
    """Return the silence link of a message that told of one alert."""
    open_shop.receive(of_bj(DISK))
    return open_shop.links("act")[0]


def fields(shop: Shop, link: str) -> dict[str, str]:
    """Return the hidden fields of the page's forms."""
    page = english(shop, link).text
    return {name: value.replace("&#34;", '"') for name, value in FORM.findall(page)}


def post(shop: Shop, link: str, **given: str) -> TestResponse:
    """Send the page's form with these fields."""
    filled = {**fields(shop, link), "who": "张三", "for": "1h", **given}
    return shop.client.post(link, data=filled, headers=OURS)


def silence(shop: Shop, link: str, **given: str) -> TestResponse:
    return post(shop, link, **{"do": "silence", **given})


def told(shop: Shop) -> list[str]:
    """Return what the group was told since the first message."""
    shop.deliver()
    return shop.texts()[1:]


# -- looking -----------------------------------------------------------------------------------


def test_to_look_changes_nothing_and_counts_what_would_be_muted(open_shop: Shop, link: str) -> None:
    for _ in range(3):
        response = english(open_shop, link)
        assert response.status_code == 200
    own = ('alertname="DiskFull"', 'instance="10.0.0.1"', 'severity="critical"')
    assert open_shop.bj.counted == [own] * 3, "a label that only the adapter added is not asked for"
    shown = text_of(response)
    assert "Would mute 3 firing alert(s) now" in shown
    assert "1h 4h 1d" in shown
    assert (open_shop.bj.silences, told(open_shop)) == ([], [])
    assert open_shop.history.acts(9) == ()


def test_more_matchers_are_counted_and_kept_in_the_form(open_shop: Shop, link: str) -> None:
    page = open_shop.client.get(f'{link}?more=pod%3D~"a.*"&for=90m', headers=OURS)
    assert open_shop.bj.counted[-1][-1] == 'pod=~"a.*"'
    assert 'name="more" value="pod=~&#34;a.*&#34;"' in page.text
    assert 'value="90m" checked' in page.text
    wrong = open_shop.client.get(f"{link}?more=pod%3D~%5B&for=9d", headers=OURS)
    assert "The added matchers are not understood" in text_of(wrong)
    assert 'value="1h" checked' in wrong.text


# -- silencing ---------------------------------------------------------------------------------


def test_a_silence_is_made_told_and_kept(open_shop: Shop, link: str) -> None:
    more = 'pod=~"api-.*", instance="10.0.0.1"'
    response = silence(open_shop, link, more=more, comment=" disk is\non order ", **{"for": "4h"})
    assert response.status_code == 200
    [made] = open_shop.bj.silences
    assert [str(each) for each in made.matchers] == [
        'alertname="DiskFull"',
        'instance="10.0.0.1"',
        'severity="critical"',
        'pod=~"api-.*"',
    ]
    assert made.ends_at - made.starts_at == timedelta(hours=4)
    assert made.created_by == "张三"
    assert re.fullmatch(r"disk is\s?on order \[dingtalk [\w-]{12}\]", made.comment)
    shown = text_of(response)
    assert "张三 has silenced this until 2026-11-24 08:00:00 CST" in shown
    assert "Silence ID: s1" in shown
    [notice] = told(open_shop)
    assert notice.startswith("### 🔇 张三 静默了 DiskFull，直到 08:00")
    assert "ID: s1" in notice
    [act] = open_shop.history.acts(9)
    assert (act.kind, act.who, act.silence, act.source) == (ActKind.SILENCE, "张三", "s1", "bj")


def test_a_second_time_shows_the_first_result(open_shop: Shop, link: str) -> None:
    silence(open_shop, link)
    hidden = {"token": token_of(open_shop, link), "matchers": sign_of(open_shop, DISK)}
    again = silence(open_shop, link, who="李四", **hidden)
    assert again.status_code == 200
    assert "张三 has silenced" in text_of(again)
    assert (len(open_shop.bj.silences), len(told(open_shop))) == (1, 1)
    assert "张三 has silenced" in text_of(english(open_shop, link))


def own_of(*alerts: object) -> str:
    matchers = own_matchers(alerts, {"cluster": "bj"})  # type: ignore[arg-type]
    return ", ".join(map(str, matchers))


def sign_of(shop: Shop, *alerts: object) -> str:
    linker = shop.settings.linker
    assert linker is not None
    return linker.matchers_token(own_of(*alerts))


def token_of(shop: Shop, link: str) -> str:
    linker = shop.settings.linker
    assert linker is not None
    found = linker.read(*link.removeprefix("/m/").split("/"))
    assert found is not None
    return linker.form_token(found)


def test_many_at_once_make_one_silence(open_shop: Shop, link: str) -> None:
    hidden = {"token": token_of(open_shop, link), "matchers": sign_of(open_shop, DISK)}

    def ask(number: int) -> int:
        data = {**hidden, "do": "silence", "for": "1h", "who": f"p{number}"}
        client = open_shop.client.application.test_client()
        return client.post(link, data=data, headers=OURS).status_code

    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(ask, range(8)))
    assert set(codes) <= {200, 409}
    assert codes.count(200) >= 1
    assert (len(open_shop.bj.silences), len(told(open_shop))) == (1, 1)


def test_while_somebody_is_at_it_others_wait(open_shop: Shop, link: str) -> None:
    answers: list[TestResponse] = []
    open_shop.bj.meanwhile = lambda: answers.append(silence(open_shop, link, who="李四"))
    assert silence(open_shop, link).status_code == 200
    assert answers[0].status_code == 409
    assert "being done just now" in text_of(answers[0])
    assert len(open_shop.bj.silences) == 1


def test_what_was_made_but_not_heard_of_is_found_and_not_made_twice(
    open_shop: Shop, link: str
) -> None:
    open_shop.bj.fault, open_shop.bj.late = AlertmanagerError(Trouble.UNSURE), True
    response = silence(open_shop, link, comment="mine")
    assert response.status_code == 502
    assert "not known whether it was done" in text_of(response)
    open_shop.bj.fault = None
    again = silence(open_shop, link, who="李四", comment="other")
    assert "Silence ID: s1" in text_of(again)
    assert "张三 has silenced" in text_of(again), "it is the first one's"
    assert (len(open_shop.bj.silences), len(told(open_shop))) == (1, 1)


def test_a_crash_in_the_middle_blocks_nobody_for_long(open_shop: Shop, link: str) -> None:
    def crash() -> None:
        raise KeyboardInterrupt

    open_shop.bj.meanwhile = crash
    with pytest.raises(KeyboardInterrupt):
        silence(open_shop, link)
    open_shop.bj.meanwhile = lambda: None
    assert silence(open_shop, link).status_code == 409
    open_shop.clock.advance(timedelta(seconds=21))
    assert "Silence ID: s1" in text_of(silence(open_shop, link))
    assert (len(open_shop.bj.silences), len(told(open_shop))) == (1, 1)


@pytest.mark.parametrize("trouble", Trouble)
def test_each_trouble_is_told_in_plain_words(open_shop: Shop, link: str, trouble: Trouble) -> None:
    open_shop.bj.fault = AlertmanagerError(trouble, "<b>its words</b>")
    assert "Cannot be counted" in text_of(english(open_shop, link))
    response = silence(open_shop, link)
    assert response.status_code == 502
    expected = EN.trouble[trouble].format("&lt;b&gt;its words&lt;/b&gt;").replace("'", "&#39;")
    assert expected in response.text
    assert set(ZH.trouble) == set(EN.trouble) == set(Trouble)
    assert told(open_shop) == []
    open_shop.bj.fault = None
    assert "Silence ID: s1" in text_of(silence(open_shop, link)), "it can be tried again"


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"matchers": 'alertname="DiskFull"'}, "cannot be removed"),
        ({"matchers": LINKER.matchers_token('alertname="DiskFull"')}, "cannot be removed"),
        ({"matchers": ""}, "cannot be removed"),
        ({"for": "2d"}, "not longer than the longest"),
        ({"for": "0h"}, "not longer than the longest"),
        ({"for": "soon"}, "not longer than the longest"),
        ({"for": ""}, "not longer than the longest"),
        ({"more": "pod=~("}, "not understood"),
        ({"more": "a=b, " * 300}, "not understood"),
        ({"who": " \n "}, "Give your name"),
        ({"do": "delete"}, "Only a form"),
        ({"do": "expire"}, "cannot be silenced here"),
    ],
)
def test_what_a_form_may_not_ask_is_refused(
    open_shop: Shop, link: str, given: dict[str, str], found: str
) -> None:
    response = silence(open_shop, link, **given)
    assert response.status_code == 400
    assert found in text_of(response)
    assert open_shop.bj.silences == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": EXTERNAL, "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://alerts.example.com.evil.example"},
    ],
)
def test_a_form_of_another_site_is_refused(
    open_shop: Shop, link: str, headers: dict[str, str]
) -> None:
    data = {**fields(open_shop, link), "who": "x", "for": "1h", "do": "silence"}
    theirs = {"Accept-Language": "en", **headers}
    response = open_shop.client.post(link, data=data, headers=theirs)
    assert response.status_code == 403
    assert "not asked from this page" in text_of(response)
    assert open_shop.bj.silences == []


def test_a_form_belongs_to_its_link(open_shop: Shop, link: str) -> None:
    open_shop.receive(of_bj(make_alert("Other"), key="other"))
    other = open_shop.links("act")[0]
    stolen = token_of(open_shop, other)
    for token in (stolen, "", "é"):
        response = silence(open_shop, link, token=token)
        assert response.status_code == 403
        assert "does not belong to this link" in text_of(response)
    assert open_shop.bj.silences == []


def test_only_a_form_of_ordinary_size_is_read(open_shop: Shop, link: str) -> None:
    json = open_shop.client.post(link, json={"do": "silence"}, headers=OURS)
    assert json.status_code == 415
    large = open_shop.client.post(link, data={"who": "x" * 70_000}, headers=OURS)
    assert large.status_code == 413


def test_an_expired_or_forged_link_does_nothing(open_shop: Shop, link: str) -> None:
    hidden = fields(open_shop, link)
    data = {**hidden, "who": "x", "for": "1h", "do": "silence"}
    forged = link.replace("/act/1.", "/act/2.")
    assert open_shop.client.post(forged, data=data, headers=OURS).status_code == 404
    open_shop.clock.advance(timedelta(hours=24))
    assert open_shop.client.post(link, data=data, headers=OURS).status_code == 410
    assert open_shop.bj.silences == []


def test_a_label_that_a_page_cannot_show_is_matched_whole(open_shop: Shop) -> None:
    """A browser changes line ends, and a page shows no whole mobile number."""
    odd = make_alert("Odd", path="C:\\a\rb\x00", mobile="13912345678")
    open_shop.receive(of_bj(odd))
    link = open_shop.links("act")[0]
    page = english(open_shop, link).text
    assert "139****5678" in page
    assert "13912345678" not in page + silence(open_shop, link).text
    [made] = open_shop.bj.silences
    values = {each.name: each.value for each in made.matchers}
    assert (values["path"], values["mobile"]) == ("C:\\a\rb\x00", "13912345678")
    [why] = open_shop.links("why")
    assert "13912345678" not in english(open_shop, why).text


# -- ending ------------------------------------------------------------------------------------


def test_a_silence_can_be_ended_once(open_shop: Shop, link: str) -> None:
    silence(open_shop, link)
    ended = post(open_shop, link, do="expire", who="李四")
    assert "李四 has ended the silence" in text_of(ended)
    again = post(open_shop, link, do="expire", who="王五", token=token_of(open_shop, link))
    assert again.status_code == 200
    assert open_shop.bj.expired == ["s1"]
    _, notice = told(open_shop)
    assert notice.startswith("### 🔔 李四 提前结束了对 DiskFull 的静默")
    assert [act.kind for act in open_shop.history.acts(9)] == [ActKind.EXPIRE, ActKind.SILENCE]


def test_a_silence_that_is_gone_already_is_ended(open_shop: Shop, link: str) -> None:
    silence(open_shop, link)
    open_shop.bj.fault = AlertmanagerError(Trouble.REFUSED, "no")
    assert post(open_shop, link, do="expire").status_code == 502
    open_shop.bj.fault = AlertmanagerError(Trouble.GONE)
    assert "has ended the silence" in text_of(post(open_shop, link, do="expire"))


# -- looking after -----------------------------------------------------------------------------


def test_who_is_on_it_is_told_once_and_shown(open_shop: Shop, link: str) -> None:
    response = post(open_shop, link, do="acknowledge")
    assert "张三 is on it" in text_of(response)
    post(open_shop, link, do="acknowledge", who="李四", token=token_of(open_shop, link))
    [notice] = told(open_shop)
    assert notice.startswith("### 🙋 张三 正在处理 DiskFull")
    assert open_shop.bj.silences == []
    [why] = open_shop.links("why", 0)
    assert "张三 is on it" in text_of(english(open_shop, why))
    [life] = open_shop.history.show("1.0").lives  # type: ignore[union-attr]
    assert [(act.kind, act.who) for act in life.acts] == [(ActKind.ACKNOWLEDGE, "张三")]


def test_a_name_is_text_wherever_it_is_shown(open_shop: Shop, link: str) -> None:
    evil = "<script>@all [x](http://evil)\x1b"
    response = post(open_shop, link, do="acknowledge", who=evil)
    assert "<script>" not in response.text
    [notice] = told(open_shop)
    assert "[x](http://evil)" not in notice
    assert "@all" not in notice
    assert "\x1b" not in notice


# -- what a link is about ----------------------------------------------------------------------


def test_a_group_is_silenced_by_what_its_alerts_share(open_shop: Shop) -> None:
    alerts = [make_alert("Up", job="node", instance=str(number)) for number in range(3)]
    open_shop.receive(of_bj(*alerts, make_alert("Over", status="resolved")))
    link = open_shop.links("act")[0]
    silence(open_shop, link)
    [made] = open_shop.bj.silences
    assert ", ".join(map(str, made.matchers)) == own_of(*alerts)
    assert "instance" not in own_of(*alerts)


def test_from_the_timeline_each_alert_can_be_handled_while_links_last(open_shop: Shop) -> None:
    open_shop.receive(
        of_bj(make_alert("Up"), make_alert("Down"), make_alert("Over", status="resolved"))
    )
    [why] = open_shop.links("why")
    found = re.findall(r'href="../../../(act/[^"]+)"', english(open_shop, why).text)
    assert len(found) == 2
    assert "Act on alerts Up" in text_of(english(open_shop, f"/m/{found[0]}"))
    open_shop.clock.advance(timedelta(hours=24))
    assert "act/" not in english(open_shop, why).text


def test_what_cannot_be_silenced_here_can_be_looked_after(open_shop: Shop) -> None:
    grafana = msgspec.structs.replace(DISK, silence_url="https://grafana/silence")
    for number, group in enumerate(
        (
            make_group(DISK, key="a"),
            of_bj(grafana, key="b"),
            of_bj(make_alert(""), make_alert("x"), key="c"),
        )
    ):
        open_shop.receive(group)
        linker = open_shop.settings.linker
        assert linker is not None
        url = linker.act(number + 1, "", open_shop.clock.now()).removeprefix(EXTERNAL)
        assert "cannot be silenced here" in text_of(english(open_shop, url))
        refused = silence(open_shop, url, matchers="")
        assert refused.status_code == 400
        assert "is on it" in text_of(post(open_shop, url, do="acknowledge"))
    assert open_shop.bj.counted == []


def test_an_alert_that_is_not_there_is_gone(open_shop: Shop) -> None:
    open_shop.receive(of_bj(DISK))
    linker = open_shop.settings.linker
    assert linker is not None
    url = linker.act(1, "ffff", open_shop.clock.now()).removeprefix(EXTERNAL)
    assert english(open_shop, url).status_code == 404


def test_an_alertmanager_that_left_the_configuration_is_not_asked(
    open_shop: Shop, link: str
) -> None:
    open_shop.settings = replace(open_shop.settings, sources={})
    assert "cannot be silenced here" in text_of(english(open_shop, link))
    assert open_shop.bj.counted == []


def test_without_an_external_url_there_are_no_such_pages(open_shop: Shop, link: str) -> None:
    server = replace(open_shop.settings.server, external_url="")
    open_shop.settings = replace(open_shop.settings, server=server)
    assert open_shop.client.get(link).status_code == 404
