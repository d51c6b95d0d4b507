"""A changed configuration is put into force under load, by itself, in one step or not at all."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest
import requests

from adapter.secret import Secret
from adapter.simulator import Rate, Robot, Running, SimulatorSettings, running
from e2e.stream import Stream, lost, overtaken, told_by
from support.adapter import Adapter, adapter_in, robot_section, told
from support.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.real

OPS = Robot(name="ops", access_token=Secret("a1" * 32), secret=Secret("SEC" + "b2" * 32))
NEW = Robot(name="new", access_token=Secret("c3" * 32))
MANY = Rate(messages=100_000)
RELOADS = 50 if os.environ.get("VERIFY") else 8
RELOADED = "reloaded"
MINE = '{{% extends "default.j2" %}}{{% block title %}}{}{{% endblock %}}'
REFUSED = "reload failed, the old configuration stays"


@pytest.fixture
def dingtalk() -> Iterator[Running]:
    with running(SimulatorSettings(robots=(OPS, NEW), rate=MANY)) as serving:
        yield serving


@pytest.fixture
def adapter(tmp_path: Path) -> Iterator[Adapter]:
    with adapter_in(tmp_path) as ours:
        yield ours


class Mounted:
    """Mount files as Kubernetes does: links through `..data`, which is swapped for all of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._versions = 0
        folder.mkdir()

    def swap(self, **files: str) -> None:
        """Put these files in place of those before, in one step."""
        self._versions += 1
        version = self.folder / f"..{self._versions}"
        version.mkdir()
        for name, text in files.items():
            (version / name).write_text(text)
            (version / name).chmod(0o600)
            link = self.folder / name
            if not link.is_symlink():
                link.symlink_to(f"..data/{name}")
        fresh = self.folder / "..data_tmp"
        fresh.symlink_to(version.name)
        fresh.rename(self.folder / "..data")


def test_what_kubernetes_mounts_anew_is_taken_by_itself(
    adapter: Adapter, dingtalk: Running, tmp_path: Path
) -> None:
    secrets, templates = Mounted(tmp_path / "secrets"), Mounted(tmp_path / "templates")
    secrets.swap(token="f0" * 32)
    section = robot_section(OPS, dingtalk.url)
    del section["access_token"]
    templates.swap(**{"mine.j2": MINE.format("First")})
    adapter.configure(
        {"ops": {**section, "access_token_file": "secrets/token", "template": "mine"}}
    )
    adapter.start()
    worker = adapter.worker()
    adapter.accept(told("Early"))
    wait_until(
        lambda: adapter.metric("send_failures_total", reason="token") > 0, what="it is refused"
    )
    secrets.swap(token=OPS.access_token.reveal())
    adapter.settled()
    templates.swap(**{"mine.j2": MINE.format("Second")})
    wait_until(lambda: len(adapter.events(RELOADED)) == 2, what="the template is taken")
    adapter.accept(told("Late"))
    adapter.settled()
    first, second = dingtalk.messages()
    assert ("Early" in first.text, first.title, second.title) == (True, "First", "Second")
    assert adapter.worker() == worker
    assert OPS.access_token.reveal() not in adapter.output()


def test_a_broken_file_is_told_once_in_the_log_and_changes_nothing(
    adapter: Adapter, dingtalk: Running
) -> None:
    adapter.configure({"ops": robot_section(OPS, dingtalk.url)})
    good = adapter.config.read_text()
    adapter.start()
    adapter.config.write_text("robots: {}\n")
    wait_until(lambda: adapter.events(REFUSED), what="it is looked at")
    assert adapter.metric("config_last_reload_successful") == 0
    answer = requests.post(f"{adapter.url}/-/reload", timeout=10)
    assert (answer.status_code, f"{adapter.config}:1:" in answer.text) == (500, True)
    adapter.accept(told("A"))
    adapter.settled()
    told_before = len(adapter.events(REFUSED))
    assert told_before == 2, "by itself, and to who asked"
    adapter.config.write_text("robots: []\n")
    wait_until(lambda: len(adapter.events(REFUSED)) > told_before, what="another mistake is told")
    adapter.config.write_text(good)
    wait_until(lambda: adapter.metric("config_last_reload_successful") == 1, what="it is mended")
    assert len(adapter.events(REFUSED)) == told_before + 1, "no mistake was told twice"


