"""What is told in numbers: exact ones, and examples that are called so."""

from __future__ import annotations

import re
from datetime import timedelta

import msgspec
import pytest

from adapter.core.alerts import Status
from adapter.core.batch import Count, Form
from adapter.core.priority import Priority
from support.batches import (
    BUNDLED,
    a_batch,
    a_delivery,
    an_alert,
    entries_of,
    network_storm,
    render_batch,
    size_of,
    text_of,
)
from support.rendering import NOW


def told_by(text: str) -> int:
    """Return how many alerts the lines of a digest account for."""
    named = re.findall(r"^(?:🔴|🟡|🔵|🔔|✅) \*\*\S+(?: ×(\d+))?\*\*", text, re.MULTILINE)
    rest = re.findall(r"另 \d+ 种共 (\d+) 条", text)
    return sum(int(number or 1) for number in [*named, *rest])


def test_a_digest_accounts_for_every_normal_alert() -> None:
    entries = entries_of(network_storm())
    rendered = render_batch(Form.DIGEST, entries)
    assert rendered.told == len(entries) == told_by(text_of(rendered))


@pytest.mark.parametrize("room", [4_000, 19_000])
def test_of_too_many_names_a_digest_sums_up_the_rest(room: int) -> None:
    kinds = [
        a_delivery(*[an_alert(f"Alert{number}", "warning", pod="a")] * (number % 7 + 1))
        for number in range(900)
    ]
    entries = entries_of(kinds)
    rendered = BUNDLED.render_batch(a_batch(Form.DIGEST, entries), now=NOW, room=room)
    assert told_by(text_of(rendered)) == len(entries)
    assert room - 200 < size_of(rendered) <= room
    assert "\n\n另 " in text_of(rendered)
    assert text_of(rendered).endswith(
        f"[全部 {len(entries)} 条](https://am.example.com/#/alerts?receiver=dingtalk)"
    )


@pytest.mark.parametrize("room", [1_000, 19_000])
def test_names_that_are_counted_together_stand_with_the_rest(room: int) -> None:
    batch = a_batch(Form.DIGEST, entries_of(network_storm()))
    some = Count(
        priority=Priority.NORMAL,
        template="default",
        name="",
        severity="warning",
        status=Status.FIRING,
        alerts=5_000,
        full_bytes=0,
        line_bytes=0,
        names=3_000,
    )
    high = msgspec.structs.replace(some, priority=Priority.HIGH)
    totals = msgspec.structs.replace(batch.totals, counts=(*batch.totals.counts, some, high))
    many = msgspec.structs.replace(batch, totals=totals)
    text = text_of(BUNDLED.render_batch(many, now=NOW, room=room))
    assert told_by(text) == 6_000
    assert "（🔴 37 · 🟡 5939 · ✅ 24）" in text
    told = len(set(re.findall(r"^. \*\*.*", text, re.MULTILINE)))
    kinds = len({count.name for count in batch.totals.counts})
    assert f"另 {3_000 + kinds - told} 种共 " in text


def test_a_digest_of_examples_gives_no_number_that_it_does_not_know() -> None:
    batch = a_batch(Form.DIGEST, entries_of(network_storm()))
    some = msgspec.structs.replace(batch, entries=batch.entries[30:60])
    rendered = BUNDLED.render_batch(some, now=NOW)
    assert rendered.told == 30
    assert told_by(text_of(rendered)) == 1_000
    assert "**bj** · payments、orders 等 · 最先触发" in text_of(rendered)
    assert rendered.message.markdown.title == "🔥 告警风暴 1000 条 · 🔴 37 · bj"
    assert "🟡 **KubePodNotReady ×938** payments、orders 等\n" in text_of(rendered)


def test_a_digest_without_examples_still_has_its_numbers() -> None:
    batch = a_batch(Form.DIGEST, entries_of(network_storm()))
    rendered = BUNDLED.render_batch(msgspec.structs.replace(batch, entries=()), now=NOW)
    assert rendered.told == 0
    heading = "### 🔥 告警风暴：1 秒 1000 条（🔴 37 · 🟡 939 · ✅ 24）"
    assert text_of(rendered).startswith(f"{heading}\n\n🔴 **NodeNotReady ×37**\n\n")


def test_what_is_high_is_not_in_a_digest() -> None:
    batch = a_batch(Form.DIGEST, entries_of(network_storm()))
    counts = [
        msgspec.structs.replace(count, priority=Priority.HIGH) if "Node" in count.name else count
        for count in batch.totals.counts
    ]
    totals = msgspec.structs.replace(batch.totals, counts=tuple(counts))
    rendered = BUNDLED.render_batch(msgspec.structs.replace(batch, totals=totals), now=NOW)
    assert told_by(text_of(rendered)) == 962
    assert "NodeNotReady" not in rendered.message.markdown.text


def test_a_repeat_of_an_old_alert_is_not_what_fired_first() -> None:
    old = a_delivery(an_alert("DiskFull", "warning", instance="node-9", ago=timedelta(days=3)))
    text = text_of(render_batch(Form.DIGEST, entries_of([old, *network_storm()])))
    assert "最先触发：05:02:55 **NodeNetworkDown** switch-a3" in text
    assert "最先触发：11-21 05:05:00 **DiskFull** node-9" in text_of(
        render_batch(Form.DIGEST, entries_of([old]))
    )


def test_a_digest_of_what_is_over_names_nothing_that_fired_first() -> None:
    over = an_alert("TargetDown", "warning", lasted=timedelta(minutes=1), instance="node-1")
    text = text_of(render_batch(Form.DIGEST, entries_of([a_delivery(over)])))
    assert text.startswith(
        "### 🔥 告警风暴：48 秒 1 条（✅ 1）\n\n✅ **TargetDown** node-1\n\n[全部 1 条]"
    )
