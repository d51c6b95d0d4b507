"""The pages on heartbeats: their configuration tells what they say, in both languages."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from adapter import config
from adapter.core.delivery import RenderSettings
from adapter.core.directory import Directory
from adapter.core.heartbeat_notice import VALUE_BYTES, notices
from adapter.core.notice_message import tell_notice
from adapter.core.reader import Readers
from adapter.core.switches import FORGOTTEN_AFTER, Look, Switch
from adapter.outbox.switchboard import MOST_VALUES
from support.clock import START

ROOT = Path(__file__).parents[2]
PAGES = {
    "en": (ROOT / "docs" / "heartbeats.md").read_text(),
    "zh": (ROOT / "docs" / "zh" / "heartbeats.md").read_text(),
}
MINUTE = timedelta(minutes=1)


def blocks(language: str, kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)\n```", PAGES[language], re.DOTALL)


@pytest.mark.parametrize("language", PAGES)
def test_the_messages_of_the_page_are_what_is_sent(language: str, tmp_path: Path) -> None:
    path = tmp_path / "config.yml"
    path.write_text(blocks(language, "yaml")[0])
    settings = config.load(path, environ={"DINGTALK_TOKEN": "abc"})
    [heartbeat] = settings.heartbeats
    seen_at = START - 6 * MINUTE
    lost = Switch(
        heartbeat=heartbeat.key,
        source="",
        value="sh",
        since_at=seen_at,
        seen_at=seen_at,
        lost_since=seen_at,
    )
    back = Switch(
        heartbeat=heartbeat.key,
        source="",
        value="sh",
        since_at=seen_at,
        seen_at=seen_at + 23 * MINUTE,
        lost_since=seen_at,
    )
    reader = Readers(START).of(RenderSettings(language=language), VALUE_BYTES)
    told = notices("ops", heartbeat, Look(lost=(lost,), back=(back,)), reader)
    directory = Directory(settings.people, {})
    texts = [tell_notice(each, directory, START).message.markdown.text for each in told]
    assert texts == blocks(language, "markdown")


def test_both_pages_have_the_same_code() -> None:
    english, chinese = (
        [re.sub(r"[ \t]*#.*$", "", block, flags=re.MULTILINE) for block in blocks(name, "yaml")]
        for name in PAGES
    )
    assert english == chinese
    counts = [len(re.findall(r"^[#-]", page, re.MULTILINE)) for page in PAGES.values()]
    assert counts[0] == counts[1]


@pytest.mark.parametrize("language", PAGES)
def test_the_numbers_of_the_page_are_those_of_the_program(language: str) -> None:
    assert f"{MOST_VALUES:,}" in PAGES[language]
    assert timedelta(weeks=1) == FORGOTTEN_AFTER
