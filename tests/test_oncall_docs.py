"""The pages on on-call: every example is run, in both languages."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from adapter import config
from adapter.cli.main import run
from adapter.core.handoff import Counts, Shift, announcement
from adapter.core.roster import Current
from adapter.core.spans import Span
from adapter.feeds.ical import read_events
from support.calendars import calendar, event

ROOT = Path(__file__).parents[1]
PAGES = {
    "en": (ROOT / "docs" / "oncall.md").read_text(),
    "zh": (ROOT / "docs" / "zh" / "oncall.md").read_text(),
}
ROBOTS = "robots: {ops: {access_token: abc}}\nroute: {robots: [ops]}\n"
SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = timedelta(days=1)


def blocks(language: str, kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", PAGES[language], re.DOTALL)


def configuration(folder: Path, language: str, number: int = 0) -> Path:
    """Write the configuration of a page; the second has a schedule in place of the first's."""
    first, other = blocks(language, "yaml")
    text = first if number == 0 else first[: first.index("schedules:")] + other
    path = folder / "config.yml"
    path.write_text(text + ROBOTS)
    (folder / "secrets").mkdir()
    (folder / "secrets" / "db-calendar").write_text("https://calendar.example.com/x.ics?key=abc")
    (folder / "secrets" / "db-calendar").chmod(0o600)
    return path


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("language", PAGES)
def test_each_configuration_is_good(language: str, number: int, tmp_path: Path) -> None:
    settings = config.load(configuration(tmp_path, language, number), environ={})
    assert set(settings.schedules) == ({"sre"} if number == 0 else {"db"})


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("language", PAGES)
def test_oncall_prints_what_the_page_shows(
    language: str,
    number: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(configuration(tmp_path, language).parent)
    command, shown = blocks(language, "console")[number].split("\n", 1)
    assert run(command.split()[2:]) == 0
    assert capsys.readouterr().out == shown


@pytest.mark.parametrize("language", PAGES)
def test_check_config_warns_as_the_page_shows(
    language: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = configuration(tmp_path, language)
    path.write_text(path.read_text().replace("2026-11-02", "2199-11-02"))  # nobody before it
    monkeypatch.chdir(tmp_path)
    command, shown = blocks(language, "console")[2].split("\n", 1)
    assert run(command.split()[2:]) == 0
    [line] = [each for each in capsys.readouterr().err.splitlines() if "schedules" in each]
    assert line.startswith(shown.rstrip("…\n"))


@pytest.mark.parametrize("language", PAGES)
def test_a_handoff_is_told_as_the_page_shows(language: str, tmp_path: Path) -> None:
    people = config.load(configuration(tmp_path, language), environ={}).people
    since = datetime(2026, 12, 21, 1, tzinfo=UTC)
    notice = announcement(
        "ops",
        "sre",
        now=Current(("zhang",), since, since + DAY),
        last=Shift(since - DAY, ("wang",)),
        counts=Counts((("🔴", 3), ("🟡", 34)), 30),
        people=people,
        zone=SHANGHAI,
        language="zh",
    )
    [shown] = blocks(language, "markdown")
    assert notice.text == shown.strip()


@pytest.mark.parametrize("language", PAGES)
def test_the_title_of_the_page_names_two_people(language: str, tmp_path: Path) -> None:
    people = config.load(configuration(tmp_path, language), environ={}).people
    [title] = re.findall(r"`(值班：.*?)`", PAGES[language])
    november = Span(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
    found = read_events(calendar(event(title=title)), people, SHANGHAI, november)
    assert found.duties[0].people == ("zhang", "lee")


def test_both_pages_have_the_same_parts_and_configurations() -> None:
    english, chinese = PAGES.values()
    for pattern in ("^#+ ", "^- ", "^```"):
        counts = [len(re.findall(pattern, page, re.MULTILINE)) for page in (english, chinese)]
        assert counts[0] == counts[1]
    assert blocks("en", "yaml") == blocks("zh", "yaml")
