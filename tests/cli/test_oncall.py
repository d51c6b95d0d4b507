"""`oncall` and what `check-config` says of a roster: what a person reads, and exit codes."""

from __future__ import annotations

import json
import os
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from adapter import config
from adapter.cli.main import run
from adapter.cli.tables import width
from adapter.core.audit import By
from adapter.core.swaps import Swap
from adapter.outbox import open_sqlite
from support.calendars import calendar, event
from support.oncall_reference import who

ROSTERS = Path(__file__).parents[1] / "golden" / "rosters"
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)

PEOPLE = """\
robots: {ops: {access_token: abc}}
people:
  zhang: {name: 张三, mobile: "13800000001"}
  lee: {name: Lee, mobile: "+852-12345678"}
route: {robots: [ops]}
server: {listen: "127.0.0.1:8060"}
"""
SRE = """\
schedules:
  sre: {layers: [{rotation: weekly, start: 2026-11-02T09:00, people: [zhang, lee]}]}
"""


@pytest.fixture
def oncall(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command on a configuration of these people."""
    return Run(tmp_path, capsys)


class Run:
    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.config = folder / "config.yml"
        self._capsys = capsys

    def __call__(
        self, text: str, *options: str, command: str = "oncall", people: str = PEOPLE
    ) -> tuple[int, str, str]:
        self.config.write_text(people + text)
        named = [str(self.config)] if command == "check-config" else ["--config", str(self.config)]
        code = run([command, *named, *options])
        out, err = (
            said.replace(str(self.config), "config.yml") for said in self._capsys.readouterr()
        )
        return code, out, err


@pytest.mark.parametrize("team", ["sre", "berlin", "new-york"])
def test_the_roster_of_a_year(team: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`GOLDEN=write pytest tests/cli/test_oncall.py` writes it anew; read the difference."""
    options = ["--config", str(ROSTERS / "config.yml"), "--at", "2026-01-01", "--days", "365"]
    assert run(["oncall", *options]) == 0
    parts = capsys.readouterr().out.split("\n\n")
    [told] = [part.strip() + "\n" for part in parts if part.startswith(f"{team} ")]
    golden = ROSTERS / f"{team}.txt"
    if os.environ.get("GOLDEN") == "write":
        golden.write_text(told)
    assert told == golden.read_text()


@pytest.mark.parametrize("team", ["sre", "berlin", "new-york"])
def test_the_roster_of_a_year_is_what_the_reference_finds(
    team: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = ROSTERS / "config.yml"
    options = ["--config", str(file), "--at", "2026-01-01", "--days", "365", "--json"]
    assert run(["oncall", *options]) == 0
    answers = json.loads(capsys.readouterr().out)["schedules"]
    [shifts] = [answer["shifts"] for answer in answers if answer["schedule"] == team]
    settings = config.load(file, environ={})
    schedule = settings.schedules[team].schedule
    for shift in shifts:
        since, until = (datetime.fromisoformat(shift[key]) for key in ("since", "until"))
        people = tuple(each["person"] for each in shift["on_call"])
        for at in (since, until - SECOND):
            assert who(schedule, settings.people, at) == people, at


def test_who_is_on_call_then(oncall: Run) -> None:
    code, out, err = oncall(SRE, "--at", "2026-11-10T12:00")
    assert (code, err) == (0, "")
    assert out == (
        "Tue 2026-11-10 12:00 (Asia/Shanghai)\n\n"
        "SCHEDULE  ON CALL            SINCE                 UNTIL                 "
        "THEN              TIME ZONE\n"
        "sre       Lee +852-12****78  Mon 2026-11-09 09:00  Mon 2026-11-16 09:00  "
        "张三 138****0001  Asia/Shanghai\n"
    )


def test_columns_stand_straight_with_chinese_in_them(oncall: Run) -> None:
    _, out, _ = oncall(SRE, "--at", "2026-11-02T09:00", "--days", "14")
    lines = out.splitlines()
    assert lines == [
        "sre (Asia/Shanghai)",
        "FROM                  TO                    ON CALL",
        "Mon 2026-11-02 09:00  Mon 2026-11-09 09:00  张三 138****0001",
        "Mon 2026-11-09 09:00  Mon 2026-11-16 09:00  Lee +852-12****78",
    ]
    assert width("张三") == 4
    assert width("é") == width("e\N{COMBINING ACUTE ACCENT}") == 1


def test_nobody_is_told_as_such(oncall: Run) -> None:
    code, out, _ = oncall(SRE, "--at", "2026-11-01")
    assert code == 0
    assert out.splitlines()[-1] == (
        "sre       (nobody)  -      Mon 2026-11-02 09:00  张三 138****0001  Asia/Shanghai"
    )


def test_json(oncall: Run) -> None:
    code, out, _ = oncall(SRE, "--json", "--at", "2026-11-10T12:00+01:00", "--days", "1")
    zhang = {"person": "zhang", "name": "张三", "rings": "138****0001"}
    lee = {"person": "lee", "name": "Lee", "rings": "+852-12****78"}
    assert code == 0
    assert json.loads(out) == {
        "at": "2026-11-10T19:00:00+08:00",
        "schedules": [
            {
                "schedule": "sre",
                "timezone": "Asia/Shanghai",
                "on_call": [lee],
                "since": "2026-11-09T09:00:00+08:00",
                "until": "2026-11-16T09:00:00+08:00",
                "next": [zhang],
                "shifts": [
                    {
                        "since": "2026-11-10T19:00:00+08:00",
                        "until": "2026-11-11T19:00:00+08:00",
                        "on_call": [lee],
                    }
                ],
            }
        ],
    }


def test_now_is_meant_without_a_time(oncall: Run) -> None:
    code, out, _ = oncall(SRE, "--json")
    [answer] = json.loads(out)["schedules"]
    assert code == 0
    assert answer["on_call"][0]["person"] in ("zhang", "lee")
    assert answer["since"] <= json.loads(out)["at"] < answer["until"]


def test_a_calendar_is_read(oncall: Run) -> None:
    (oncall.config.parent / "db.ics").write_bytes(calendar(event(title="zhang")))
    text = "schedules: {db: {ical: {file: db.ics}}}\n"
    code, out, err = oncall(text, "--at", "2026-11-09T09:30")
    assert (code, err) == (0, "")
    assert "张三 138****0001  Mon 2026-11-09 09:00  Mon 2026-11-09 10:00" in out


def test_one_that_cannot_be_read_is_told_beside_the_others(oncall: Run) -> None:
    code, out, err = oncall(SRE + "  db: {ical: {file: none.ics}}\n", "--at", "2026-11-10")
    assert code == 1
    assert "Lee +852-12****78" in out
    assert err == "schedules.db: the file cannot be read: there is no such file\n"
    code, out, err = oncall("schedules: {db: {ical: {file: none.ics}}}\n")
    assert (code, out) == (1, "")


def test_an_address_that_was_not_looked_at_is_not_fetched(oncall: Run) -> None:
    text = "schedules: {db: {ical: {url_file: secret}}}\n"
    assert oncall(text)[0] == 2
    code, _, err = oncall(text, "--skip-secrets")
    assert code == 1
    assert (
        err
        == "schedules.db: the address of its calendar is a secret, and secrets were not looked at\n"
    )


def test_without_a_schedule_there_is_nothing_to_tell(oncall: Run) -> None:
    code, out, err = oncall("")
    assert (code, out) == (1, "")
    assert err == "config.yml: no schedule is defined; add one under `schedules`\n"


def test_a_time_that_is_none_is_a_usage_error(oncall: Run) -> None:
    code, _, err = oncall(SRE, "--at", "tomorrow")
    assert code == 2
    assert 'Invalid value for --at: "tomorrow" is no time; expected one such as' in err


class TestCheckConfig:
    def test_a_roster_without_gaps_is_no_warning(self, oncall: Run) -> None:
        assert oncall(SRE, command="check-config")[::2] == (0, "")

    def test_when_nobody_is_on_call_in_the_next_30_days(self, oncall: Run) -> None:
        soon = (datetime.now().astimezone() + timedelta(days=2)).date()  # noqa: TID251  # the command's own clock
        days = [soon + number * timedelta(days=1) for number in (0, 1, 5, 6)]
        text = SRE.replace("people: [zhang, lee]", "people: [zhang]")
        away = ", ".join(
            f"{{from: {a}, to: {b}}}" for a, b in zip(days[::2], days[1::2], strict=True)
        )
        people = PEOPLE.replace('"13800000001"', f'"13800000001", away: [{away}]')
        code, out, err = oncall(text, command="check-config", people=people)
        assert (code, out) == (0, "config.yml: OK: 1 robot(s), 1 route(s)\n")
        assert err == (
            f"warning: config.yml:8:3: schedules.sre: nobody is on call from {days[0]} 00:00 to "
            f"{days[1] + timedelta(days=1)} 00:00 (Asia/Shanghai), and once more in the next "
            "30 days; add a layer below the others without `only`, or an override\n"
        )

    def test_a_calendar_in_a_file_is_read_and_one_at_a_url_is_not(self, oncall: Run) -> None:
        text = (
            "schedules:\n  db: {ical: {file: none.ics}}\n"
            "  web: {ical: {url: 'http://127.0.0.1:9/'}}\n"
        )
        code, _, err = oncall(text, command="check-config")
        assert code == 0
        assert err == (
            "warning: config.yml:8:3: schedules.db: its calendar: the file cannot be read: "
            "there is no such file\n"
        )


def test_what_was_swapped_on_the_page_counts(oncall: Run, tmp_path: Path) -> None:
    starts_at = datetime.fromisoformat("2026-11-09T20:00+08:00")
    swap = Swap(
        schedule="sre", person="zhang", starts_at=starts_at, ends_at=starts_at + 13 * HOUR,
        who="boss", decided_at=starts_at,
    )  # fmt: skip
    storage = f"storage: {{url: 'sqlite:///{tmp_path / 'swaps.db'}'}}\n"
    at = ("--at", "2026-11-09T23:00")
    assert "Lee" in oncall(SRE + storage, *at)[1]
    with closing(open_sqlite(tmp_path / "swaps.db", starts_at)) as outbox:
        outbox.swap(swap)
        code, out, err = oncall(SRE + storage, *at)
        assert (code, err) == (0, "")
        assert "张三" in out
        outbox.undo_swap(1, by=By("boss", starts_at))
    assert "张三" not in oncall(SRE + storage, *at)[1].splitlines()[1].split("2026")[0]


def test_a_store_that_cannot_be_asked_about_swaps_is_told(oncall: Run, tmp_path: Path) -> None:
    (tmp_path / "swaps.db").write_bytes(b"no database")
    storage = f"storage: {{url: 'sqlite:///{tmp_path / 'swaps.db'}'}}\n"
    code, out, err = oncall(SRE + storage)
    assert (code, "sre" in out) == (0, True)
    assert err.startswith("shifts that were swapped on the page are left out: ")
    storage = "storage: {url_file: there-is-none}\n"
    code, _, err = oncall(SRE + storage, "--skip-secrets")
    assert (code, err.count("with --skip-secrets PostgreSQL is not asked")) == (0, 1)
