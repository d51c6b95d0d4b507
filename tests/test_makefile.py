"""`make help` prints every target there is."""

from __future__ import annotations

import re
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
