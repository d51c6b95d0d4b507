"""`make demo`: the sample alerts stand in the simulator's group, and Ctrl-C ends all of it."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.adapter import PROGRAM, children_of
from support.browser import chromium, visit
from support.processes import Process, answers, free_port, running, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.real

SAMPLES = 6
TOLD = (
    r"NodeCPUHigh",
    r"✅.*NodeCPUHigh",
    r"KubePodCrashLooping",
    *(rf"✅.*api-{number}\b" for number in (0, 1)),
    *(rf"api-{number}\b" for number in (2, 3)),
    r"TargetDown",
    *(rf"172\.20\.0\.{number}:9100" for number in range(200)),
    r"CertificateExpirySoon",
    r"pay\.example\.com",
)
"""What the samples tell, whether a message tells one group or several."""


class Demo:
    """Hold a demo that runs."""

    def __init__(self, process: Process, adapter: str, simulator: str) -> None:
        self.process = process
        self.adapter = adapter
        self.simulator = simulator

    def family(self) -> list[int]:
        """Return the processes of the demo, its own first."""
        found = [self.process.pid]
        for pid in found:
            found += children_of(pid)
        return found

    def folder(self) -> Path:
        """Return the folder in which it keeps its database."""
        server = Path(f"/proc/{self.family()[1]}/cmdline").read_text().split("\0")
        return Path(server[server.index("--config") + 1]).parent


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    addresses = [f"127.0.0.1:{free_port()}" for _ in range(2)]
    command = [*PROGRAM, "demo", "--listen", addresses[0], "--simulator", addresses[1]]
    with running(command, log=tmp_path / "demo.log") as process:
        wait_until(
            lambda: not process.running() or "Ctrl-C ends both" in process.output(),
            within=60,
            what=f"the demo stands:\n{process.output()}",
        )
        assert process.running(), process.output()
        demo = Demo(process, *(f"http://{address}" for address in addresses))
        family = demo.family()
        yield demo
    for pid in family:  # the adapter has a process group of its own
        if not gone(pid):
            os.kill(pid, signal.SIGKILL)


def gone(pid: int) -> bool:
    """Return whether a process has ended; one that nobody buries counts as ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_the_sample_alerts_are_in_the_group(demo: Demo) -> None:
    assert f"DingTalk group:  {demo.simulator}/" in demo.process.output()
    assert demo.process.output().count('"status":"accepted"') == SAMPLES
    with chromium() as browser, visit(browser, f"{demo.simulator}/") as opened:
        messages = opened.page.locator("li.message .bubble")

        def missing() -> list[str]:
            text = "\n".join(messages.all_inner_texts())
            return [told for told in TOLD if not re.search(told, text)]

        wait_until(lambda: not missing(), within=30, what="the samples are told")
        assert opened.page.locator("li.refused").count() == 0
        assert opened.complaints == []


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGHUP])
def test_ctrl_c_ends_all_of_it_and_so_does_closing_the_terminal(
    demo: Demo, ending: signal.Signals
) -> None:
    wait_until(lambda: len(demo.family()) >= 3, what="simulator, arbiter, worker")
    family, folder = demo.family(), demo.folder()
    assert (folder / "adapter.db").exists()
    os.killpg(demo.process.pid, ending)  # as a terminal does
    os.killpg(demo.process.pid, signal.SIGTERM)  # and `make`, when it hears of it
    assert demo.process.wait(30) == 130
    assert [pid for pid in family if not gone(pid)] == []
    assert not answers(f"{demo.adapter}/-/ready")
    assert not answers(f"{demo.simulator}/")
    assert not folder.exists()
    assert "Traceback" not in demo.process.output()
