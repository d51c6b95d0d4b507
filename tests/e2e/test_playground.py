"""A template is edited in a browser and its preview changes: as one types, or by a button."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from adapter.secret import Secret
from adapter.simulator import Robot
from support.adapter import adapter_in, robot_section, told
from support.browser import chromium, visit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from support.adapter import Adapter

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("playground")]

OPS: Final = Robot(name="ops", access_token=Secret("a1" * 32))
OWN: Final = '{% extends "default.j2" %}{% block title %}my own {{ status }}{% endblock %}'
NARROW: Final = "document.documentElement.scrollWidth <= innerWidth"
HOSTILE: Final = "</textarea><img src=https://evil.example/x onerror=document.title=1>"


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Adapter]:
    with adapter_in(tmp_path_factory.mktemp("playground")) as ours:
        ours.configure({"ops": robot_section(OPS, "http://127.0.0.1:9")})
        ours.start()
        ours.accept(told("RealAlert", summary=HOSTILE))
        yield ours
        assert "fault of the adapter" not in ours.output()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


def wait_for(page: Page, text: str) -> None:
    """Wait until the preview says something."""
    page.locator("#preview").get_by_text(text, exact=False).first.wait_for(timeout=20_000)


def test_the_preview_follows_what_is_typed(
    adapter: Adapter, browser: Browser, tmp_path: Path
) -> None:
    with visit(browser, f"{adapter.url}/playground", language="en-GB") as opened:
        page = opened.page
        wait_for(page, "RealAlert")
        page.get_by_role("textbox", name="Template").fill(OWN)
        wait_for(page, "my own firing")
        page.get_by_label("Try it on").select_option("sample:2")
        wait_for(page, "my own resolved")
        page.get_by_role("textbox", name="Template").fill(OWN + "{% block titel %}{% endblock %}")
        wait_for(page, "there is no block titel; did you mean title?")
        page.get_by_label("Name").fill("night-shift")
        with page.expect_download() as download:
            page.get_by_role("button", name="Download the file").click()
        assert download.value.suggested_filename == "night-shift.j2"
        download.value.save_as(tmp_path / "file")
        assert (tmp_path / "file").read_text().startswith(OWN)
        assert opened.complaints == []
        assert opened.hosts == {adapter.url.removeprefix("http://")}


def test_without_scripts_a_button_shows_the_preview(adapter: Adapter, browser: Browser) -> None:
    start = f"{adapter.url}/playground"
    with visit(browser, start, language="en-GB", width=390, scripts=False) as opened:
        page = opened.page
        page.get_by_label("Start from a template").select_option("compact")
        page.get_by_role("button", name="Open").click()
        assert "extends" in page.get_by_role("textbox", name="Template").input_value()
        page.get_by_role("textbox", name="Template").fill(OWN + HOSTILE)
        page.get_by_label("Try it on").select_option(index=0)
        page.get_by_role("button", name="Preview").click()
        wait_for(page, "my own firing")
        assert page.get_by_role("textbox", name="Template").input_value() == OWN + HOSTILE
        assert page.locator("#preview").get_by_text("RealAlert").count()
        assert page.evaluate(NARROW), "a phone need not scroll sideways"
        assert opened.hosts == {adapter.url.removeprefix("http://")}


def test_routes_are_told_in_a_browser(adapter: Adapter, browser: Browser) -> None:
    with visit(browser, f"{adapter.url}/routes", language="zh-CN", width=390) as opened:
        page = opened.page
        page.get_by_label("标签").fill("severity=critical")
        page.get_by_label("匹配条件").fill('severity="warning"')
        page.get_by_role("button", name="看看").click()
        assert "route tells ops" in page.locator(".decision").inner_text()
        page.get_by_text("不全匹配").wait_for()
        assert page.evaluate(NARROW), "a phone need not scroll sideways"
        assert opened.complaints == []
