"""What every form has in common: how late it is, and what is told when something goes wrong."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from adapter.core.alerts import Alert
from adapter.core.batch import Batch, Form, Totals
from adapter.core.delivery import Delivery, RenderSettings
from adapter.core.priority import Priority
from adapter.core.telling import PLACES
from adapter.core.text import plain
from adapter.core.words import words_of
from support.batches import (
    AN_AGE,
    BUNDLED,
    a_batch,
    a_delivery,
    an_alert,
    entries_of,
    nodes,
    render_batch,
    size_of,
    text_of,
    three_groups,
)
from support.rendering import NOW, renderer

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
    text = text_of(render_batch(form, entries, alone=alone))
    assert f"\n{told}" in text if told else "延迟" not in text


def test_the_longest_delay_is_that_of_an_alert_that_is_told() -> None:
    entries = entries_of([nodes(900)])
    oldest = msgspec.structs.replace(entries[-1], received_at=NOW - timedelta(hours=1))
    assert "最长延迟 48 秒" in text_of(render_batch(Form.LINE, (*entries[:-1], oldest)))
    assert "最长延迟 1 小时" in text_of(render_batch(Form.LINE, (oldest, *entries[:-1])))


def test_english_says_the_same() -> None:
    assert words_of("en").delay(timedelta(seconds=72)) == "1 min 12 s"
    late = entries_of(three_groups(language="en"))
    assert "Many alerts, told together, delayed by up to 48 s" in text_of(
        render_batch(Form.LINE, late)
    )


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
    rendered = render_batch(Form.LINE, entries_of([nodes(2), broken]), by=BROKEN)
    assert rendered.failed == "broken.j2:2: ZeroDivisionError"
    assert rendered.told == 5
    assert (
        "🟡 05:02 **NodeDown** node-1\n\n🟡 05:02 NodeDown node-0\n\n🟡 05:02 NodeDown node-1"
        in text_of(rendered)
    )
    assert text_of(rendered).count("模板 broken 出错，此为内置格式\n\n[全部 5 条]") == 1


def test_a_built_in_line_says_where_and_when_too() -> None:
    groups = [*three_groups(template="gone"), a_delivery(an_alert("", "p9"), template="gone")]
    rendered = render_batch(Form.LINE, entries_of(groups), by=BROKEN)
    assert rendered.failed == "gone.j2: there is no such template"
    assert "✅ 04:53→05:04 TargetDown 10.20.0.0:10250 · sg\n" in text_of(rendered)
    assert "🔔 05:02 未命名告警\n" in text_of(rendered)


def test_of_merged_groups_only_the_one_whose_template_fails_is_told_without_it() -> None:
    groups = three_groups()
    groups[1] = msgspec.structs.replace(groups[1], settings=a_delivery(template="broken").settings)
    rendered = render_batch(Form.FULL, entries_of(groups), by=BROKEN)
    assert rendered.failed == "broken.j2:1: ZeroDivisionError"
    assert rendered.told == 6
    assert text_of(rendered).count("模板 broken 出错") == 1
    assert text_of(rendered).count("\n\n### ") == 2


@pytest.mark.parametrize("template", ["broken", "mute", "empty", "gone"])
def test_a_group_whose_template_fails_is_told_without_it(template: str) -> None:
    groups = three_groups(template=template)[:1]
    rendered = render_batch(Form.FULL, entries_of(groups), alone=True, by=BROKEN)
    assert rendered.failed is not None
    assert rendered.failed.startswith(f"{template}.j2")
    assert rendered.told == 3
    assert f"模板 {template} 出错" in text_of(rendered)


def test_a_line_that_no_message_has_room_for_counts_as_failed() -> None:
    rendered = render_batch(Form.LINE, entries_of(three_groups(template="long")), by=BROKEN)
    assert rendered.failed == "long.j2: TooMuchError"
    assert rendered.told == 6


def test_long_lines_of_a_template_are_told_as_they_are() -> None:
    wordy = renderer(
        wordy='{% extends "default.j2" %}{% block entry %}' + "x" * 5_000 + "{% endblock %}"
    )
    rendered = render_batch(Form.LINE, entries_of(three_groups(template="wordy")), by=wordy)
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
