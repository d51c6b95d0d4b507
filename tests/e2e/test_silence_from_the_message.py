"""From an alert in the group to its silence: a real Alertmanager, the adapter, a browser."""

from __future__ import annotations

import json
import re
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests

from adapter.core.message_links import Linker
from adapter.secret import Secret
from adapter.simulator import DEMO_ROBOT, running
from support.adapter import Adapter, adapter_in, command, robot_section
from support.alertmanager import RELEASES, Alertmanager, alertmanager
from support.browser import chromium, visit
from support.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from adapter.simulator import Running

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("links")]

RELEASE = RELEASES["debian"]
SECRET = "hunter2-signs-the-links"


@dataclass(frozen=True, slots=True)
class Chain:
    """Hold everything from the alert to the group."""

    source: Alertmanager
    adapter: Adapter
    dingtalk: Running
    folder: Path

    def fire(self, name: str, **labels: str) -> str:
        """Let an alert fire, and return the silence link of the card that tells it."""
        self.post(name, **labels)
        wait_until(lambda: self.told(name), within=60, what=f"{name} is in the group")
        card = self.told(name)[0]["actionCard"]
        return str(card["btns"][0]["actionURL"])

    def post(self, name: str, **labels: str) -> None:
        """Let an alert fire."""
        alert = {"labels": {"alertname": name, "severity": "warning", **labels}}
        answer = requests.post(f"{self.source.url}/api/v2/alerts", json=[alert], timeout=10)
        assert answer.status_code == 200, answer.text

    def cards_of(self, instance: str) -> list[str]:
        """Return the texts of the cards that tell an instance."""
        bodies: list[dict[str, Any]] = [dict(m.body) for m in self.dingtalk.messages()]
        texts = [str(body["actionCard"]["text"]) for body in bodies if "actionCard" in body]
        return [text for text in texts if instance in text]

    def told(self, word: str) -> list[dict[str, Any]]:
        """Return the bodies of the messages whose title holds a word."""
        return [dict(m.body) for m in self.dingtalk.messages() if word in m.title]

    def silences(self, name: str) -> list[dict[str, Any]]:
        """Return the silences in force that name an alert, as amtool tells them."""
        asked = [RELEASE.amtool, f"--alertmanager.url={self.source.url}", "silence", "query", name]
        done = subprocess.run([*asked, "-o", "json"], capture_output=True, timeout=30, check=True)
        return list(json.loads(done.stdout))


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    with all_of_it(tmp_path_factory.mktemp("links")) as opened:
        yield opened


@contextmanager
def all_of_it(folder: Path) -> Iterator[Chain]:
    with running() as dingtalk, adapter_in(folder) as adapter:
        webhook = {"url": f"{adapter.url}/alertmanager?source=bj"}
        sender = {
            "route": {
                "receiver": "dingtalk",
                "group_by": ["alertname"],
                "group_wait": "100ms",
                "group_interval": "1s",
            },
            "receivers": [{"name": "dingtalk", "webhook_configs": [webhook]}],
        }
        with alertmanager(RELEASE, sender, folder) as source:
            adapter.configure(
                {"ops": robot_section(DEMO_ROBOT, dingtalk.url)},
                server={"external_url": adapter.url},
                alertmanagers={"bj": {"url": source.url, "labels": {"cluster": "bj"}}},
                silence={"secret": SECRET},
                route={"robots": ["ops"], "message": "action_card", "language": "en"},
            )
            adapter.start()
            yield Chain(source, adapter, dingtalk, folder)


def form_of(link: str) -> dict[str, str]:
    """Return the hidden fields that a page's forms hold."""
    page = requests.get(link, headers={"Accept-Language": "en"}, timeout=10)
    assert page.status_code == 200
    found = re.findall(r'name="(token|matchers)" value="([^"]*)"', page.text)
    return {name: value.replace("&#34;", '"') for name, value in found}


def ask(link: str, origin: str, **given: str) -> requests.Response:
    fields = {**form_of(link), "who": "张三", "for": "1h", "do": "silence", **given}
    headers = {"Origin": origin, "Accept-Language": "en"}
    return requests.post(link, data=fields, headers=headers, timeout=15)


