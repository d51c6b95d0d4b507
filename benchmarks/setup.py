"""What every measurement runs: the adapter on a fresh SQLite store, and a DingTalk simulator."""

from __future__ import annotations

import json
from contextlib import contextmanager
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
def simulator(folder: Path) -> Iterator[Program]:
    """Run a DingTalk that takes 20 messages in six seconds."""
    port = free_port()
    robot = ("--robot", f"ops:{_TOKEN}:{_SECRET}")
    rate = ("--messages", str(MESSAGES), "--per", SCALED)
    command = ("adapter", "simulate", "--listen", f"127.0.0.1:{port}", *robot, *rate)
    with running(
        *command, port=port, path="/control/meters", log=folder / "simulator.log"
    ) as program:
        yield program


@contextmanager
def adapter(folder: Path, dingtalk: Program, *, per: str = "1m") -> Iterator[Program]:
    """Run `serve` in a new folder; its robot may send 20 messages `per` span."""
    folder.mkdir()
    port = free_port()
    robot = {
        "access_token": _TOKEN,
        "secret": _SECRET,
        "api_url": f"http://127.0.0.1:{dingtalk.port}",
        "rate": {"messages": MESSAGES, "per": per},
    }
    configuration = {
        "server": {"listen": f"127.0.0.1:{port}"},
        "storage": {"url": "sqlite:///adapter.db"},
        "robots": {"ops": robot},
        "route": {"robots": ["ops"]},
    }
    path = folder / "config.yml"
    path.write_text(json.dumps(configuration))
    command = ("adapter", "serve", "--config", str(path))
    with running(*command, port=port, path="/-/ready", log=folder / "adapter.log") as program:
        yield program


@contextmanager
def floor(folder: Path) -> Iterator[Program]:
    """Run the view that the accept path is compared with."""
    port = free_port()
    command = ("benchmarks.floor", str(port))
    with running(*command, port=port, path="/-/ready", log=folder / "floor.log") as program:
        yield program
