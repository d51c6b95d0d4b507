"""Start real programs on loopback, wait until they serve, and stop them with all their children."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest
import requests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path


def free_port() -> int:
    """Return a TCP port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def need(*programs: str) -> None:
    """Skip the test where a program is missing; under CI a missing part is a failure."""
    missing = [name for name in programs if shutil.which(name) is None]
    if missing and os.environ.get("CI") == "true":
        pytest.fail(f"missing under CI: {', '.join(missing)}; `make test` as root installs them")
    if missing:
        pytest.skip(f"missing: {', '.join(missing)}; `make test` as root on Debian installs them")


def wait_until(condition: Callable[[], object], *, within: float = 20, what: str = "") -> None:
    """Wait until `condition()` is true; fail after `within` seconds, naming `what`."""
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"not within {within} s: {what or condition}")
        time.sleep(0.02)


def answers(url: str) -> bool:
    """Return whether `url` answers 200."""
    try:
        return bool(requests.get(url, timeout=2).ok)
    except requests.RequestException:
        return False


class Process:
    """Hold a program that runs in its own process group, with its output in a file."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        measured: bool = False,
    ) -> None:
        """Start it; coverage is measured in it where this process is, if `measured`."""
        self.log = log
        environment = {**os.environ, **(env or {})}
        if not measured:
            environment.pop("COVERAGE_PROCESS_CONFIG", None)
        with log.open("ab") as output:
            self._popen = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=cwd,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Return the process id, which is also the id of its group."""
        return self._popen.pid

    def output(self) -> str:
        """Return all that the program has written so far."""
        return self.log.read_text(errors="replace")

    def running(self) -> bool:
        """Return whether the program still runs."""
        return self._popen.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program alone."""
        self._popen.send_signal(number)

    def kill(self) -> None:
        """Kill the whole process group at once, as a power cut of the program would."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._popen.wait()

    def wait(self, within: float = 20) -> int:
        """Return the exit code; fail when the program runs longer than `within` seconds."""
        try:
            return self._popen.wait(within)
        except subprocess.TimeoutExpired:
            pytest.fail(f"still running after {within} s:\n{self.output()[-4000:]}")

    def serves(self, url: str, within: float = 30) -> None:
        """Wait until `url` answers 200; fail at once when the program has ended."""

        def ready() -> bool:
            if not self.running():
                pytest.fail(f"ended with {self._popen.returncode}:\n{self.output()[-4000:]}")
            return answers(url)

        wait_until(ready, within=within, what=f"{url} answers; log:\n{self.output()[-2000:]}")


@contextmanager
def running(
    command: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None
) -> Iterator[Process]:
    """Run a program for the length of a block and kill what is left of it."""
    process = Process(command, log=log, env=env)
    try:
        yield process
    finally:
        process.kill()
