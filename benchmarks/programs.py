"""The processes of a run: start them, wait until they serve, read their cost, end them."""

from __future__ import annotations

import http.client
import os
import re
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from adapter.clock import SystemClock
from benchmarks.load import Measured

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.load import Job

CLOCK: Final = SystemClock()
START_LIMIT: Final = 30.0
STOP_LIMIT: Final = 30.0
_LOOK: Final = timedelta(milliseconds=5)
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PSS: Final = re.compile(r"^Pss:\s+(\d+) kB$", re.MULTILINE)


class DidNotServe(Exception):  # noqa: N818  # reads better where it is raised
    """Report a program that does not answer."""


class Program:
    """Hold a program that serves on loopback, and its children."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, *, ready_after: float) -> None:
        self._process = process
        self.port = port
        self.ready_after = ready_after

    def get(self, path: str) -> bytes:
        """Return what it answers to a GET."""
        return get(self.port, path)

    def post(self, path: str, value: object) -> None:
        """Post a value as JSON; raise `OSError` unless it is taken."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            body = msgspec.json.encode(value)
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            status = connection.getresponse().status
        finally:
            connection.close()
        if status >= http.HTTPStatus.BAD_REQUEST:
            raise OSError(f"{path} answered {status}")

    def cpu(self) -> float:
        """Return the seconds of processor time that its processes have used."""
        return sum(map(_cpu, self._pids()))

    def pss(self) -> float:
        """Return the memory of its processes in MiB, shared pages divided by who shares them."""
        return sum(map(_pss, self._pids())) / 1024

    def _pids(self) -> list[int]:
        root = self._process.pid
        children = Path(f"/proc/{root}/task/{root}/children").read_text()
        return [root, *map(int, children.split())]


@contextmanager
def running(*module: str, port: int, path: str, log: Path) -> Iterator[Program]:
    """Run `python -m …` for the length of a block, once `path` answers 200."""
    with serving([sys.executable, "-m", *module], port=port, path=path, log=log) as program:
        yield program


@contextmanager
def serving(command: list[str], *, port: int, path: str, log: Path) -> Iterator[Program]:
    """Run a command for the length of a block, once `path` answers 200."""
    began = CLOCK.monotonic()
    with (
        log.open("ab") as output,
        subprocess.Popen(command, stdout=output, stderr=output) as process,  # noqa: S603  # our own
    ):
        try:
            _await(process, port, path, began + START_LIMIT, log)
            yield Program(process, port, ready_after=CLOCK.monotonic() - began)
        finally:
            process.terminate()
            try:
                process.wait(STOP_LIMIT)
            except subprocess.TimeoutExpired:
                process.kill()


def keep_bytecode(folder: Path) -> None:
    """Let programs that are started from now on keep their bytecode in this folder.

    What is installed has its bytecode beside it; to compile a checkout takes half of its start.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(folder)


def run_load(job: Job) -> Measured:
    """Run the load generator, in a process of its own, and return what it measured."""
    command = [sys.executable, "-m", "benchmarks.load", msgspec.json.encode(job).decode()]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)  # noqa: S603  # our own
    return msgspec.json.decode(done.stdout, type=Measured)


def get(port: int, path: str) -> bytes:
    """Return what `path` answers with 200; raise `OSError` otherwise."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        if answer.status != http.HTTPStatus.OK:
            raise OSError(f"{path} answered {answer.status}")
        return answer.read()
    finally:
        connection.close()


def free_port() -> int:
    """Return a port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def pause(span: timedelta) -> None:
    """Let time pass."""
    CLOCK.wait(threading.Event(), span)


def _await(process: subprocess.Popen[bytes], port: int, path: str, until: float, log: Path) -> None:
    while True:
        try:
            get(port, path)
        except (OSError, http.client.HTTPException):
            if process.poll() is not None or CLOCK.monotonic() > until:
                text = log.read_text(errors="replace")[-2000:]
                raise DidNotServe(f"{process.args!r} does not answer; its log: {text}") from None
            pause(_LOOK)
        else:
            return


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _pss(pid: int) -> int:
    found = _PSS.search(Path(f"/proc/{pid}/smaps_rollup").read_text())
    return int(found[1]) if found else 0
