"""A real PostgreSQL on loopback, made with initdb for the tests and thrown away after them."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from support.processes import Process, free_port, need, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

USER = "postgres"


def programs() -> Path:
    """Return the folder of PostgreSQL's programs; Debian keeps them off the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    need("initdb")
    return Path(str(shutil.which("initdb"))).resolve().parent


class Cluster:
    """Run a PostgreSQL server of its own; it may be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._programs = programs()
        self._data = folder / "data"
        self._log = folder / "postgresql.log"
        self._as_user: list[str] = []
        if os.geteuid() == 0:  # the server refuses to run as root
            account = pwd.getpwnam(USER)
            os.chown(folder, account.pw_uid, account.pw_gid)
            self._as_user = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups"]
        self._process: Process | None = None

    def create(self) -> None:
        """Make the data directory."""
        command = [
            *self._as_user,
            str(self._programs / "initdb"),
            *("-D", str(self._data), "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync"),
        ]
        subprocess.run(command, check=True, capture_output=True)

    def start(self) -> None:
        """Start the server and wait until it answers."""
        command = [
            *self._as_user,
            str(self._programs / "postgres"),
            *("-D", str(self._data), "-p", str(self.port), "-h", "127.0.0.1", "-k", ""),
        ]
        self._process = Process(command, log=self._log)
        wait_until(self.answers, within=60, what=f"PostgreSQL answers; {self._log}")

    def kill(self) -> None:
        """Kill the server and all its children at once."""
        if self._process is not None:
            self._process.kill()
            (self._data / "postmaster.pid").unlink(missing_ok=True)

    def answers(self) -> bool:
        """Return whether the server takes connections."""
        command = [
            str(self._programs / "pg_isready"),
            "-q",
            "-h",
            "127.0.0.1",
            "-p",
            str(self.port),
        ]
        return subprocess.run(command, check=False).returncode == 0

    def url(self, database: str = USER) -> str:
        """Return the storage.url of a database."""
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str) -> str:
        """Carry out a statement; return its rows, one a line."""
        command = [
            str(self._programs / "psql"),
            *("-h", "127.0.0.1", "-p", str(self.port), "-U", USER, "-qAtc", statement),
        ]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """Run a server for the length of a block."""
    folder.chmod(0o755)
    running = Cluster(folder)
    running.create()
    running.start()
    try:
        yield running
    finally:
        running.kill()