def test_reloading_under_load_refuses_and_loses_nothing(
    adapter: Adapter, dingtalk: Running
) -> None:
    """By signal, by request and by itself, with broken files between."""
    both = {each.name: robot_section(each, dingtalk.url) for each in (OPS, NEW)}
    one = {"ops": both["ops"]}
    adapter.configure(one)
    adapter.start()
    worker = adapter.worker()
    with Stream(adapter) as stream:
        for number in range(RELOADS):
            before = len(stream.acknowledged)
            wait_until(lambda: len(stream.acknowledged) > before + 10, what="webhooks pass")  # noqa: B023
            adapter.configure(both if number % 2 else one, route={"robots": ["ops"]})
            if number % 3 == 0:
                adapter.hang_up()
            elif number % 3 == 1:
                assert requests.post(f"{adapter.url}/-/reload", timeout=10).status_code == 200
            else:
                adapter.config.write_text("robots: {}\n")
                assert requests.put(f"{adapter.url}/-/reload", timeout=10).status_code == 500
        adapter.configure(both, route={"robots": ["ops"]}, log={"format": "json"})
        wait_until(
            lambda: adapter.post(told("Last"), "/alertmanager/new").ok, what="it is taken by itself"
        )
    adapter.settled()
    got = [each for message in dingtalk.messages() for each in told_by(message)]
    assert stream.refused == []
    assert lost(stream.acknowledged, got) == set()
    assert overtaken(got) == []
    assert adapter.worker() == worker
    assert adapter.metric("webhooks_total") == adapter.metric("webhooks_total", code="200")


def test_what_waits_for_a_robot_that_is_removed_goes_to_its_former_fallback(
    adapter: Adapter, dingtalk: Running
) -> None:
    sections = {each.name: robot_section(each, dingtalk.url) for each in (OPS, NEW)}
    old = {**sections["new"], "access_token": "f0" * 32, "fallback": "new"}
    adapter.configure({**sections, "old": old}, route={"robots": ["old"]})
    adapter.start()
    adapter.accept(told("A"))
    wait_until(lambda: adapter.metric("send_failures_total", robot="old") > 0, what="it is refused")
    adapter.configure(sections, route={"robots": ["ops"]})
    adapter.settled()
    (message,) = dingtalk.messages()
    assert message.robot == "new"
    assert "for old: 已从配置中删除" in message.text
    (line,) = adapter.events("deliveries of a robot that is configured no more go to another")
    assert (line["level"], line["robot"], line["to"]) == ("warning", "old", "new")
    adapter.accept(told("B"))
    adapter.settled()
    assert [each.robot for each in dingtalk.messages()] == ["new", "ops"]


def test_a_robot_that_comes_back_takes_what_waits_for_it(
    adapter: Adapter, dingtalk: Running
) -> None:
    sections = {each.name: robot_section(each, dingtalk.url) for each in (OPS, NEW)}
    broken = {**sections["ops"], "access_token": "f0" * 32}
    adapter.configure({"ops": broken, "new": sections["new"]}, route={"robots": ["new"]})
    dingtalk.fault("5xx")
    adapter.start()
    adapter.accept(told("A"))
    wait_until(dingtalk.requests, what="it is tried")
    adapter.configure({"ops": broken}, route={"robots": ["ops"]})
    wait_until(
        lambda: adapter.events("deliveries of a robot that is configured no more go to another"),
        what="it is gone",
    )
    dingtalk.clear_faults()
    wait_until(
        lambda: adapter.metric("send_failures_total", robot="ops") > 0, what="the heir fails"
    )
    adapter.configure({"ops": broken, "new": sections["new"]}, route={"robots": ["ops"]})
    adapter.settled()
    assert {each.robot for each in dingtalk.messages()} == {"new"}
    assert "for new" not in dingtalk.messages()[-1].text


def test_a_worker_that_follows_one_that_died_keeps_what_was_reloaded(
    adapter: Adapter, dingtalk: Running
) -> None:
    both = {each.name: robot_section(each, dingtalk.url) for each in (OPS, NEW)}
    adapter.configure({"ops": both["ops"]}, server={"watch": False})
    adapter.start()
    worker = adapter.worker()
    assert worker is not None
    adapter.configure(both, server={"watch": False}, storage={"url": "sqlite:///other.db"})
    adapter.hang_up()
    wait_until(lambda: adapter.events(RELOADED), what="it is taken")
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: adapter.worker() not in {None, worker}, what="a new worker")
    adapter.process.serves(f"{adapter.url}/-/ready")
    assert adapter.post(told("A"), "/alertmanager/new").status_code == 200
    adapter.settled()
    assert [each.robot for each in dingtalk.messages()] == ["new"]
    assert not (adapter.folder / "other.db").exists(), "the queue stays where it is"
