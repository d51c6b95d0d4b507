"""The pages on troubleshooting know each errcode that the program knows, and what it means."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from adapter.core.advice import remedy
from adapter.core.answer import read_answer
from adapter.core.delivery import Broken

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = {
    "en": (ROOT / "docs" / "troubleshooting.md").read_text(),
    "zh": (ROOT / "docs" / "zh" / "troubleshooting.md").read_text(),
}


class Row(NamedTuple):
    """Hold a line of the table of errcodes."""

    codes: range
    words: tuple[str, ...]
    reason: str


def rows(page: str) -> list[Row]:
    found = re.findall(
        r"^\| (-?\d+)(?: to (\d+))? \| (.*?) \| (\w*) \| .+? \|$", page, re.MULTILINE
    )
    return [
        Row(
            range(int(first), int(last or first) + 1),
            tuple(re.findall(r"`(.*?)`", words)),
            reason,
        )
        for first, last, words, reason in found
    ]


@cache
def known() -> set[int]:
    """Return every errcode that the program knows, of the thousands where DingTalk has some."""
    thousands = (0, 33, 40, 43, 90, 101, 130, 300, 302, 310, 400, 410, 430, 450, 460, 660)
    codes = (code for begin in thousands for code in range(begin * 1000, begin * 1000 + 1000))
    return {code for code in (-1, *codes) if reason_of(code, "") != "unknown"}


def reason_of(code: int, words: str) -> str:
    """Return what metrics and logs call such an answer."""
    outcome = read_answer(200, json.dumps({"errcode": code, "errmsg": words}).encode())
    return outcome.reason if isinstance(outcome, Broken) else type(outcome).__name__.lower()


@pytest.mark.parametrize("language", PAGES)
def test_every_errcode_is_there(language: str) -> None:
    listed = {code for row in rows(PAGES[language]) for code in row.codes}
    assert len(known()) > 500
    assert listed == known()
    assert "| unknown |" in PAGES[language]


@pytest.mark.parametrize("language", PAGES)
def test_the_words_of_dingtalk_mean_what_the_page_says(language: str) -> None:
    told = {
        (code, words): (reason_of(code, words), row.reason)
        for row in rows(PAGES[language])
        for code in row.codes
        for words in row.words or ("",)
    }
    assert {key: both for key, both in told.items() if both[0] != both[1]} == {}


@pytest.mark.parametrize("language", PAGES)
def test_every_way_to_refuse_a_robot_is_there(language: str) -> None:
    reasons = {row.reason for row in rows(PAGES[language])}
    assert reasons >= {"keyword", "sign", "clock", "ip", "security", "token", "disabled", "removed"}
    others = {"sent", "refused", "toobig"}
    unadvised = {each for each in reasons - others if remedy(each) == remedy("unknown")}
    assert unadvised == set()


def test_both_languages_show_the_same_codes() -> None:
    english, chinese = (
        [(row.codes, row.reason) for row in rows(PAGES[language])] for language in PAGES
    )
    assert english == chinese
