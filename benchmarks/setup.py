"""What every measurement runs: the adapter on a fresh SQLite store, and a DingTalk simulator."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from benchmarks.programs import free_port, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.programs import Program

MESSAGES: Final = 20
SCALED: Final = "6s"
"""A minute of DingTalk's that lasts six seconds."""

_TOKEN: Final = "bench" * 8
_SECRET: Final = "SECbench" * 4


@contextmanager
def simulator(folder: Path, *, delay: timedelta = timedelta(0)) -> Iterator[Program]:
    """Run a DingTalk that takes 20 messages in six seconds, and answers after `delay`."""
    port = free_port()
    robot = ("--robot", f"ops:{_TOKEN}:{_SECRET}")
    rate = ("--messages", str(MESSAGES), "--per", SCALED)
    command = ("adapter", "simulate", "--listen", f"127.0.0.1:{port}", *robot, *rate)
    with running(
        *command, port=port, path="/control/meters", log=folder / "simulator.log"
    ) as program:
        if delay:
            program.post("/control/faults", {"kind": "delay", "span": delay})
        yield program


@contextmanager
def adapter(  # noqa: PLR0913  # what differs from case to case, each by its name
    folder: Path,
    dingtalk: Program | None = None,
    *,
    per: str = "1m",
    storage: str = "sqlite:///adapter.db",
    robots: int = 1,
    routes: int = 0,
) -> Iterator[Program]:
    """Run `serve` in a folder; each robot may send 20 messages `per` span.

    Without a `dingtalk`, nobody answers it. The first robot gets what none of the `routes` takes.
    """
    folder.mkdir(exist_ok=True)
    port = free_port()
    configuration = {
        "server": {"listen": f"127.0.0.1:{port}"},
        "storage": {"url": storage},
        "robots": dict(_robots(robots, per, 1 if dingtalk is None else dingtalk.port)),
        "route": {
            "robots": ["ops"],
            "routes": [{"matchers": [f'team="team-{number}"']} for number in range(routes)],
        },
    }
    path = folder / "config.yml"
    path.write_text(json.dumps(configuration))
    command = ("adapter", "serve", "--config", str(path))
    with running(*command, port=port, path="/-/ready", log=folder / "adapter.log") as program:
        yield program


def _robots(number: int, per: str, port: int) -> Iterator[tuple[str, dict[str, object]]]:
    for index in range(number):
        robot: dict[str, object] = {
            "access_token": f"{_TOKEN}{index}" if index else _TOKEN,
            "secret": _SECRET,
            "api_url": f"http://127.0.0.1:{port}",
            "rate": {"messages": MESSAGES, "per": per},
        }
        yield f"ops-{index}" if index else "ops", robot


@contextmanager
def floor(folder: Path) -> Iterator[Program]:
    """Run the view that the accept path is compared with."""
    port = free_port()
    command = ("benchmarks.floor", str(port))
    with running(*command, port=port, path="/-/ready", log=folder / "floor.log") as program:
        yield program
