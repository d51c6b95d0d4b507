"""The adapter as its users run it: `serve` on a configuration file, in processes of its own."""

from __future__ import annotations

import json
import signal
import socket
import sqlite3
import sys
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import requests
from prometheus_client.parser import text_string_to_metric_families

from support.alerts import make_alert, make_group
from support.processes import Process, answers, free_port, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from adapter.core.alerts import Alert
    from adapter.simulator import Robot

PREFIX = "alertmanager_dingtalk_"
PROGRAM = (sys.executable, "-m", "adapter")


UNHURRIED = {"messages": 1000, "per": "6s"}
"""A rate that no test comes near, so that each group is told alone and at once."""


def robot_section(robot: Robot, api_url: str, **more: object) -> dict[str, object]:
    """Return the configuration of a robot that the simulator knows."""
    section: dict[str, object] = {
        "access_token": robot.access_token.reveal(),
        "api_url": api_url,
        "timeout": "2s",
        "rate": UNHURRIED,
    }
    if robot.secret is not None:
        section["secret"] = robot.secret.reveal()
    return {**section, **more}


def webhook(*alerts: Alert, key: str = "{}:{}") -> bytes:
    """Return a webhook body that tells of these alerts, or of one."""
    return msgspec.json.encode(make_group(*alerts, key=key))


def told(name: str, status: str = "firing", **labels: str) -> bytes:
    """Return a webhook body of one alert that is a group of its own."""
    return webhook(make_alert(name, status=status, **labels), key=f'{{}}:{{alertname="{name}"}}')


def children_of(pid: int) -> list[int]:
    """Return the processes that a process has started and not yet buried."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except FileNotFoundError:  # it has ended
        return []
    return [int(child) for child in text.split()]


def _memory_of(pid: int) -> int:
    """Return the proportional set size of a process in KiB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


class Adapter:
    """Run `serve` in `folder`; it may be started again after it has ended."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.config = folder / "config.yml"
        self.database = folder / "adapter.db"
        self.log = folder / "adapter.log"
        self._process: Process | None = None

    # -- configuration -------------------------------------------------------------------------

    def configure(
        self,
        robots: Mapping[str, object],
        *,
        server: Mapping[str, object] | None = None,
        **more: object,
    ) -> None:
        """Write the configuration; what is not said is ordinary, and all robots get everything."""
        document = {
            "server": {"listen": f"127.0.0.1:{self.port}", **(server or {})},
            "storage": {"url": f"sqlite:///{self.database.name}"},
            "robots": robots,
            "route": {"robots": list(robots)},
            **more,
        }
        self.config.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")

    # -- processes -----------------------------------------------------------------------------

    @property
    def process(self) -> Process:
        """Return the process that was started last."""
        assert self._process is not None, "start it first"
        return self._process

    def launch(self) -> None:
        """Start it and do not wait."""
        self._process = Process([*PROGRAM, "serve", "--config", str(self.config)], log=self.log)

    def start(self) -> None:
        """Start it and wait until it is ready."""
        self.launch()
        self.process.serves(f"{self.url}/-/ready")

    def kill(self) -> None:
        """Kill the whole process group, and wait until its last process is gone."""
        if self._process is not None:
            self._process.kill()
            wait_until(lambda: not self.listens(), what="the killed adapter's port is free")

    def terminate(self) -> int:
        """Ask it to end, and return its exit code."""
        self.process.signal(signal.SIGTERM)
        return self.process.wait(30)

    def hang_up(self) -> None:
        """Ask it to read its configuration anew."""
        self.process.signal(signal.SIGHUP)

    def worker(self) -> int | None:
        """Return the process id of gunicorn's one worker; None between two of them."""
        children = children_of(self.process.pid)
        assert len(children) <= 1, "one process serves"
        return children[0] if children else None

    def memory(self) -> float:
        """Return the memory of all its processes in MiB; of shared pages each has its part."""
        pids = [self.process.pid, *children_of(self.process.pid)]
        return sum(map(_memory_of, pids)) / 1024

    def listens(self) -> bool:
        """Return whether somebody accepts connections at its port."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def ready(self) -> bool:
        """Return whether it says that webhooks may come."""
        return answers(f"{self.url}/-/ready")

    # -- what it is told, and what it tells ----------------------------------------------------

    def post(
        self,
        body: bytes,
        path: str = "/alertmanager",
        **arguments: Any,  # noqa: ANN401  # what requests takes
    ) -> requests.Response:
        """Post a webhook."""
        return requests.post(f"{self.url}{path}", data=body, timeout=15, **arguments)

    def accept(self, *bodies: bytes) -> None:
        """Post webhooks, each of which must be accepted."""
        for body in bodies:
            answer = self.post(body)
            assert (answer.status_code, answer.json()["status"]) == (200, "accepted"), answer.text

    def output(self) -> str:
        """Return all that it has written, of all runs."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def events(self, event: str) -> list[dict[str, Any]]:
        """Return its log lines (JSON) of one kind, of all runs, that are written to their ends."""
        written, _, _ = self.output().rpartition("\n")
        lines = (line for line in written.splitlines() if line.startswith("{"))
        return [fields for fields in map(json.loads, lines) if fields.get("event") == event]

    def metric(self, name: str, **labels: str) -> float:
        """Return the sum of a metric's samples that have these labels; 0 where there is none."""
        page = requests.get(f"{self.url}/metrics", timeout=10).text
        return sum(
            sample.value
            for family in text_string_to_metric_families(page)
            for sample in family.samples
            if sample.name == PREFIX + name and labels.items() <= sample.labels.items()
        )

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return what the database answers to a query."""
        with closing(sqlite3.connect(f"{self.database.as_uri()}?mode=ro", uri=True)) as connection:
            return connection.execute(query).fetchall()

    def pending(self) -> int:
        """Return how many deliveries wait, as the database has it."""
        return int(self.rows("SELECT count(*) FROM deliveries WHERE state = 'pending'")[0][0])

    def settled(self, within: float = 30) -> None:
        """Wait until nothing waits."""
        wait_until(
            lambda: not self.pending(),
            within=within,
            what=f"everything is delivered; log:\n{self.output()[-4000:]}",
        )


@contextmanager
def adapter_in(folder: Path) -> Iterator[Adapter]:
    """Offer an adapter for the length of a block, and kill what is left of it."""
    adapter = Adapter(folder)
    try:
        yield adapter
    finally:
        adapter.kill()


def command(*arguments: str, folder: Path, within: float = 30, **variables: str) -> tuple[int, str]:
    """Run a command of the adapter to its end; return its exit code and all that it wrote."""
    log = folder / f"{arguments[0]}.log"
    log.unlink(missing_ok=True)
    process = Process([*PROGRAM, *arguments], log=log, env=variables)
    code = process.wait(within)
    return code, process.output()
