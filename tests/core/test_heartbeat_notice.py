"""What a group reads when a heartbeat stops and when it is back, whole.

`GOLDEN=write pytest tests/core/test_heartbeat_notice.py` writes the files anew.
"""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from adapter.core.delivery import RenderSettings
from adapter.core.heartbeat_notice import MOST, VALUE_BYTES, notices
from adapter.core.heartbeats import Heartbeat
from adapter.core.matchers import parse_matchers
from adapter.core.message import TITLE_LIMIT
from adapter.core.reader import Readers
from adapter.core.rendering import render_notice
from adapter.core.switches import Look, Switch
from support.clock import START

GOLDEN: Final = Path(__file__).parent.parent / "golden" / "heartbeats"
MINUTE: Final = timedelta(minutes=1)
HEARTBEAT: Final = Heartbeat(
    name="pipeline",
    matchers=parse_matchers('alertname="Watchdog"'),
    every=5 * MINUTE,
    robots=("ops",),
    by=("cluster",),
)


def switch(value: str = "", source: str = "", *, seen: bool = True, ago: int = 6) -> Switch:
    seen_at = START - ago * MINUTE
    return Switch(
        heartbeat=HEARTBEAT.key,
        source=source,
        value=value,
        since_at=seen_at,
        seen_at=seen_at if seen else None,
        lost_since=seen_at,
    )


def returned(value: str = "") -> Switch:
    was_lost = switch(value, ago=23)
    return Switch(
        heartbeat=was_lost.heartbeat,
        source="",
        value=value,
        since_at=was_lost.since_at,
        seen_at=START,
        lost_since=was_lost.lost_since,
    )


CASES: Final = {
    "one": Look(lost=(switch(),)),
    "values": Look(lost=(switch("bj", "bj"), switch("sh", "am-2"), switch("gz", seen=False))),
    "never": Look(lost=(switch(seen=False),)),
    "back": Look(back=(returned("bj"), returned("sh"))),
    "many": Look(lost=tuple(switch(f"cluster-{n}") for n in range(MOST + 5))),
}


def told(look: Look, language: str) -> list[str]:
    reader = Readers(START).of(RenderSettings(language=language), VALUE_BYTES)
    messages = [render_notice(each) for each in notices("ops", HEARTBEAT, look, reader)]
    return [f"{each.markdown.title}\n\n{each.markdown.text}\n" for each in messages]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("case", CASES)
def test_the_message_is_the_golden_one(case: str, language: str) -> None:
    (message,) = told(CASES[case], language)
    golden = GOLDEN / language / f"{case}.md"
    if os.environ.get("GOLDEN") == "write":
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(message, encoding="utf-8")
    assert message == golden.read_text(encoding="utf-8")


def test_what_is_lost_and_what_is_back_are_messages_of_their_own() -> None:
    look = Look(lost=CASES["one"].lost, back=CASES["back"].back)
    lost, back = told(look, "en")
    assert (lost.startswith("🔴"), back.startswith("✅")) == (True, True)
    assert told(Look(kept=(switch(),)), "en") == []


def test_what_a_sender_calls_itself_is_only_text() -> None:
    hostile = switch("@13800000001 [x](http://evil) **b**\n# heading " + "x" * 9999)
    reader = Readers(START).of(RenderSettings(), VALUE_BYTES)
    named = replace(HEARTBEAT, name="_a_*b*")
    (notice,) = notices("ops", named, Look(lost=(hostile,)), reader)
    heading, line, _ = notice.text.split("\n\n")
    assert "_a_" not in heading
    assert "@1" not in notice.text + notice.title
    assert "\\[x\\](" in line
    assert len(line) < 2 * VALUE_BYTES
    assert len(render_notice(notice).markdown.title) <= TITLE_LIMIT
