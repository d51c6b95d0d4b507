"""An adapter with a long backlog: it starts, accepts and plans, within its memory."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from adapter.clock import SystemClock
from adapter.outbox import open_sqlite
from adapter.secret import Secret
from adapter.simulator import Robot, SimulatorSettings, running
from support.adapter import adapter_in, robot_section, told
from support.full_store import MANY, fill
from support.processes import wait_until

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("full_store")]

LIMIT = 180
"""MiB that all processes of the adapter may take."""

ROBOT = Robot(name="ops", access_token=Secret("backlog" * 6))


def test_a_long_backlog_fits_into_memory_and_is_told(tmp_path: Path) -> None:
    with running(SimulatorSettings(robots=(ROBOT,))) as group, adapter_in(tmp_path) as adapter:
        with closing(open_sqlite(adapter.database, SystemClock().now())) as outbox:
            fill(outbox, MANY, SystemClock().now())
        # It is planned once, and rests until it is asked to look again.
        group.fault("errcode", errcode=400102, errmsg="机器人已停用", times=1)
        adapter.configure({"ops": robot_section(ROBOT, group.url, rate={"per": "1m"})})
        adapter.start()
        wait_until(group.requests, what="a message is planned")
        adapter.accept(*(told(f"New-{number}", severity="warning") for number in range(200)))
        assert adapter.pending() == MANY + 200
        assert adapter.memory() <= LIMIT
        adapter.hang_up()  # which ends the rest
        adapter.settled(within=60)
        assert adapter.memory() <= LIMIT
        wait_until(
            lambda: adapter.metric("alerts_delivered_total", form="digest") >= MANY,
            what="it was told as a digest",
        )
