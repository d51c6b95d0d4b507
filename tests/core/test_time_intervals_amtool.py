"""amtool is the oracle: it takes and refuses the same texts of time intervals."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from adapter import config
from adapter.errors import ConfigError
from support.processes import need

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real

TEXTS = {
    "weekdays": (
        "monday",
        "Monday:FRIDAY",
        "sunday:saturday",
        "friday:sunday",
        "mon",
        "1",
        "a:b:c",
    ),
    "days_of_month": (
        *("1", "+5", "1:5", "-3:-1", "5:-1", "28:-1", "0", "32", "-31:31", "-5:5", "5:1", "-1:-3"),
        *("27:-1", "28:-5", "1.5", "x", ":", "1:", " 1"),
    ),
    "months": ("january", "1", "1:3", "may:August", "13", "0", "-1", "jan", "8:may", "dec:jan"),
    "years": ("2026", "2020:2030", "2030:2020", "-5", "x", "1:2:3"),
    "location": ("UTC", "Asia/Shanghai", "", "Local", "Asia/Beijing"),
}
TIMES = (
    *(("00:00", "24:00"), ("09:30", "09:31"), ("9:00", "10:00"), ("23:00", "08:00")),
    *(("24:00", "24:00"), ("10:00", "10:00"), ("10:60", "11:00"), ("10:00", "24:01")),
)
FIELDS: list[dict[str, object]] = [
    {field: text if field == "location" else [text]}
    for field, texts in TEXTS.items()
    for text in texts
]
CLOCKS: list[dict[str, object]] = [
    {"times": [{"start_time": start, "end_time": end}]} for start, end in TIMES
]
INTERVALS: list[dict[str, object]] = [
    *FIELDS,
    *CLOCKS,
    {},
    {"times": []},
    {"times": [{"start_time": "10:00"}]},
]


def theirs(interval: dict[str, object], file: Path) -> bool:
    document = {
        "route": {"receiver": "r"},
        "receivers": [{"name": "r"}],
        "time_intervals": [{"name": "n", "time_intervals": [interval]}],
    }
    file.write_text(json.dumps(document), encoding="utf-8")
    command = ["amtool", "check-config", str(file)]
    return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0


def ours(interval: dict[str, object], file: Path) -> bool:
    document = {
        "robots": {"ops": {"access_token": "abc"}},
        "route": {"robots": ["ops"]},
        "time_intervals": {"n": [interval]},
    }
    file.write_text(json.dumps(document), encoding="utf-8")
    try:
        config.load(file, environ={})
    except ConfigError:
        return False
    return True


def test_amtool_takes_and_refuses_the_same(tmp_path: Path) -> None:
    need("amtool")
    found = [(theirs(i, tmp_path / "a.yml"), ours(i, tmp_path / "b.yml")) for i in INTERVALS]
    differ = [i for i, (their, our) in zip(INTERVALS, found, strict=True) if their != our]
    assert differ == []
    assert {their for their, _ in found} == {True, False}
