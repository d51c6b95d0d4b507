"""`run()`: a simulator for people, told of on the command line."""

from __future__ import annotations

import re
import signal
import sys
from typing import TYPE_CHECKING

import pytest
import requests

from adapter.errors import AdapterError
from adapter.simulator import DEMO_ROBOT, parse_robot, run, running
from simulator.calls import TEXT
from support.processes import free_port, wait_until
from support.processes import running as process_running

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.real
def test_it_tells_how_to_reach_it_and_ends_when_interrupted(tmp_path: Path) -> None:
    port = free_port()
    program = f"from adapter.simulator import run; run('127.0.0.1', {port})"
    command = [sys.executable, "-u", "-c", program]
    with process_running(command, log=tmp_path / "log") as process:
        process.serves(f"http://127.0.0.1:{port}/")
        wait_until(lambda: "secret:" in process.output(), what="the robot is told")
        webhook = re.findall(r"webhook: (\S+)", process.output())[0]
        answer = requests.post(webhook, json=TEXT, timeout=10)
        assert answer.json()["errcode"] == 310000, "the robot of the demo wants a signature"
        told = process.output()
        process.signal(signal.SIGINT)
        process.wait()
        assert process.output().startswith(told)
        assert "KeyboardInterrupt" in process.output(), "the caller decides what it means"
        assert "POST" not in process.output(), "requests are not logged: they hold the token"


def test_a_port_in_use_is_named() -> None:
    with running() as taken:
        port = int(taken.url.rsplit(":", 1)[1])
        with pytest.raises(AdapterError, match=f"cannot listen on 127.0.0.1:{port}: .*--listen"):
            run("127.0.0.1", port, announce=lambda _: None)


@pytest.mark.parametrize(
    ("text", "secret", "keywords"),
    [
        ("ops:abc", None, ()),
        ("ops:abc:SEC1", "SEC1", ()),
        ("ops:abc::告警", None, ("告警",)),
        ("ops:abc:SEC1:a:b", "SEC1", ("a:b",)),
    ],
)
def test_a_robot_is_read_from_the_command_line(
    text: str, secret: str | None, keywords: tuple[str, ...]
) -> None:
    robot = parse_robot(text)
    assert (robot.name, robot.access_token.reveal(), robot.keywords) == ("ops", "abc", keywords)
    assert (robot.secret.reveal() if robot.secret else None) == secret


@pytest.mark.parametrize("text", ["", "ops", "ops:", ":abc"])
def test_half_a_robot_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(AdapterError, match="expected NAME:TOKEN") as error:
        parse_robot(text)
    assert "abc" not in str(error.value).replace("0123abcd", "")


def test_the_robot_of_the_demo_shows_its_token_to_nobody_by_accident() -> None:
    assert DEMO_ROBOT.access_token.reveal() not in repr(DEMO_ROBOT)
