"""A real Alertmanager on loopback: Debian's, and a newer one where it could be had."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.processes import Process, free_port, need, running

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[2]
NEWEST = ROOT / ".cache/alertmanager-newest/usr/bin"


@dataclass(frozen=True, slots=True)
class Release:
    """Name the programs of one Alertmanager; `knows_timeout`: of webhook_configs, since 0.28."""

    program: str
    amtool: str
    knows_timeout: bool

    def require(self) -> None:
        """Skip the test where this one is missing; only Debian's own may not be under CI."""
        if self.knows_timeout and not Path(self.program).exists():
            pytest.skip(
                f"no newer Alertmanager in {NEWEST.relative_to(ROOT)}; `make tools` gets it"
            )
        if not self.knows_timeout:
            need(self.program, self.amtool)


RELEASES = {
    "debian": Release("prometheus-alertmanager", "amtool", knows_timeout=False),
    "newest": Release(
        str(NEWEST / "prometheus-alertmanager"), str(NEWEST / "amtool"), knows_timeout=True
    ),
}


class Alertmanager:
    """Hold an Alertmanager that runs."""

    def __init__(self, port: int, process: Process) -> None:
        self.address = f"127.0.0.1:{port}"
        self.url = f"http://{self.address}"
        self.process = process


@contextmanager
def alertmanager(
    release: Release, configuration: Mapping[str, object], folder: Path
) -> Iterator[Alertmanager]:
    """Run an Alertmanager for the length of a block, its data in `folder`."""
    release.require()
    file = folder / "alertmanager.json"
    file.write_text(json.dumps(configuration), encoding="utf-8")
    port = free_port()
    command = [
        release.program,
        f"--config.file={file}",
        f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{port}",
        f"--web.external-url=http://127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    with running(command, log=folder / "alertmanager.log") as process:
        ours = Alertmanager(port, process)
        process.serves(f"{ours.url}/-/ready")
        yield ours
