"""What a message of a batch tells: which entries, in how much room, with which words."""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from datetime import timedelta
from time import process_time
from typing import TYPE_CHECKING, ClassVar

import msgspec
import pytest

from adapter.core.alert_view import PLACES
from adapter.core.alerts import Alert
from adapter.core.batch import Batch, Entry, Form, Totals
from adapter.core.delivery import Delivery, RenderSettings
from adapter.core.message import TITLE_LIMIT, body
from adapter.core.priority import Priority
from adapter.core.text import plain
from adapter.core.webhook import decode_webhook
from adapter.core.words import words_of
from support.batches import (
    AN_AGE,
    a_batch,
    a_delivery,
    an_alert,
    entries_of,
    many_groups,
    network_storm,
    three_groups,
)
from support.rendering import NOW, ROOT, renderer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from adapter.core.rendering import RenderedBatch, Renderer

UUID = "f" * 64
BUNDLED = renderer()
SAMPLES = sorted((ROOT / "tests" / "samples").rglob("*.json"))


def render(
    form: Form,
    entries: Sequence[Entry],
    *,
    alone: bool = False,
    by: Renderer = BUNDLED,
    part: tuple[int, int] | None = None,
) -> RenderedBatch:
    return by.render_batch(a_batch(form, entries, alone=alone), now=NOW, part=part)


def text_of(rendered: RenderedBatch) -> str:
    return rendered.message.markdown.text


def size_of(rendered: RenderedBatch) -> int:
    return len(body(rendered.message, UUID))


def messages(form: Form, entries: Sequence[Entry], *, alone: bool = False) -> list[RenderedBatch]:
    """Return the messages by which entries are told one after the other."""
    told: list[RenderedBatch] = []
    while entries:
        told.append(render(form, entries, alone=alone))
        entries = entries[told[-1].told :]
    return told


def numbers(text: str) -> list[int]:
    """Return the numbers of the nodes that a text names, in order."""
    return [int(number) for number in re.findall(r"node-(\d+)\b", text)]


def nodes(count: int, *, words: str = "", key: str = "") -> Delivery:
    return a_delivery(
        *(
            an_alert(
                "NodeDown",
                "warning",
                instance=f"node-{number}",
                notes={"summary": "down", "description": f"{number}: {words}"} if words else {},
            )
            for number in range(count)
        ),
        key=key,
    )


# One group.


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_group_that_fits_is_told_as_ever(path: Path) -> None:
    delivery = Delivery(
        robot="ops", group=decode_webhook(path.read_bytes()), settings=a_delivery().settings
    )
    entries = entries_of([delivery], received_at=NOW)
    rendered = render(Form.FULL, entries, alone=True)
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
    rendered = render(Form.FULL, entries_of([nodes(2)]), alone=True, part=(1, 3))
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
    rendered = render(Form.FULL, entries_of([group]), alone=True, by=bare, part=(2, 2))
    assert text_of(rendered).startswith("(2/2)\n\n**node-1**")


def test_alerts_of_several_deliveries_of_one_group_are_told_as_one() -> None:
    older, newer = nodes(2), nodes(2)
    more = an_alert("NodeDown", "warning", instance="node-7")
    group = msgspec.structs.replace(newer.group, alerts=(newer.group.alerts[0], more))
    newer = msgspec.structs.replace(newer, group=group)
    entries = entries_of([older, newer])
    rendered = render(Form.FULL, (entries[1], entries[3]), alone=True)
    assert rendered.message.markdown.title == "🟡 警告 NodeDown ×2"
    assert numbers(text_of(rendered)) == [1, 7]


def test_a_group_that_grows_shorter_by_what_it_has_in_common_is_filled_up_again() -> None:
    """Only the first alerts share their long labels, so more of them fit than of all."""
    alerts = [
        an_alert("Lag", "info", pod=f"node-{number}", rack="r" * 200 if number < 150 else "other")
        for number in range(200)
    ]
    first = render(Form.FULL, entries_of([a_delivery(*alerts)]), alone=True)
    assert numbers(text_of(first)) == list(range(first.told))
    assert 80 < first.told < 200
    assert first.told >= 150


# Several groups.


def test_groups_are_told_in_full_one_after_the_other() -> None:
    rendered = render(Form.FULL, entries_of(three_groups()), part=(2, 3))
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
    assert text_of(render(Form.FULL, entries_of(deliveries))).count("────────") == 1


# Lines.


