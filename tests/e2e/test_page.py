"""The page in Chromium, before real processes: who is let in, what is shown, what can be done.

Whatever an alert says is text: it makes no script, no markup and no request.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import pytest
import requests

from adapter.secret import Secret
from adapter.simulator import Rate, Robot, SimulatorSettings, running
from support.adapter import Adapter, adapter_in, command, robot_section, told, webhook
from support.alerts import make_alert
from support.browser import chromium, visit
from support.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from adapter.simulator import Running

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("page")]

WORD: Final = "forbiddenword"
ROBOT: Final = Robot(name="ops", access_token=Secret("page" * 8))
SETTINGS: Final = SimulatorSettings(
    robots=(ROBOT,), rate=Rate(messages=1_000_000), denied_words=(WORD,)
)
LOGIN: Final = ("ops", "correct horse")
MOBILE: Final = "13800000001"
HOSTILE: Final = (
    "<script>window.hit = 1</script>",
    '"><img src=x onerror="window.hit = 1">',
    "'><svg onload='window.hit = 1'>",
    "</pre></details></main><h1>forged</h1>",
    "[click](javascript:window.hit=1)",
    '[x](https://evil.example/"onmouseover="window.hit=1)',
    "![x](https://evil.example/pixel.png)",
    '<font color="red;background:url(https://evil.example/)">x</font>',
    '<style>@import "https://evil.example/"</style>',
    "{{ 7 * 7 }}{% raw %}${7*7}",
    "\u202egnp.exe\u2066",
    "&lt;b&gt;&#x3c;i&#x3e;",
)
PATHS: Final = (
    *("/", "/deliveries", "/deliveries/{}", "/deliveries/{}/discard", "/oncall", "/oncall/sre"),
)


@pytest.fixture(scope="module")
def dingtalk() -> Iterator[Running]:
    with running(SETTINGS) as serving:
        yield serving


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory, dingtalk: Running) -> Iterator[Adapter]:
    folder = tmp_path_factory.mktemp("page")
    (folder / "password").write_text(LOGIN[1])
    (folder / "password").chmod(0o600)
    page = {"basic": {"username": LOGIN[0], "password_file": "password"}}
    with adapter_in(folder) as ours:
        ours.configure(
            {"ops": robot_section(ROBOT, dingtalk.url, mention=["schedule:sre"])},
            server={"page": page},
            people={
                "zhang": {"name": "张三", "mobile": MOBILE},
                "lee": {"name": "李四", "mobile": "13900000002"},
            },
            schedules={"sre": {"layers": [WEEKLY]}},
        )
        ours.start()
        yield ours


WEEKLY: Final = {"rotation": "weekly", "start": "2026-11-02T09:00", "people": ["zhang"]}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def address(adapter: Adapter, path: str = "/") -> str:
    """Return an address with the login in it, as a browser keeps it."""
    name, password = LOGIN[0], LOGIN[1].replace(" ", "%20")
    return f"{adapter.url.replace('://', f'://{name}:{password}@')}{path}"


def look(adapter: Adapter, path: str, **more: Any) -> requests.Response:  # noqa: ANN401  # requests'
    return requests.get(f"{adapter.url}{path}", timeout=10, **more)


def newest(adapter: Adapter) -> int:
    return int(adapter.rows("SELECT max(id) FROM deliveries")[0][0])


def test_nobody_is_let_in_without_the_password(adapter: Adapter) -> None:
    assert look(adapter, "/").status_code == 401
    assert look(adapter, "/", auth=(LOGIN[0], "wrong")).status_code == 401
    assert look(adapter, "/deliveries/1").status_code == 401
    assert look(adapter, "/", auth=LOGIN).status_code == 200
    assert requests.post(f"{adapter.url}/deliveries/1/discard", timeout=10).status_code == 401


def test_a_dead_letter_is_sent_again_with_a_few_clicks(
    adapter: Adapter, dingtalk: Running, browser: Browser
) -> None:
    dingtalk.configure(denied_words=(WORD,))
    adapter.accept(told(f"Bad{WORD}"))
    dead = "SELECT count(*) FROM dead"
    wait_until(lambda: adapter.rows(dead)[0][0] == 1, within=60, what="the alert is dead")
    number = newest(adapter)
    with visit(browser, address(adapter), language="en-US") as opened:
        page = opened.page
        page.get_by_role("link", name="1", exact=True).click()
        page.get_by_role("link", name=f"Bad{WORD}").click()
        assert page.url.endswith(f"/deliveries/{number}")
        page.get_by_role("link", name="Send again", exact=True).click()
        assert adapter.rows(dead)[0][0] == 1, "asking changes nothing"
        dingtalk.configure(denied_words=())
        page.get_by_role("button", name="Send again").click()
        assert "It waits again" in page.get_by_role("status").last.inner_text()
        assert f"ops had sent again: {number}.0" in page.locator("main").inner_text()
        assert opened.complaints == []
    wait_until(
        lambda: any(f"Bad{WORD}" in each.text for each in dingtalk.messages()),
        within=60,
        what="DingTalk has the message",
    )


@pytest.fixture(scope="module")
def hostile(adapter: Adapter) -> int:
    """Deliver what would do harm in every field; return its delivery."""
    labels = {f"label{number}": text for number, text in enumerate(HOSTILE)}
    bad = [
        msgspec.structs.replace(
            make_alert(text, **labels),
            annotations={"summary": text, "description": text, "runbook_url": text},
            generator_url="javascript:window.hit=1",
        )
        for text in HOSTILE
    ]
    before = newest(adapter) if adapter.rows("SELECT 1 FROM deliveries LIMIT 1") else 0
    adapter.accept(webhook(*bad, key=HOSTILE[0]))
    wait_until(lambda: newest(adapter) > before)
    adapter.settled()
    return newest(adapter)


@pytest.mark.parametrize("scripts", [True, False])
def test_what_an_alert_says_is_text(
    adapter: Adapter, browser: Browser, hostile: int, *, scripts: bool
) -> None:
    host = adapter.url.removeprefix("http://")
    for path in PATHS:
        asked = path.format(hostile)
        with visit(browser, address(adapter, asked), scripts=scripts) as opened:
            page = opened.page
            page.on("dialog", lambda dialog: pytest.fail(dialog.message))
            assert {each.rpartition("@")[2] for each in opened.hosts} == {host}, asked
            assert opened.complaints == [], asked
            for element in ("main script", "main img", "main svg", "main style", "main h1 ~ h1"):
                assert page.locator(element).count() == 0, f"{element} on {asked}"
            assert page.locator("a[href^='javascript']").count() == 0
            if scripts:
                assert page.evaluate("window.hit") is None
            if asked.endswith(f"/{hostile}"):
                said = page.locator("main").inner_text()
                assert all(re.sub(r"\s+", " ", text) in said for text in HOSTILE[:4])


def test_another_site_cannot_decide_with_the_visitors_password(
    adapter: Adapter, browser: Browser, hostile: int
) -> None:
    """The browser has the password, and sends it along with what the other site makes it post."""
    action = f"{adapter.url}/deliveries/{hostile}/discard"
    form = f"<form method=post action={action}><button>win</button></form>"
    with visit(browser, address(adapter), language="en-US") as opened:
        page = opened.page
        page.goto(f"data:text/html,{form}")
        page.get_by_role("button", name="win").click()
        page.wait_for_url(action)
        assert "This was not asked from this page" in page.get_by_role("alert").inner_text()
    assert adapter.rows("SELECT 1 FROM decisions WHERE action = 'discard'") == []


def test_mobiles_are_nowhere_whole(adapter: Adapter, hostile: int) -> None:
    for path in PATHS:
        page = look(adapter, path.format(hostile), auth=LOGIN).text
        assert MOBILE not in page
    assert "138****0001" in look(adapter, f"/deliveries/{hostile}", auth=LOGIN).text


def test_the_overview_renews_itself(adapter: Adapter, browser: Browser) -> None:
    with visit(browser, address(adapter), language="en-US") as opened:
        page = opened.page
        shown = page.locator("#live").inner_text()
        page.wait_for_function(
            "shown => document.getElementById('live').innerText !== shown",
            arg=shown,
            timeout=30_000,
        )
        assert opened.complaints == []


CONTRAST: Final = Path(__file__).with_name("contrast.js").read_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_can_be_read(
    adapter: Adapter,
    browser: Browser,
    hostile: int,
    scheme: Any,  # noqa: ANN401  # a literal
) -> None:
    """Contrast as WCAG 2 asks for at level AA, on a phone as on a desk; nothing is cut off."""
    for path in PATHS:
        for width in (390, 1200):
            with visit(
                browser, address(adapter, path.format(hostile)), scheme=scheme, width=width
            ) as opened:
                assert opened.page.evaluate(CONTRAST) == [], path
                assert opened.page.evaluate("document.body.scrollWidth") <= width, path


def focused(page: Page) -> str:
    page.keyboard.press("Tab")
    return str(
        page.evaluate("document.activeElement.name || document.activeElement.innerText.trim()")
    )


def test_keys_reach_everything_in_order_and_every_field_has_a_name(
    adapter: Adapter, browser: Browser
) -> None:
    with visit(browser, address(adapter, "/deliveries"), language="en-US") as opened:
        page = opened.page
        pages = page.locator("nav a").all_inner_texts()
        assert pages[:3] == ["Overview", "Deliveries", "On call"]
        expected = ["Skip to content", *pages, "中文", "q", "robot", "state", "since"]
        assert [focused(page) for _ in expected] == expected
        page.goto(address(adapter, "/deliveries"))
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "content"
        for label in ("Alert name, label or fingerprint", "Robot", "State", "From", "To"):
            assert page.get_by_label(label, exact=label == "To").first.is_visible()
        unnamed = page.locator("input:not([type=hidden]), select, textarea").evaluate_all(
            "all => all.filter(one => !one.labels.length).length"
        )
        assert unnamed == 0
        assert page.locator("main h1").count() == 1


def test_it_searches_without_scripts(adapter: Adapter, browser: Browser, hostile: int) -> None:
    assert hostile
    with visit(browser, address(adapter, "/deliveries"), scripts=False) as opened:
        page = opened.page
        page.get_by_label("告警名、标签或指纹").fill("label10")
        page.get_by_role("button", name="查找").click()
        assert "没有找到" in page.locator("main").inner_text()
        page.get_by_label("告警名、标签或指纹").fill("forged")
        page.get_by_role("button", name="查找").click()
        assert page.locator("tbody tr").count() == 1


def test_tonight_is_swapped_with_three_taps_and_the_other_is_rung(
    adapter: Adapter, dingtalk: Running, browser: Browser
) -> None:
    with visit(browser, address(adapter), language="en-US", width=390) as opened:
        page = opened.page
        page.get_by_role("link", name="On call").click()
        page.get_by_role("link", name="Swap tonight").click()
        page.get_by_label("From").fill("2026-01-01T00:00")
        page.get_by_role("button", name="张三 takes over").click()
        assert "At most 31 days" in page.get_by_role("alert").inner_text()
        page.get_by_role("link", name="Back").click()
        page.get_by_role("link", name="Swap tonight").click()
        now = page.evaluate("new Date(Date.now() - 60000).toISOString().slice(0, 16)")
        page.get_by_label("From").evaluate("(field, now) => { field.value = now; }", now)
        page.get_by_role("button", name="李四 takes over").click()
        assert "The shift is swapped." in page.get_by_role("status").last.inner_text()
        assert len(opened.complaints) == 1, "the refusal above, as Chromium tells it"
        adapter.accept(told("AfterTheSwap"))
        wait_until(
            lambda: any("AfterTheSwap" in each.text for each in dingtalk.messages()),
            within=60,
            what="DingTalk has the message",
        )
        (sent,) = [each for each in dingtalk.messages() if "AfterTheSwap" in each.text]
        assert [mention.target for mention in sent.mentions] == ["13900000002"]
        code, said = command("oncall", "--config", str(adapter.config), folder=adapter.folder)
        assert (code, "李四" in said) == (0, True)
        page.get_by_role("button", name="Undo").click()
        assert "The swap is undone." in page.get_by_role("status").last.inner_text()
    code, said = command("oncall", "--config", str(adapter.config), folder=adapter.folder)
    assert (code, "李四" in said) == (0, False)
