"""What is told in lines: each alert in one, as many as a message holds."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

import msgspec

from adapter.core.batch import Batch, Entry, Form
from adapter.core.priority import Priority
from support.batches import (
    BUNDLED,
    a_delivery,
    an_alert,
    entries_of,
    many_groups,
    messages,
    nodes,
    numbers,
    render_batch,
    size_of,
    text_of,
)
from support.rendering import NOW
from support.steps import steps

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_a_line_says_how_bad_when_what_which_and_where() -> None:
    alerts = [
        an_alert("NodeNotReady", "critical", node="node-17", cluster="bj"),
        an_alert(
            "TargetDown", "warning", job="kubelet", cluster="sg",
            ago=timedelta(minutes=9), lasted=timedelta(minutes=2),
        ),
        an_alert("NodeDisk", "info", instance="node-3", device="sda", namespace="x", cluster="y"),
    ]  # fmt: skip
    rendered = render_batch(Form.LINE, entries_of(a_delivery(alert) for alert in alerts))
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
    text = text_of(render_batch(Form.LINE, entries_of([a_delivery(*disks), odd])))
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
    rendered = render_batch(Form.LINE, entries_of([a_delivery(alert)] * 100))
    assert size_of(rendered) >= 17_000
    assert rendered.failed is None


def test_a_message_of_one_group_in_lines_does_not_say_that_it_was_merged() -> None:
    text = text_of(render_batch(Form.LINE, entries_of([nodes(2)]), alone=True))
    assert text.startswith("### 🟡 警告 2\n\n🟡 05:02 **NodeDown** node-0\n\n")


def test_each_place_that_lists_alerts_has_its_link_and_number() -> None:
    groups = [nodes(number, key=f"{number}").group for number in range(1, 7)]
    urls = ["https://a", "https://b", "", "https://" + "c" * 600, "https://d", "https://a"]
    deliveries = [
        msgspec.structs.replace(nodes(1), group=msgspec.structs.replace(group, external_url=url))
        for group, url in zip(groups, urls, strict=True)
    ]
    last = text_of(render_batch(Form.LINE, entries_of(deliveries))).split("\n\n")[-1]
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


def test_twice_as_many_alerts_in_lines_take_twice_the_steps() -> None:
    entries = entries_of(many_groups(8_000))

    def tell(count: int) -> None:
        told = 0
        while told < count:
            some = entries[told : min(told + 2_000, count)]
            batch = Batch(form=Form.LINE, priority=Priority.NORMAL, entries=some)
            told += BUNDLED.render_batch(batch, now=NOW).told

    assert steps(lambda: tell(8_000)) < 2.2 * steps(lambda: tell(4_000))