def test_a_line_says_how_bad_when_what_which_and_where() -> None:
    alerts = [
        an_alert("NodeNotReady", "critical", node="node-17", cluster="bj"),
        an_alert(
            "TargetDown", "warning", job="kubelet", cluster="sg",
            ago=timedelta(minutes=9), lasted=timedelta(minutes=2),
        ),
        an_alert("NodeDisk", "info", instance="node-3", device="sda", namespace="x", cluster="y"),
    ]  # fmt: skip
    rendered = render(Form.LINE, entries_of(a_delivery(alert) for alert in alerts))
    assert text_of(rendered) == (
        "### 🔴 严重 1 · 🔵 提示 1 · ✅ 恢复 1\n\n告警较多，已合并，最长延迟 48 秒\n\n"
        "🔴 05:02 **NodeNotReady** node-17 · bj\n\n"
        "✅ 04:56→04:58 **TargetDown** job=kubelet · sg · 2 分钟\n\n"
        "🔵 05:02 **NodeDisk** node-3 · y/x\n\n"
        "[全部 3 条](https://am.example.com/#/alerts?receiver=dingtalk)"
    )


def test_alerts_that_differ_in_one_label_alone_are_told_apart() -> None:
    disks = [
        an_alert("DiskFull", "warning", instance="node-3", device="sda", mode=mode)
        for mode in ("rw", "ro")
    ]
    odd = a_delivery(an_alert("Odd", "warning", db="main", job="mysql", zone="a"))
    text = text_of(render(Form.LINE, entries_of([a_delivery(*disks), odd])))
    assert "**DiskFull** node-3 mode=rw\n" in text
    assert "**DiskFull** node-3 mode=ro\n" in text
    assert "**Odd** db=main job=mysql\n" in text


def test_lines_fill_every_message_but_the_last_and_tell_every_alert_once() -> None:
    groups = [nodes(number % 4 + 1, key=f"{number}") for number in range(1000)]
    entries = entries_of(groups)
    parts = messages(Form.LINE, entries)
    told = [number for part in parts for number in numbers(text_of(part))]
    assert told == [entry.index for entry in entries]
    assert all(size_of(part) > 18_700 for part in parts[:-1])


def test_lines_with_huge_values_fill_a_message_too() -> None:
    alert = an_alert("[" * 9_000, "warning", instance="<" * 9_000, cluster="严" * 9_000)
    rendered = render(Form.LINE, entries_of([a_delivery(alert)] * 100))
    assert size_of(rendered) >= 17_000
    assert rendered.failed is None


def test_a_message_of_one_group_in_lines_does_not_say_that_it_was_merged() -> None:
    text = text_of(render(Form.LINE, entries_of([nodes(2)]), alone=True))
    assert text.startswith("### 🟡 警告 2\n\n🟡 05:02 **NodeDown** node-0\n\n")


def test_each_place_that_lists_alerts_has_its_link_and_number() -> None:
    groups = [nodes(number, key=f"{number}").group for number in range(1, 7)]
    urls = ["https://a", "https://b", "", "https://" + "c" * 600, "https://d", "https://a"]
    deliveries = [
        msgspec.structs.replace(nodes(1), group=msgspec.structs.replace(group, external_url=url))
        for group, url in zip(groups, urls, strict=True)
    ]
    last = text_of(render(Form.LINE, entries_of(deliveries))).split("\n\n")[-1]
    assert last == (
        "[全部 7 条](https://a/#/alerts?receiver=dingtalk) · "
        "[全部 2 条](https://b/#/alerts?receiver=dingtalk)"
    )


class Counted(tuple[Entry, ...]):
    """Entries that count how many of them were looked at."""

    __slots__ = ()
    looked_at: ClassVar = 0

    def __iter__(self) -> Iterator[Entry]:
        for entry in super().__iter__():
            Counted.looked_at += 1
            yield entry


def test_a_message_of_lines_costs_by_what_it_tells() -> None:
    entries = Counted(entries_of(many_groups(2_000)))
    batch = Batch(form=Form.LINE, priority=Priority.NORMAL, entries=entries)
    rendered = BUNDLED.render_batch(batch, now=NOW)
    assert Counted.looked_at == rendered.told + 1 < 500


@contextmanager
def untraced() -> Iterator[None]:
    """Measure the adapter, not the coverage of it."""
    tracer = sys.gettrace()
    sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(tracer)


def test_ten_thousand_alerts_in_lines_take_less_than_a_second() -> None:
    """Of three tries: others may share the processor."""
    entries = entries_of(many_groups(10_000))
    times: list[float] = []
    while len(times) < 3:
        told, before = 0, process_time()
        with untraced():
            while told < 10_000:
                some = entries[told : told + 2_000]
                batch = Batch(form=Form.LINE, priority=Priority.NORMAL, entries=some)
                told += BUNDLED.render_batch(batch, now=NOW).told
        times.append(process_time() - before)
    assert told == 10_000
    assert min(times) < 1


