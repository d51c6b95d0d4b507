"""What is deferred outlives a killed process, is shown until when, and holds up nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapter.secret import Secret
from adapter.simulator import Robot, SimulatorSettings, running
from support.adapter import adapter_in, command, robot_section, told
from support.processes import wait_until

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real

ROBOT = Robot(name="ops", access_token=Secret("deferred" * 8))
ALWAYS = {"always": [{"years": ["2000:2999"]}]}


def test_a_deferred_alert_outlives_a_kill_and_holds_up_nothing_else(tmp_path: Path) -> None:
    with (
        running(SimulatorSettings(robots=(ROBOT,))) as dingtalk,
        adapter_in(tmp_path) as adapter,
    ):
        adapter.configure(
            {"ops": robot_section(ROBOT, dingtalk.url)},
            route={"robots": ["ops"], "defer": ["always"]},
            time_intervals=ALWAYS,
        )
        adapter.start()
        adapter.accept(told("Mild", severity="warning"))
        adapter.kill()
        adapter.start()
        adapter.accept(told("Worst", severity="critical"))
        wait_until(lambda: bool(dingtalk.messages()), within=30, what="high priority is delivered")
        adapter.settled()
        (message,) = dingtalk.messages()
        assert "Worst" in message.text
        assert "Mild" not in message.text
        listed = ("outbox", "--config", str(adapter.config), "list")
        code, shown = command(*listed, folder=tmp_path, TZ="UTC")
        (line,) = (line for line in shown.splitlines() if line.endswith("Mild"))
        assert (code, "waiting: 1\n" in shown, line.count("+00:00")) == (0, True, 2), shown
        assert adapter.terminate() == 0
