"""`demo` asks no proxy, though the environment names one, as on many office networks."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
import requests

from support.adapter import PROGRAM
from support.processes import free_port, running, wait_until

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real


def test_the_samples_pass_by_a_proxy_that_answers_nobody(tmp_path: Path) -> None:
    proxy = f"http://127.0.0.1:{free_port()}"
    names = ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy")
    env = {**dict.fromkeys(names, proxy), "no_proxy": "example.com", "NO_PROXY": "example.com"}
    adapter, simulator = (f"127.0.0.1:{free_port()}" for _ in range(2))
    command = [*PROGRAM, "demo", "--listen", adapter, "--simulator", simulator]
    session = requests.Session()
    session.trust_env = False
    with running(command, log=tmp_path / "demo.log", env=env) as process:
        try:
            wait_until(
                lambda: not process.running() or "Ctrl-C ends both" in process.output(),
                within=60,
                what="the demo stands",
            )
            assert process.output().count('"status":"accepted"') == 6, process.output()
            wait_until(
                lambda: session.get(f"http://{simulator}/control/messages", timeout=5).json(),
                what=f"a message is in the group:\n{process.output()}",
            )
        finally:
            process.signal(signal.SIGINT)  # the adapter, a session of its own, ends with it
            assert process.wait(30) == 130