# Digests.


def told_by(text: str) -> int:
    """Return how many alerts the lines of a digest account for."""
    named = re.findall(r"^(?:🔴|🟡|🔵|🔔|✅) \*\*\S+(?: ×(\d+))?\*\*", text, re.MULTILINE)
    rest = re.findall(r"另 \d+ 种共 (\d+) 条", text)
    return sum(int(number or 1) for number in [*named, *rest])


def test_a_digest_accounts_for_every_normal_alert() -> None:
    entries = entries_of(network_storm())
    rendered = render(Form.DIGEST, entries)
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
    text = text_of(render(Form.DIGEST, entries_of([old, *network_storm()])))
    assert "最先触发：05:02:55 **NodeNetworkDown** switch-a3" in text
    assert "最先触发：11-21 05:05:00 **DiskFull** node-9" in text_of(
        render(Form.DIGEST, entries_of([old]))
    )


def test_a_digest_of_what_is_over_names_nothing_that_fired_first() -> None:
    over = an_alert("TargetDown", "warning", lasted=timedelta(minutes=1), instance="node-1")
    text = text_of(render(Form.DIGEST, entries_of([a_delivery(over)])))
    assert text.startswith(
        "### 🔥 告警风暴：48 秒 1 条（✅ 1）\n\n✅ **TargetDown** node-1\n\n[全部 1 条]"
    )


# Delays.


@pytest.mark.parametrize(
    ("delay", "alone", "told"),
    [
        (timedelta(seconds=-5), False, "告警较多，已合并\n"),
        (timedelta(0), False, "告警较多，已合并\n"),
        (timedelta(seconds=48), False, "告警较多，已合并，最长延迟 48 秒\n"),
        (timedelta(minutes=9, seconds=5), False, "告警较多，已合并，最长延迟 9 分 5 秒\n"),
        (timedelta(seconds=60), True, ""),
        (timedelta(seconds=72), True, "延迟 1 分 12 秒\n"),
        (timedelta(minutes=3), True, "延迟 3 分钟\n"),
        (timedelta(hours=2, minutes=5), True, "延迟 2 小时 5 分钟\n"),
    ],
)
@pytest.mark.parametrize("form", [Form.FULL, Form.LINE])
def test_a_message_says_how_late_it_is(
    form: Form, delay: timedelta, told: str, *, alone: bool
) -> None:
    entries = entries_of([nodes(1)], received_at=NOW - delay)
    text = text_of(render(form, entries, alone=alone))
    assert f"\n{told}" in text if told else "延迟" not in text


def test_the_longest_delay_is_that_of_an_alert_that_is_told() -> None:
    entries = entries_of([nodes(900)])
    oldest = msgspec.structs.replace(entries[-1], received_at=NOW - timedelta(hours=1))
    assert "最长延迟 48 秒" in text_of(render(Form.LINE, (*entries[:-1], oldest)))
    assert "最长延迟 1 小时" in text_of(render(Form.LINE, (oldest, *entries[:-1])))


def test_english_says_the_same() -> None:
    assert words_of("en").delay(timedelta(seconds=72)) == "1 min 12 s"
    late = entries_of(three_groups(language="en"))
    assert "Many alerts, told together, delayed by up to 48 s" in text_of(render(Form.LINE, late))


# When a template fails.

BROKEN = renderer(
    broken='{% extends "default.j2" %}{% block title %}{{ 1 / 0 }}{% endblock %}'
    "{% block group %}{{ 1 / 0 }}{% endblock %}{% block entry %}\n{{ 1 / 0 }}{% endblock %}",
    mute='{% extends "default.j2" %}{% block title %}{% endblock %}',
    empty='{% extends "layout.j2" %}{% block title %}x{% endblock %}',
    long='{% extends "default.j2" %}{% block entry %}' + "x" * 12_000 + "{% endblock %}",
)


def test_an_entry_whose_template_fails_is_told_without_it() -> None:
    broken = msgspec.structs.replace(nodes(3), settings=a_delivery(template="broken").settings)
    rendered = render(Form.LINE, entries_of([nodes(2), broken]), by=BROKEN)
    assert rendered.failed == "broken.j2:2: ZeroDivisionError"
    assert rendered.told == 5
    assert (
        "🟡 05:02 **NodeDown** node-1\n\n🟡 05:02 NodeDown node-0\n\n🟡 05:02 NodeDown node-1"
        in text_of(rendered)
    )
    assert text_of(rendered).count("模板 broken 出错，此为内置格式\n\n[全部 5 条]") == 1