def test_an_alert_is_silenced_on_a_phone(chain: Chain) -> None:
    link = chain.fire("DiskFull", instance="10.0.0.1", job="node")
    with chromium() as browser, visit(browser, link, language="en", width=390) as phone:
        page = phone.page
        assert "Would mute 1 firing alert(s) now" in page.inner_text("main")
        page.get_by_label("4h").check()
        page.locator("#who-silences").fill("张三")
        page.get_by_label("Comment (optional)").fill("disk is on order")
        page.get_by_role("button", name="Silence").click()
        page.wait_for_selector("text=Silence ID")
        shown = page.inner_text("main")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, "it fits a phone"
        assert phone.complaints == []
        assert phone.hosts == {chain.adapter.url.removeprefix("http://")}

        [silence] = chain.silences("DiskFull")
        assert silence["createdBy"] == "张三"
        assert silence["id"] in shown
        assert {(each["name"], each["value"]) for each in silence["matchers"]} == {
            ("alertname", "DiskFull"),
            ("instance", "10.0.0.1"),
            ("job", "node"),
            ("severity", "warning"),
        }
        assert silence["comment"].startswith("disk is on order [dingtalk ")
        wait_until(lambda: chain.told("silenced DiskFull"), within=60, what="the group is told")
        [notice] = chain.told("silenced DiskFull")
        assert silence["id"] in notice["markdown"]["text"]

        chain.post("DiskFull", instance="10.0.0.9", job="node")
        wait_until(lambda: chain.cards_of("10.0.0.9"), within=60, what="another one is told")
        assert [text for text in chain.cards_of("10.0.0.9") if "10.0.0.1" in text] == []

        again = ask(link, chain.adapter.url, who="李四")
        assert silence["id"] in again.text
        assert len(chain.silences("DiskFull")) == 1

        page.locator("#who-ends").fill("李四")
        page.get_by_role("button", name="End the silence now").click()
        page.wait_for_selector("text=has ended the silence")
        assert chain.silences("DiskFull") == []
    wait_until(lambda: chain.told("ended the silence"), within=60, what="and of its end")
    config = str(chain.adapter.config)
    code, said = command("outbox", "--config", config, "show", "1", folder=chain.folder)
    assert code == 0
    assert f"张三 made silence {silence['id']} until " in said
    assert f"李四 ended silence {silence['id']}" in said


def test_who_is_on_it_is_told_and_shown(chain: Chain) -> None:
    link = chain.fire("CpuHigh", instance="10.0.0.2")
    assert "张三 is on it" in ask(link, chain.adapter.url, do="acknowledge").text
    wait_until(lambda: chain.told("is on CpuHigh"), within=60, what="the group is told")
    card = chain.told("CpuHigh")[0]["actionCard"]["text"]
    why = re.findall(r"\((http://[^)]+/m/why/[^)]+)\)", card)[-1]
    page = requests.get(why, headers={"Accept-Language": "en"}, timeout=10).text
    assert "张三 is on it" in page
    assert "from Alertmanager bj" in page
    assert chain.silences("CpuHigh") == []
    config, delivery = str(chain.adapter.config), why.rsplit("/", 3)[1]
    code, said = command("outbox", "--config", config, "show", delivery, folder=chain.folder)
    assert (code, "张三 said to be on it" in said) == (0, True)


def test_maintenance_is_planned_on_the_page(chain: Chain) -> None:
    chain.fire("NodeDown", instance="10.0.0.4")
    address = f"{chain.adapter.url}/maintenance"
    with chromium() as browser, visit(browser, address, language="en-US") as opened:
        page = opened.page
        page.get_by_label("Matchers").fill('alertname="NodeDown", instance=~"10[.]0[.]0[.]4"')
        page.get_by_role("button", name="Count").click()
        page.wait_for_selector("text=would mute 1 now")
        assert chain.silences("NodeDown") == []
        page.get_by_label("Comment").fill("new disks")
        page.get_by_role("button", name="Silence").click()
        wait_until(lambda: chain.silences("NodeDown"), within=60, what="it is silenced")
        [silence] = chain.silences("NodeDown")
        page.wait_for_selector(f"text={silence['id']}")
        assert opened.complaints == []
    assert silence["comment"].startswith("new disks")
    assert [(each["value"], each["isRegex"]) for each in silence["matchers"]] == [
        ("NodeDown", False),
        ("10[.]0[.]0[.]4", True),
    ]


def test_what_is_not_allowed_is_refused(chain: Chain) -> None:
    link = chain.fire("Lag", topic="orders")
    ours = chain.adapter.url
    assert ask(link, "https://evil.example").status_code == 403
    assert ask(link, ours, matchers='alertname="Lag"').status_code == 400
    assert ask(link, ours, **{"for": "30d"}).status_code == 400
    assert ask(link, ours, token="made-up").status_code == 403
    fields = {**form_of(link), "who": "x", "for": "1h", "do": "silence"}
    forged = link[:-1] + ("A" if link[-1] != "A" else "B")
    headers = {"Origin": ours}
    assert requests.post(forged, data=fields, headers=headers, timeout=10).status_code == 404
    linker = Linker(ours, Secret(SECRET), timedelta(0), timedelta(0))
    expired = linker.act(1, "", datetime(2026, 1, 1, tzinfo=UTC))
    assert requests.get(expired, timeout=10).status_code == 410
    assert chain.silences("Lag") == []
    assert SECRET not in chain.adapter.output()
    assert "Traceback" not in chain.adapter.output()
