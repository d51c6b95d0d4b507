"""`make help` prints every target there is; `make audit` says what its answer means."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from support.processes import Process

ROOT = Path(__file__).parent.parent


@pytest.mark.real
def test_help_lists_every_target(tmp_path: Path) -> None:
    [phony] = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    listing = Process(["make", "-s", "-C", str(ROOT), "help"], log=tmp_path / "help.txt")
    assert listing.wait() == 0, listing.output()
    assert sorted(re.findall(r"^  make (\S+) +\S", listing.output(), re.MULTILINE)) == sorted(
        phony.split()
    )


@pytest.mark.parametrize(
    ("said", "code", "told"),
    [
        ("No known vulnerabilities found", 0, ""),
        ("Found 1 known vulnerability in 1 package", 1, "raise what is named above"),
        ("blinker: Dependency not found and could not be audited", 1, "this is no finding"),
    ],
)
def test_audit_tells_a_finding_from_no_answer(
    said: str, code: int, told: str, tmp_path: Path
) -> None:
    pip_audit = tmp_path / "pip-audit"
    pip_audit.write_text(f"#!/bin/sh\necho '{said}'\nexit {code}\n")
    pip_audit.chmod(0o755)
    done = subprocess.run(
        ["scripts/audit", pip_audit], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (code, f"{said}\n")
    assert told in done.stderr
    assert bool(told) == bool(done.stderr)
