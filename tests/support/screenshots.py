"""Take the pictures of the docs: bundled templates as the simulator's page shows them on a phone.

`make screenshots` runs it.
"""

from __future__ import annotations

import requests

from adapter.clock import SharedClock
from adapter.core.delivery import Delivery, RenderSettings
from adapter.core.message import body
from adapter.secret import Secret
from adapter.simulator import Robot, SimulatorSettings, running
from support.browser import chromium, visit
from support.payloads import PAYLOADS
from support.rendering import NOW, ROOT, renderer

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


def main() -> None:
    """Write a picture of every template, in Chinese."""
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
