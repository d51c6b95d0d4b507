"""One golden file for each mistake: NAME.yml, and in NAME.txt exactly what `check-config` says.

`GOLDEN=write pytest tests/config/test_mistakes.py` writes them anew; read the difference.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import pytest

from adapter import config
from adapter.cli.main import run
from adapter.errors import ConfigError

MISTAKES: Final = Path(__file__).parent / "mistakes"
ENVIRONMENT: Final = {"EMPTY": "", "THREADS": "hunter2-threads", "TEAM": "hunter2-team"}


NAMES: Final = sorted(path.stem for path in MISTAKES.glob("*.yml"))


def mistake(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        config.load(path, environ=ENVIRONMENT)
    return f"{caught.value}\n"


@pytest.mark.parametrize("name", NAMES)
def test_a_mistake_is_told_word_for_word(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(MISTAKES)
    told = mistake(Path(f"{name}.yml"))
    golden = MISTAKES / f"{name}.txt"
    if os.environ.get("GOLDEN") == "write":
        golden.write_text(told)
    assert told == golden.read_text()


@pytest.mark.parametrize("name", NAMES)
def test_the_wall_against_secrets_leaves_the_words_whole(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(MISTAKES)
    for variable, value in ENVIRONMENT.items():
        monkeypatch.setenv(variable, value)
    assert run(["check-config", f"{name}.yml"]) == 2
    assert capsys.readouterr().err == (MISTAKES / f"{name}.txt").read_text()


def test_every_golden_file_has_its_mistake() -> None:
    texts = {path.stem for path in MISTAKES.glob("*.txt")}
    assert texts == {path.stem for path in MISTAKES.glob("*.yml")}
    assert len(texts) >= 40