def test_a_built_in_line_says_where_and_when_too() -> None:
    groups = [*three_groups(template="gone"), a_delivery(an_alert("", "p9"), template="gone")]
    rendered = render(Form.LINE, entries_of(groups), by=BROKEN)
    assert rendered.failed == "gone.j2: there is no such template"
    assert "✅ 04:53→05:04 TargetDown 10.20.0.0:10250 · sg\n" in text_of(rendered)
    assert "🔔 05:02 未命名告警\n" in text_of(rendered)


def test_of_merged_groups_only_the_one_whose_template_fails_is_told_without_it() -> None:
    groups = three_groups()
    groups[1] = msgspec.structs.replace(groups[1], settings=a_delivery(template="broken").settings)
    rendered = render(Form.FULL, entries_of(groups), by=BROKEN)
    assert rendered.failed == "broken.j2:1: ZeroDivisionError"
    assert rendered.told == 6
    assert text_of(rendered).count("模板 broken 出错") == 1
    assert text_of(rendered).count("\n\n### ") == 2


@pytest.mark.parametrize("template", ["broken", "mute", "empty", "gone"])
def test_a_group_whose_template_fails_is_told_without_it(template: str) -> None:
    groups = three_groups(template=template)[:1]
    rendered = render(Form.FULL, entries_of(groups), alone=True, by=BROKEN)
    assert rendered.failed is not None
    assert rendered.failed.startswith(f"{template}.j2")
    assert rendered.told == 3
    assert f"模板 {template} 出错" in text_of(rendered)


def test_a_line_that_no_message_has_room_for_counts_as_failed() -> None:
    rendered = render(Form.LINE, entries_of(three_groups(template="long")), by=BROKEN)
    assert rendered.failed == "long.j2: TooMuchError"
    assert rendered.told == 6


def test_long_lines_of_a_template_are_told_as_they_are() -> None:
    wordy = renderer(
        wordy='{% extends "default.j2" %}{% block entry %}' + "x" * 5_000 + "{% endblock %}"
    )
    rendered = render(Form.LINE, entries_of(three_groups(template="wordy")), by=wordy)
    assert (rendered.told, rendered.failed) == (3, None)


@pytest.mark.parametrize("alone", [True, False])
def test_where_not_even_the_built_in_format_has_room_a_line_has(*, alone: bool) -> None:
    """Every value is as long as it may be, and grows fourfold in a body."""
    wide = "\\" * 40
    labels = dict.fromkeys(("alertname", *PLACES, "pod"), wide)
    alert = Alert(labels=labels, annotations={"summary": wide}, starts_at=NOW)
    group = msgspec.structs.replace(
        a_delivery(alert).group, external_url="https://am.example.com/" + "x" * 1_940
    )
    look = RenderSettings(template=wide)
    entries = entries_of([Delivery(robot="ops", group=group, settings=look)])
    batch = a_batch(Form.FULL, entries, alone=alone)
    rendered = BUNDLED.render_batch(batch, now=NOW, room=4_000, keyword="告警" * 8)
    assert rendered.told == 1
    assert rendered.failed == f"{wide}.j2: there is no such template"
    assert size_of(rendered) <= 4_000
    assert f"🔔 05:05 {wide} {wide} · {wide}" in plain(text_of(rendered))


# What DingTalk refused.


def test_a_minimal_message_has_no_address_and_no_annotation() -> None:
    groups = [*three_groups(), *three_groups(language="en")]
    batch = msgspec.structs.replace(a_batch(Form.FULL, entries_of(groups)), minimal=True)
    rendered = BUNDLED.render_batch(batch, now=NOW)
    assert rendered.told == 12
    assert "http" not in text_of(rendered)
    assert "crash looping" not in text_of(rendered)
    assert "🔴 05:02 KubePodCrashLooping api-0 · bj/payments\n\n" in text_of(rendered)
    assert text_of(rendered).endswith("\n\n钉钉拒绝了原文，已略去注解和链接")
    assert "已合并" not in text_of(rendered)


# Odd batches.


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("alone", [False, True])
def test_a_batch_of_nothing_is_a_message(form: Form, *, alone: bool) -> None:
    batch = Batch(form=form, priority=Priority.NORMAL, entries=(), alone=alone, totals=Totals())
    rendered = BUNDLED.render_batch(batch, now=NOW + AN_AGE, keyword="告警X")
    assert rendered.told == 0
    assert "告警X" in rendered.message.markdown.title
    assert text_of(rendered).strip()
