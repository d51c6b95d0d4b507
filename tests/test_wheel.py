"""The wheel carries all that the program needs, and works where there is no checkout."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest

from support.processes import Process

ROOT = Path(__file__).parent.parent
CONFIG = """\
robots: {ops: {access_token: abcdef}}
route: {robots: [ops]}
"""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel and lay out what it holds, as an installation does."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    building = Process(build, log=folder / "build.log", cwd=ROOT)
    assert building.wait(60) == 0, building.output()
    [wheel] = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "installed")
    return folder / "installed"


@pytest.mark.real
def test_what_is_installed_is_what_is_in_the_repository(unpacked: Path) -> None:
    inside = {str(path.relative_to(unpacked)) for path in unpacked.rglob("*") if path.is_file()}
    assert {f"adapter/{path.relative_to(ROOT)}" for path in ROOT.glob("templates/*")} <= inside
    assert {"LICENSE", "entry_points.txt"} <= {name.rpartition("/")[2] for name in inside}
    for path in (ROOT / "adapter").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            assert str(path.relative_to(ROOT)) in inside


@pytest.mark.real
def test_it_finds_its_templates_without_a_checkout(unpacked: Path, tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_text(CONFIG)
    where = "import adapter.cli; print(adapter.__file__); adapter.cli.main()"
    log = tmp_path / "log"
    check = [sys.executable, "-c", where, "check-config", "config.yml"]
    process = Process(check, log=log, env={"PYTHONPATH": str(unpacked)}, cwd=tmp_path)
    assert process.wait() == 0, process.output()
    first, *_, last = process.output().splitlines()
    assert first.startswith(str(unpacked))
    assert last.endswith("OK: 1 robot(s), 1 route(s)")
