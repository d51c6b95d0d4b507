"""Look at a page with Debian's Chromium through Playwright, and notice what it should not do."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from playwright.sync_api import sync_playwright

from support.processes import need

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Request

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class Visit:
    """Hold an open page, what it complained of, and the hosts it asked for anything."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.hosts: set[str] = set()
        page.on("console", self._console)
        page.on("pageerror", self._error)
        page.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _error(self, error: Error) -> None:
        self.complaints.append(str(error))

    def _request(self, request: Request) -> None:
        self.hosts.add(urlsplit(request.url).netloc)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a Chromium for the length of a block; skip the test where there is none."""
    need("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visit(  # noqa: PLR0913  # what a visitor's device can be
    browser: Browser,
    url: str,
    *,
    language: str = "zh-CN",
    scheme: Literal["light", "dark"] = "light",
    width: int = 1200,
    scripts: bool = True,
) -> Iterator[Visit]:
    """Open `url` in a fresh profile; `width` below 720 pixels is a phone's."""
    context = browser.new_context(
        locale=language,
        color_scheme=scheme,
        viewport={"width": width, "height": 800},
        java_script_enabled=scripts,
    )
    try:
        page = context.new_page()
        opened = Visit(page)
        page.goto(url)
        yield opened
    finally:
        context.close()
