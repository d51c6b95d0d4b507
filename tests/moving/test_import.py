"""`import prometheus-webhook-dingtalk`: golden files of what is printed and of what is lost.

`GOLDEN=write pytest tests/moving/test_import.py` writes them anew; read the difference.
"""

from __future__ import annotations

import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from adapter import config
from adapter.cli.main import run
from adapter.config.problems import Mistake
from adapter.moving.go_syntax import duration, template_of

FOLDER: Final = Path(__file__).parent / "prometheus-webhook-dingtalk"
CODES: Final = {
    "example": 1,
    "plain": 0,
    "trouble": 1,
    "no-target": 2,
    "no-yaml": 2,
    "no-token": 2,
    "no-mapping": 2,
    "empty": 2,
}


def imported(name: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    code = run(["import", "prometheus-webhook-dingtalk", f"{name}.yml"])
    told = capsys.readouterr()
    return code, told.out, told.err


@pytest.fixture(autouse=True)
def in_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FOLDER)


@pytest.mark.parametrize("name", CODES)
def test_what_is_printed_and_what_is_lost(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = imported(name, capsys)
    for text, suffix in ((out, "out"), (err, "err")):
        golden = FOLDER / f"{name}.{suffix}"
        if os.environ.get("GOLDEN") == "write":
            golden.write_text(text)
        assert text == golden.read_text()
    assert code == CODES[name]


def test_every_case_has_its_code() -> None:
    assert {path.stem for path in FOLDER.glob("*.yml")} == CODES.keys()


@pytest.mark.parametrize("name", [name for name, code in CODES.items() if code < 2])
def test_what_is_printed_is_a_configuration_that_needs_nothing_more(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "config.yml"
    file.write_text(imported(name, capsys)[1])
    settings = config.load(file, environ={"TOKEN": "f" * 32})
    old = (FOLDER / f"{name}.yml").read_text()
    tokens = {robot.access_token.reveal() for robot in settings.robots.values()}
    given = set(re.findall(r"robot/send\?access_token=(\S+)", old.replace("${TOKEN}", "f" * 32)))
    assert tokens == given - {"9" * 32}, "but of the target whose name no URL can hold"
    assert settings.route.settings.robots == (next(iter(settings.robots)),)


def test_the_settings_of_the_example(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "config.yml"
    file.write_text(imported("example", capsys)[1])
    robots = config.load(file, environ={}).robots
    assert [name for name, robot in robots.items() if robot.secret] == [
        "webhook1",
        "webhook_mention_all",
    ]
    assert {robot.timeout for robot in robots.values()} == {timedelta(seconds=5)}
    rings = {name: robot.defaults.mention for name, robot in robots.items()}
    assert {name for name, whom in rings.items() if whom} == {
        "webhook_mention_all",
        "webhook_mention_users",
    }


@pytest.mark.parametrize("name", CODES)
def test_no_secret_and_no_whole_number_is_told(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    err = imported(name, capsys)[2]
    assert not re.search(r"[1-9]{8}|SEC.*[1-9]{4}|13800000", err), err


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5s", timedelta(seconds=5)),
        ("1.5s", timedelta(seconds=1.5)),
        ("1m30s", timedelta(seconds=90)),
        (".5m", timedelta(seconds=30)),
        ("250000us", timedelta(milliseconds=250)),
        ("300000000ns", timedelta(milliseconds=300)),
    ],
)
def test_spans_of_go(text: str, expected: timedelta) -> None:
    assert duration(text) == expected


@pytest.mark.parametrize("text", ["", "5", "5 s", "s", "1d", "-5s", "0s", "1h", "99ms", "1..5s"])
def test_what_is_no_timeout(text: str) -> None:
    with pytest.raises(Mistake):
        duration(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('{{ template "ding.link.title" . }}', "ding.link.title"),
        ('{{-template "a" .-}}', "a"),
        ('x {{ template "a" . }}', None),
        ('{{ template "a" .Alerts }}', None),
        ("", None),
    ],
)
def test_a_text_that_only_calls_a_template(text: str, name: str | None) -> None:
    assert template_of(text) == name
