"""A thousand groups at once are acknowledged without a stall; by gunicorn's defaults, not."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

import pytest
import requests

from adapter.clock import SystemClock
from serving.wire import gunicorn, post, serving
from support.processes import free_port, need, running, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from serving.wire import Program

pytestmark = [pytest.mark.real, pytest.mark.timed]

GROUPS: Final = 1000
THREADS: Final = 8
SILENT: Final = 40
clock = SystemClock()


def answered(program: Program, count: int, within: float) -> int:
    """Return how many of so many requests are answered in time beside silent connections."""
    with ExitStack() as stack:
        for _ in range(SILENT):
            stack.enter_context(program.client())
        pool = stack.enter_context(ThreadPoolExecutor(16))
        asked = [
            pool.submit(program.ask, post(b"{}", "/?seconds=0.003"), within=within)
            for _ in range(count)
        ]
        done, _ = wait(asked, timeout=within)
        for one in asked:
            one.cancel()
        return sum(one.exception() is None for one in done if not one.cancelled())


def test_silent_connections_do_not_stall_a_burst(tmp_path: Path) -> None:
    with serving(tmp_path / "log", threads=THREADS) as program:
        assert answered(program, 200, within=2) == 200


def test_silent_connections_stall_gunicorn_with_its_defaults(tmp_path: Path) -> None:
    """The test above can fail: this is what it would see if gunicorn's own worker came back."""
    with gunicorn(tmp_path / "log", threads=THREADS) as program:
        assert answered(program, 200, within=2) < 200


def alertmanager(port: int, url: str, folder: Path) -> list[str]:
    """Return the command of an Alertmanager that makes a group of each alert."""
    receivers = [{"name": "adapter", "webhook_configs": [{"url": url}]}]
    route = {"receiver": "adapter", "group_by": ["number"], "group_wait": "1s"}
    config = folder / "alertmanager.yml"
    config.write_text(json.dumps({"route": route, "receivers": receivers}))
    return [
        "prometheus-alertmanager",
        f"--config.file={config}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]


STALL = 5
"""Seconds for which gunicorn's own threads stall in such a burst."""


def test_a_thousand_groups_of_an_alertmanager_are_acknowledged_without_a_stall(
    tmp_path: Path,
) -> None:
    need("prometheus-alertmanager")
    port = free_port()
    alerts = [{"labels": {"alertname": "Burst", "number": str(number)}} for number in range(GROUPS)]
    with (
        serving(tmp_path / "log") as program,
        running(
            alertmanager(port, f"http://127.0.0.1:{program.port}/?seconds=0.003", tmp_path),
            log=tmp_path / "am",
        ) as manager,
    ):
        manager.serves(f"http://127.0.0.1:{port}/-/ready")
        url = f"http://127.0.0.1:{port}/api/v2/alerts"
        requests.post(url, json=alerts, timeout=10).raise_for_status()

        def served() -> dict[str, float]:
            answer: dict[str, float] = program.ask(b"GET /served HTTP/1.1\r\n\r\n").json()
            return answer

        wait_until(lambda: served()["count"] >= GROUPS, within=30, what="all groups acknowledged")
        assert served()["seconds"] < STALL
