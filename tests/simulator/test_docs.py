"""The pages about the simulator name all that can be ordered, and their commands work."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import get_args

import pytest
import requests
from flask import Flask

from adapter.simulator import SimulatorSettings, running
from adapter.simulator.control import control
from adapter.simulator.faults import Fault, Kind
from adapter.simulator.simulator import Simulator

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "docs/simulator.md", ROOT / "docs/zh/simulator.md"]
HERE = "http://127.0.0.1:8061"


@pytest.fixture(params=PAGES, ids=["en", "zh"])
def page(request: pytest.FixtureRequest) -> str:
    path: Path = request.param
    return path.read_text()


def test_every_fault_and_setting_is_named(page: str) -> None:
    named = set(re.findall(r"`([^`\n]+)`", page))
    assert set(get_args(Kind)) <= named
    assert set(Fault.__struct_fields__) <= named
    assert set(SimulatorSettings.__struct_fields__) <= named


def test_every_path_is_named(page: str) -> None:
    app = Flask("paths")
    app.register_blueprint(control(Simulator()))
    paths = {rule.rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/control/")}
    assert paths == set(re.findall(r"/control/\w+", page))


def test_every_command_works(page: str) -> None:
    [block] = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    with running() as serving:
        for line in block.splitlines():
            assert line.startswith("curl ")
            answer = carry_out(shlex.split(line.replace(HERE, serving.url)))
            assert answer.status_code == 200, answer.text
        assert [fault.kind for fault in serving.simulator.faults] == ["reset_after_accept"]
        assert serving.simulator.settings.wording == "B"


def carry_out(words: list[str]) -> requests.Response:
    """Do what a curl command does, as far as the pages use it."""
    options = dict(zip(words[1:-1:2], words[2:-1:2], strict=True))
    data = options.get("-d")
    method = options.get("-X", "GET" if data is None else "POST")
    headers = dict([options["-H"].split(": ")]) if "-H" in options else {}
    return requests.request(method, words[-1], data=data, headers=headers, timeout=10)
