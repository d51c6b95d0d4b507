"""SQLite against PostgreSQL: the accept path on a server of its own, where one is installed."""

from __future__ import annotations

import os
import pwd
import subprocess
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from benchmarks.accept import Accept, case
from benchmarks.programs import CLOCK, DidNotServe, free_port, pause
from benchmarks.setup import adapter

if TYPE_CHECKING:
    from collections.abc import Iterator

ALERTS: Final = (1, 100)
USER: Final = "postgres"
LIMIT: Final = 30.0
_LOOK: Final = timedelta(milliseconds=100)


class Database(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one case."""

    database: str
    accept: Accept


def measure(folder: Path) -> list[Database]:
    """Measure the same on both, without a DingTalk; only SQLite where there is no other."""
    cases = [_case(folder, "SQLite", "sqlite:///adapter.db", alerts) for alerts in ALERTS]
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if programs:
        with _server(folder / "server", programs[-1]) as url:
            cases += [_case(folder, "PostgreSQL", url, alerts) for alerts in ALERTS]
    return cases


def _case(folder: Path, name: str, url: str, alerts: int) -> Database:
    with adapter(folder / f"database-{name}-{alerts}", storage=url) as program:
        return Database(database=name, accept=case(program, alerts, 0.0))


@contextmanager
def _server(folder: Path, programs: Path) -> Iterator[str]:
    """Run a server for the length of a block, with the settings it comes with."""
    folder.mkdir()
    port, data = free_port(), folder / "data"
    as_user: list[str] = []
    if os.geteuid() == 0:  # it refuses to run as root
        account = pwd.getpwnam(USER)
        os.chown(folder, account.pw_uid, account.pw_gid)
        folder.parent.chmod(0o755)  # that user has to pass
        as_user = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups"]
    make = [*as_user, str(programs / "initdb"), "-D", str(data), "-U", USER, "-A", "trust"]
    subprocess.run([*make, "-E", "UTF8"], check=True, capture_output=True)  # noqa: S603  # ours
    run = [*as_user, str(programs / "postgres"), "-D", str(data), "-p", str(port)]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen([*run, "-h", "127.0.0.1", "-k", ""], stdout=log, stderr=log) as process,  # noqa: S603  # same
    ):
        try:
            _await(programs, port)
            yield f"postgresql+psycopg://{USER}@127.0.0.1:{port}/{USER}"
        finally:
            process.terminate()


def _await(programs: Path, port: int) -> None:
    asked = [str(programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    until = CLOCK.monotonic() + LIMIT
    while subprocess.run(asked, check=False).returncode:  # noqa: S603  # ours
        if CLOCK.monotonic() > until:
            raise DidNotServe("PostgreSQL does not answer")
        pause(_LOOK)
