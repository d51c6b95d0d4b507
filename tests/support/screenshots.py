"""Take the pictures of the docs: bundled templates as the simulator's page shows them on a phone.

And the adapter's own page, of a real process. `make screenshots` runs it.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from adapter.clock import SharedClock
from adapter.core.delivery import Delivery, RenderSettings
from adapter.core.message import body
from adapter.secret import Secret
from adapter.simulator import Robot, SimulatorSettings, running
from support.adapter import adapter_in, robot_section, told
from support.browser import chromium, visit
from support.payloads import PAYLOADS
from support.processes import wait_until
from support.rendering import NOW, ROOT, renderer

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from adapter.simulator import Running
    from support.adapter import Adapter

IMAGES = ROOT / "docs" / "images"
PICTURES = {
    "default": ("markdown", [("default", "firing"), ("default", "resolved")]),
    "action-card": ("action_card", [("default", "firing")]),
    "compact": ("markdown", [("compact", "firing"), ("compact", "mixed")]),
    "detailed": ("markdown", [("detailed", "one")]),
    "grafana": ("markdown", [("grafana", "grafana")]),
    "watchdog": ("markdown", [("watchdog", "one"), ("watchdog", "resolved")]),
}
"""The messages of each picture: their type; template, and which of `PAYLOADS`."""

PHONE = 400
_TOKEN = "5e7a" * 16
_ROBOT = Robot(name="ops", access_token=Secret(_TOKEN))


PAGES = {
    "page-desktop": ("/", {"language": "zh-CN"}),
    "page-dark": ("/", {"language": "en-US", "scheme": "dark"}),
    "page-phone": ("/deliveries/1", {"language": "zh-CN", "width": PHONE}),
    "page-phone-dark": ("/oncall", {"language": "en-US", "scheme": "dark", "width": PHONE}),
}
"""The pictures of the page: which page, and by whom it is looked at."""

_ALERTS = (
    ("NodeCPUHigh", {"severity": "critical", "instance": "10.0.0.1:9100", "team": "infra"}),
    ("KubePodCrashLooping", {"severity": "warning", "namespace": "pay", "team": "pay"}),
)


def main() -> None:
    """Write a picture of every template, in Chinese, and those of the page."""
    with chromium() as browser:
        for picture, (message, told) in PICTURES.items():
            settings = SimulatorSettings(robots=(_ROBOT,))
            with running(settings, SharedClock()) as simulator:
                for template, payload in told:
                    _send(simulator.url, template, payload, message)
                with visit(browser, simulator.url, width=PHONE) as opened:
                    opened.page.wait_for_selector(".bubble")
                    opened.page.wait_for_timeout(300)  # the page scrolls to the newest
                    opened.page.screenshot(path=IMAGES / f"{picture}.png")
        with running(SimulatorSettings(robots=(_ROBOT,)), SharedClock()) as simulator:
            _take_pages(browser, simulator)


def _take_pages(browser: Browser, simulator: Running) -> None:
    with tempfile.TemporaryDirectory() as folder, adapter_in(Path(folder)) as adapter:
        _configure(adapter, simulator)
        adapter.start()
        adapter.accept(*(told(name, **labels) for name, labels in _ALERTS))
        adapter.accept(told("Watchdog", cluster="bj"))
        wait_until(lambda: len(simulator.messages()) > 1 and adapter.rows(_ILL))
        for picture, (path, look) in PAGES.items():
            with visit(browser, f"{adapter.url}{path}", **look) as opened:  # type: ignore[arg-type]  # by name
                opened.page.screenshot(path=IMAGES / f"{picture}.png", full_page=True)


_ILL = "SELECT 1 FROM tokens WHERE ill = 'token'"


def _configure(adapter: Adapter, simulator: Running) -> None:
    ordinary = {"messages": 20, "per": "1m"}
    stranger = Robot(name="pay", access_token=Secret("0ff" * 20))
    robots = {
        "ops": robot_section(
            _ROBOT, simulator.url, rate=ordinary, quota="company", mention=["schedule:sre"]
        ),
        "pay": robot_section(stranger, simulator.url, rate=ordinary),
    }
    adapter.configure(
        robots,
        route={
            "robots": ["ops"],
            "routes": [{"matchers": ['team="pay"'], "robots": ["pay", "ops"]}],
        },
        quotas={"company": {"messages": 3000, "used": 1204}},
        people={
            "zhang": {"name": "张三", "mobile": "13800000001"},
            "lee": {"name": "李四", "mobile": "13900000002"},
        },
        schedules={
            "sre": {
                "layers": [
                    {"rotation": "weekly", "start": "2026-11-02T09:00", "people": ["zhang", "lee"]}
                ]
            }
        },
        heartbeats=[
            {
                "name": "pipeline",
                "matchers": ['alertname="Watchdog"'],
                "by": ["cluster"],
                "expect": ["bj", "sh"],
            }
        ],
    )


def _send(url: str, template: str, payload: str, message: str) -> None:
    look = RenderSettings(template=template, message=message)
    delivery = Delivery(robot="ops", group=PAYLOADS[payload], settings=look)
    content = body(renderer().render(delivery, now=NOW).message, f"{template}-{payload}")
    answer = requests.post(
        f"{url}/robot/send",
        params={"access_token": _TOKEN},
        data=content,
        headers={"Content-Type": "application/json"},
        timeout=9,
    )
    if answer.json()["errcode"]:
        raise SystemExit(f"the simulator refused a message: {answer.text}")


if __name__ == "__main__":
    main()
