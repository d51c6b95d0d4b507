"""A real Prometheus on loopback, with rules that a test switches."""

from __future__ import annotations

import json
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

from support.processes import Process, free_port, need, running

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


class Prometheus:
    """Hold a Prometheus that evaluates its rules every second."""

    def __init__(self, folder: Path, alertmanager: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: Process
        self._folder = folder
        self._rules = folder / "rules.json"
        self.config = folder / "prometheus.json"
        targets = {"static_configs": [{"targets": [alertmanager]}]}
        document = {
            "global": {"evaluation_interval": "1s"},
            "rule_files": [str(self._rules)],
            "alerting": {"alertmanagers": [targets]},
        }
        self.config.write_text(json.dumps(document), encoding="utf-8")

    def rule(self, rule: Mapping[str, object]) -> None:
        """Let this be the one rule, from the next reload on."""
        groups = {"groups": [{"name": "test", "rules": [rule]}]}
        self._rules.write_text(json.dumps(groups), encoding="utf-8")

    def reload(self) -> None:
        """Read the rules anew."""
        self.process.signal(signal.SIGHUP)

    @contextmanager
    def runs(self) -> Iterator[None]:
        """Run it for the length of a block."""
        need("prometheus")
        command = [
            "prometheus",
            f"--config.file={self.config}",
            f"--storage.tsdb.path={self._folder / 'prometheus'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            f"--web.external-url={self.url}",
            # What is sent before the Alertmanager is discovered is lost; by default for a minute.
            "--rules.alert.resend-delay=1s",
        ]
        with running(command, log=self._folder / "prometheus.log") as self.process:
            self.process.serves(f"{self.url}/-/ready")
            yield
