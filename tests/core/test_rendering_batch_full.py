"""What is told in full: one group, or several in one message, and what waits for the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from adapter.core.batch import Form
from adapter.core.delivery import Delivery
from adapter.core.message import TITLE_LIMIT
from adapter.core.webhook import decode_webhook
from support.batches import (
    BUNDLED,
    a_batch,
    a_delivery,
    an_alert,
    entries_of,
    messages,
    nodes,
    numbers,
    render_batch,
    size_of,
    text_of,
    three_groups,
)
from support.rendering import NOW, ROOT, renderer

if TYPE_CHECKING:
    from pathlib import Path


SAMPLES = sorted((ROOT / "tests" / "samples").rglob("*.json"))


# One group.


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_group_that_fits_is_told_as_ever(path: Path) -> None:
    delivery = Delivery(
        robot="ops", group=decode_webhook(path.read_bytes()), settings=a_delivery().settings
    )
    entries = entries_of([delivery], received_at=NOW)
    rendered = render_batch(Form.FULL, entries, alone=True)
    if rendered.told == len(entries):
        assert rendered.message == BUNDLED.render(delivery, now=NOW).message
    else:
        assert "target-down-firing" in path.stem


def test_what_has_no_room_waits_for_the_next_part() -> None:
    parts = messages(Form.FULL, entries_of([nodes(1500)]), alone=True)
    assert [number for part in parts for number in numbers(text_of(part))] == list(range(1500))
    assert all(size_of(part) >= 17_000 for part in parts[:-1])
    assert not any("另" in text_of(part) for part in parts)
    assert [f"×{part.told}" in part.message.markdown.title for part in parts] == [True] * len(parts)


def test_a_part_says_which_it_is_in_title_and_heading() -> None:
    rendered = render_batch(Form.FULL, entries_of([nodes(2)]), alone=True, part=(1, 3))
    assert rendered.message.markdown.title == "🟡 警告 NodeDown ×2 (1/3)"
    assert text_of(rendered).startswith("### 🟡 警告 · NodeDown ×2 (1/3)\n\n")


def test_a_long_title_keeps_its_part_and_its_keyword() -> None:
    batch = a_batch(Form.FULL, entries_of([a_delivery(an_alert("x" * 99, "info"))]), alone=True)
    rendered = BUNDLED.render_batch(batch, now=NOW, part=(2, 3), keyword="告警组")
    title = rendered.message.markdown.title
    assert title.endswith("x… (2/3) · 告警组")
    assert len(title) == TITLE_LIMIT


def test_a_template_that_says_nothing_of_the_group_still_says_the_part() -> None:
    bare = renderer(bare='{% extends "default.j2" %}{% block group %}{% endblock %}')
    group = a_delivery(an_alert("NodeDown", "info", instance="node-1"), template="bare")
    rendered = render_batch(Form.FULL, entries_of([group]), alone=True, by=bare, part=(2, 2))
    assert text_of(rendered).startswith("(2/2)\n\n**node-1**")


def test_alerts_of_several_deliveries_of_one_group_are_told_as_one() -> None:
    older, newer = nodes(2), nodes(2)
    more = an_alert("NodeDown", "warning", instance="node-7")
    group = msgspec.structs.replace(newer.group, alerts=(newer.group.alerts[0], more))
    newer = msgspec.structs.replace(newer, group=group)
    entries = entries_of([older, newer])
    rendered = render_batch(Form.FULL, (entries[1], entries[3]), alone=True)
    assert rendered.message.markdown.title == "🟡 警告 NodeDown ×2"
    assert numbers(text_of(rendered)) == [1, 7]


def test_a_group_that_grows_shorter_by_what_it_has_in_common_is_filled_up_again() -> None:
    """Only the first alerts share their long labels, so more of them fit than of all."""
    alerts = [
        an_alert("Lag", "info", pod=f"node-{number}", rack="r" * 200 if number < 150 else "other")
        for number in range(200)
    ]
    first = render_batch(Form.FULL, entries_of([a_delivery(*alerts)]), alone=True)
    assert numbers(text_of(first)) == list(range(first.told))
    assert 80 < first.told < 200
    assert first.told >= 150


# Several groups.


def test_groups_are_told_in_full_one_after_the_other() -> None:
    rendered = render_batch(Form.FULL, entries_of(three_groups()), part=(2, 3))
    assert rendered.message.markdown.title == "🔴 严重 3 · 🟡 警告 1 · ✅ 恢复 2 (2/3)"
    assert text_of(rendered).count("\n\n────────\n\n### ") == 2
    assert rendered.told == 6


def test_merged_messages_are_filled_before_the_next_begins() -> None:
    groups = [nodes(3, words="x" * 900, key=f"{number}") for number in range(100)]
    parts = messages(Form.FULL, entries_of(groups))
    assert [size for size in map(size_of, parts[:-1]) if size < 17_000] == []
    assert sum(part.told for part in parts) == 300


def test_what_has_no_room_with_its_details_waits_for_the_next_message() -> None:
    groups = [nodes(1, words="x" * 990, key=f"{number}") for number in range(30)]
    parts = messages(Form.FULL, entries_of(groups))
    assert [text_of(part).count("> 0: xxx") for part in parts] == [part.told for part in parts]
    assert len(parts) == 2


def test_while_much_more_waits_messages_are_filled_even_with_mere_lines() -> None:
    """Long addresses make the least that a group takes larger than what is left."""
    entries = entries_of(nodes(1, words="x" * 700, key=f"{number}") for number in range(300))
    entries = tuple(
        msgspec.structs.replace(
            entry,
            delivery=msgspec.structs.replace(
                entry.delivery,
                group=msgspec.structs.replace(
                    entry.delivery.group, external_url="https://a/" + "x" * 1_900
                ),
            ),
        )
        for entry in entries
    )
    parts = messages(Form.FULL, entries)
    assert sum(part.told for part in parts) == 300
    left = 300
    for part in parts:
        left -= part.told
        assert size_of(part) >= 17_000 or left * 500 < 20_000  # as `totals_of` estimates
    assert "\n\n────────\n\n🟡 05:02 **NodeDown** node-0\n\n🟡" in text_of(parts[0])


def test_a_group_too_large_for_one_message_goes_on_in_the_next() -> None:
    parts = messages(Form.FULL, entries_of([nodes(1500, key="a"), nodes(3, key="b")]))
    assert [number for part in parts for number in numbers(text_of(part))] == [
        *range(1500),
        *range(3),
    ]
    assert len(parts) == 2
    assert "另" not in text_of(parts[0])


def test_groups_of_a_sender_without_group_keys_stay_apart() -> None:
    groups = [msgspec.structs.replace(nodes(1).group, group_key="") for _ in range(2)]
    deliveries = [msgspec.structs.replace(nodes(1), group=group) for group in groups]
    assert text_of(render_batch(Form.FULL, entries_of(deliveries))).count("────────") == 1
