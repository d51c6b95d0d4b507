"""A thousand groups of a real Alertmanager at once are committed and acknowledged without a stall.

`tests/serving/test_burst.py` tries the serving alone, and `make bench` measures the whole. Other
work of the machine may prolong it, but there is no pause in it such as a silent connection makes
that holds a thread for five seconds.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
import requests

from adapter.simulator import DEMO_ROBOT
from serving.test_burst import alertmanager
from support.adapter import Adapter, adapter_in, robot_section
from support.processes import free_port, need, running, wait_until

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.real, pytest.mark.timed, pytest.mark.xdist_group("burst")]

GROUPS = 1000
PAUSE = timedelta(seconds=1)


def acknowledged(adapter: Adapter) -> list[datetime]:
    """Return when each webhook was acknowledged."""
    found = adapter.events("webhook accepted")
    return sorted(datetime.fromisoformat(each["timestamp"]) for each in found)


def test_a_thousand_groups_are_acknowledged_without_a_stall(tmp_path: Path) -> None:
    need("prometheus-alertmanager")
    port = free_port()
    manager = f"http://127.0.0.1:{port}"
    alerts = [{"labels": {"alertname": "Burst", "number": str(n)}} for n in range(GROUPS)]
    with adapter_in(tmp_path) as adapter:
        robots = {"ops": robot_section(DEMO_ROBOT, "http://127.0.0.1:1")}
        adapter.configure(robots)
        adapter.start()
        command = alertmanager(port, f"{adapter.url}/alertmanager", tmp_path)
        with running(command, log=tmp_path / "am") as process:
            process.serves(f"{manager}/-/ready")
            requests.post(f"{manager}/api/v2/alerts", json=alerts, timeout=10).raise_for_status()
            wait_until(lambda: len(acknowledged(adapter)) >= GROUPS, what="all are acknowledged")
        assert adapter.pending() == GROUPS
    times = acknowledged(adapter)
    assert max(after - at for at, after in pairwise(times)) < PAUSE
