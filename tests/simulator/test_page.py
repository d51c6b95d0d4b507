"""The page in a real browser: it shows every message, by itself, and nothing gets out of hand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

import pytest
import requests

from adapter.phone.bubble import destination
from adapter.simulator import Rate
from simulator.calls import MEMBERS, TEXT, refusal, send
from simulator.test_content import MESSAGES
from support.browser import chromium, visit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from adapter.simulator import Running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<svg onload=alert(1)>",
    "</pre></div><h1>forged</h1>",
    "[x](javascript:alert(1))",
    '[x](https://example.com/"onmouseover="alert(1))',
    '<font color="red;background:url(https://evil.example/)">x</font>',
    '<font color="red" onclick="alert(1)">x</font>',
    "![x](https://evil.example/pixel.png)",
    "{{ 7 * 7 }} {% raw %} ${7*7}",
)


def of_each_type(text: str, url: str) -> list[dict[str, Any]]:
    """Return a message of every type with the same value in all of its fields."""
    button = {"title": text, "actionURL": url}
    feed = {"title": text, "messageURL": url, "picURL": url}
    inner: list[tuple[str, dict[str, object]]] = [
        ("text", {"content": text}),
        ("link", {"title": text, "text": text, "messageUrl": url, "picUrl": url}),
        ("markdown", {"title": text, "text": text}),
        ("actionCard", {"title": text, "text": text, "singleTitle": text, "singleURL": url}),
        ("actionCard", {"title": text, "text": text, "btns": [button, button]}),
        ("feedCard", {"links": [feed, feed]}),
    ]
    at = {"atMobiles": [text], "atUserIds": [url]}
    return [{"msgtype": kind, kind: fields, "at": at, "msgUuid": ""} for kind, fields in inner]


@pytest.mark.real
@pytest.mark.parametrize("scripts", [True, False])
def test_messages_of_all_six_types_are_shown(
    simulator: Running, browser: Browser, *, scripts: bool
) -> None:
    for message in MESSAGES.values():
        assert refusal(send(simulator, message)) == (0, "ok")
    with visit(browser, simulator.url, scripts=scripts) as opened:
        page = opened.page
        kinds = page.locator(".bubble").evaluate_all("all => all.map(one => one.classList[1])")
        assert kinds == ["text", "link", "markdown", "markdown", "markdown", "feed-card"]
        assert page.locator(".action-card .button").count() == 3
        assert page.locator(".feed-card .feed").get_attribute("href") == "https://example.com/"
        assert page.locator(".conversation.current .preview").inner_text() == "open: 一"
        assert page.locator(".conversation").nth(1).inner_text().endswith("6/20")
        assert opened.complaints == []


@pytest.mark.real
def test_a_new_message_appears_without_reload(simulator: Running, browser: Browser) -> None:
    send(simulator)
    with visit(browser, simulator.url) as opened:
        page = opened.page
        page.evaluate("window.sameDocument = true")
        page.locator("#request-1 summary").click()
        assert '"msgtype": "text"' in page.locator("#request-1").inner_text()
        send(simulator, {"msgtype": "text", "text": {"content": "第二条"}})
        page.locator("#message-2", has_text="第二条").wait_for()
        assert page.evaluate("window.sameDocument") is True
        assert page.locator("#request-1").get_attribute("open") is not None, "stays unfolded"
        simulator.configure(rate=Rate(messages=2))
        send(simulator)
        page.locator(".rate.muted").wait_for()
        assert page.locator(".refused").inner_text().split()[1:3] == ["已拒绝", "660026"]
        assert opened.complaints == []
        assert opened.hosts == {simulator.url.removeprefix("http://")}


@pytest.mark.real
def test_hostile_values_stay_text(simulator: Running, browser: Browser) -> None:
    simulator.configure(rate=Rate(messages=1_000), group=HOSTILE[0], members=MEMBERS)
    with visit(browser, simulator.url) as opened:
        empty = page_structure(opened.page.content())
    for value in HOSTILE:
        for message in of_each_type(value, value):
            assert refusal(send(simulator, message)) == (0, "ok")
    with visit(browser, simulator.url) as opened:
        page = opened.page
        opened.page.on("dialog", lambda dialog: opened.complaints.append(dialog.message))
        for selector in "script:not([src])", "img", "svg", "iframe", "object", "[style]", "main h1":
            assert page.locator(selector).count() == 0, selector
        handlers = "all => all.flatMap(e => e.getAttributeNames()).filter(n => n.startsWith('on'))"
        assert page.locator("*").evaluate_all(handlers) == []
        schemes = "all => [...new Set(all.map(e => e.protocol))]"
        assert page.locator("a").evaluate_all(schemes) == ["http:", "https:"]
        page.locator(".bubble").last.click(position={"x": 2, "y": 2}, trial=True)
        page.wait_for_timeout(200)
        assert opened.complaints == []
        assert opened.hosts == {simulator.url.removeprefix("http://")}
        assert page_structure(page.content()) == empty, "head and scripts are the page's own"
        assert "alert(1)" in page.locator("main header").inner_text(), "the group's name is shown"


def page_structure(html: str) -> list[str]:
    return re.findall(r"<(?:script|link|meta|iframe)\b[^>]*>", html)


@pytest.mark.real
@pytest.mark.parametrize("width", [390, 1200])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_phone_and_desktop(
    simulator: Running, browser: Browser, scheme: Literal["light", "dark"], width: int
) -> None:
    for message in [*MESSAGES.values(), *of_each_type("长" * 400 + "x" * 400, "https://a/" * 40)]:
        send(simulator, message)
    with visit(browser, simulator.url, scheme=scheme, width=width) as opened:
        sizes = opened.page.evaluate(
            "[document.documentElement.scrollWidth, document.querySelector('.scroll').scrollWidth"
            " - document.querySelector('.scroll').clientWidth]"
        )
        assert sizes == [width, 0], "nothing is wider than the screen"
        colors = opened.page.evaluate(
            "[document.body, document.querySelector('.bubble')]"
            ".map(e => getComputedStyle(e).backgroundColor)"
        )
        assert ("rgb(255, 255, 255)" in colors) == (scheme == "light")


@pytest.mark.real
def test_the_page_speaks_the_reader_s_language(simulator: Running, browser: Browser) -> None:
    simulator.fault("-1", times=1)
    send(simulator, {**TEXT, "at": {"atMobiles": ["+8613800000001"]}})
    send(simulator, {**TEXT, "at": {"atMobiles": ["+8613800000001"], "atUserIds": ["li"]}})
    for language, expected in (
        ("zh-CN", ["注入的故障: -1", "已提醒", "未提醒: 号码格式不对", "原始请求"]),
        ("en-GB", ["Fault on order: -1", "notified", "not notified: malformed", "Raw request"]),
    ):
        with visit(browser, simulator.url, language=language) as opened:
            text = opened.page.locator("main").inner_text()
            assert [each for each in expected if each not in text] == []


def test_the_page_allows_nothing_from_elsewhere(simulator: Running) -> None:
    headers = requests.get(simulator.url, timeout=10).headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none';")
    assert "http" not in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"


def test_mentions_show_names_and_hide_numbers(simulator: Running) -> None:
    at = {"atMobiles": ["13800000001", "13999998888"], "atUserIds": ["li"]}
    text = "@13800000001 @13999998888 看一下"
    send(simulator, {"msgtype": "text", "text": {"content": text}, "at": at})
    html = requests.get(simulator.url, timeout=10).text
    assert '<div class="bubble text">@张三 @13999****88 看一下 @李四</div>' in html


def test_a_robot_has_a_conversation_of_its_own(simulator: Running) -> None:
    send(simulator)
    send(simulator, {"msgtype": "text"})
    assert requests.get(f"{simulator.url}/?robot=open", timeout=10).text.count("<li class=") == 2
    assert 'id="message-' not in requests.get(f"{simulator.url}/?robot=named", timeout=10).text


@pytest.mark.parametrize(
    ("url", "leads_to"),
    [
        ("https://a.example/?b=c", "https://a.example/?b=c"),
        ("dingtalk://dingtalkclient/page/link?url=https%3A%2F%2Fa%2F%3Fb%26c&pc_slide=false",
         "https://a/?b&c"),
        ("dingtalk://dingtalkclient/page/link?url=javascript%3Aalert(1)", ""),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("/relative", ""),
        ("http://[", ""),
    ],
)  # fmt: skip
def test_links_lead_where_a_phone_would_go(url: str, leads_to: str) -> None:
    assert destination(url) == leads_to
