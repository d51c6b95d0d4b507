"""Whatever alerts hold and a batch asks for: there is a message, it fits, and no value acts in it.

The simulator's own reading of the message is the judge.
"""

from __future__ import annotations

import json
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from adapter.core.alerts import Alert, AlertGroup, Status, common
from adapter.core.batch import Batch, Form
from adapter.core.delivery import Delivery, RenderSettings
from adapter.core.message import BODY_LIMIT, TITLE_LIMIT, body
from adapter.phone import markdown, tree
from adapter.simulator.mentions import marks
from support.batches import a_batch, entries_of, totals_of
from support.rendering import LINKED, NOW, renderer

if TYPE_CHECKING:
    from adapter.core.rendering import RenderedBatch, Renderer

UUID = "f" * 64
LOWEST = 4_000
HOSTILE = [
    *("[x](http://evil)", "![x](http://evil)", "](http://evil)", "[", "]", "(", "!", "# x", "> x"),
    *("- x", "1. x", "---", "===", "**x**", "*", "_", "`x`", "```\nx\n```", "~~x~~", "|", "-|-"),
    *("<font color=red>x</font>", "<a href=http://evil>", "<", "&lt;a&gt;", "&#91;", "\\", "\n"),
    *("\u2028", "@all", "@所有人", "@13800000001", "@", "dingtalk://dingtalkclient/x", "\u202e"),
    *("\ud800", "\x1b[31m", "节点", "😀", "10.0.0.1:9100", "{}", "{0.__class__}", "%s", "", " "),
]
PIECES = st.sampled_from(HOSTILE)
VALUES = st.lists(PIECES, max_size=4).map("".join) | st.text(st.characters(), max_size=9)
HUGE = st.sampled_from(["[", "<", "严", "🔥", "@", "\\", '"']).map(lambda sign: sign * 5_000)
NAMES = st.sampled_from(
    ["alertname", "severity", "cluster", "namespace", "region", "pod", "instance", "job", "a[b](c)"]
)
TIMES = st.none() | st.datetimes(timezones=st.just(UTC)) | st.datetimes()
ALERTS = st.builds(
    Alert,
    labels=st.dictionaries(NAMES | VALUES, VALUES | HUGE, max_size=8)
    | st.fixed_dictionaries({"severity": st.sampled_from(["critical", "warning", "odd"])}),
    annotations=st.dictionaries(
        st.sampled_from(["summary", "description", "runbook_url"]), VALUES | HUGE
    ),
    status=st.sampled_from(Status),
    starts_at=TIMES,
    ends_at=TIMES,
    generator_url=VALUES | HUGE,
    fingerprint=VALUES,
)
LOOKS = st.builds(
    RenderSettings,
    template=st.sampled_from(["default", "default", "gone", "broken", "empty", "long"]),
    language=st.sampled_from(["zh", "en", "fr"]),
    timezone=st.sampled_from(["Asia/Shanghai", "Mars/Base", ""]),
)
LOOK = RenderSettings()
URLS = st.sampled_from(["", "https://am.example.com", "https://b.example.com/" + "x" * 1_900])
RECEIVED = st.timedeltas(timedelta(seconds=-9), timedelta(days=40)).map(lambda age: NOW - age)
ODD_TEMPLATES = {
    "broken": '{% extends "default.j2" %}{% block group %}{{ 1 / 0 }}{% endblock %}'
    "{% block entry %}{{ 1 / 0 }}{% endblock %}",
    "empty": '{% extends "layout.j2" %}',
    "long": '{% extends "default.j2" %}{% block group %}' + "x" * 18_800 + "{% endblock %}"
    "{% block entry %}" + "x" * 12_000 + "{% endblock %}",
}
ODD = renderer(**ODD_TEMPLATES)
LINKING = renderer(LINKED, **ODD_TEMPLATES)


def a_group(alerts: list[Alert], url: str, key: str) -> AlertGroup:
    return AlertGroup(
        alerts=tuple(alerts),
        receiver="ops",
        group_key=key,
        common_labels=common(alert.labels for alert in alerts),
        external_url=url,
        truncated_alerts=len(key),
    )


def deliveries(looks: st.SearchStrategy[RenderSettings]) -> st.SearchStrategy[list[Delivery]]:
    """Return deliveries of hostile groups, some of which are the same group."""
    groups = st.builds(
        a_group, st.lists(ALERTS, min_size=1, max_size=5), URLS, st.sampled_from(["", "a", "b"])
    )
    members = st.builds(Delivery, robot=st.just("ops"), group=groups, settings=looks)
    return st.lists(members, min_size=1, max_size=5)


@st.composite
def batches(draw: st.DrawFn, looks: st.SearchStrategy[RenderSettings] = LOOKS) -> Batch:
    """Return a batch of any form; `alone` only if it is one group."""
    told = draw(deliveries(looks))
    form, alone = draw(st.sampled_from(Form)), draw(st.booleans())
    entries = entries_of(told[:1] if alone else told, received_at=draw(RECEIVED))
    shown = draw(st.integers(0, len(entries)))
    batch = a_batch(form, entries if form is not Form.DIGEST else entries[:shown], alone=alone)
    minimal = form is Form.FULL and draw(st.booleans())
    totals = totals_of(entries, full_bytes=draw(st.sampled_from([500, 100_000])))
    return msgspec.structs.replace(batch, totals=totals, minimal=minimal)


SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
PART = st.none() | st.tuples(st.integers(1, 99), st.integers(1, 99))
ROOMS = st.sampled_from([LOWEST, 9_000, BODY_LIMIT])


@settings(suppress_health_check=SLOW, deadline=None)
@given(
    batches(), st.sampled_from(["", "告警", 'a"b']), PART, ROOMS, st.sampled_from([ODD, LINKING])
)
def test_there_is_always_a_message_and_it_always_fits(
    batch: Batch, keyword: str, part: tuple[int, int] | None, room: int, by: Renderer
) -> None:
    rendered = by.render_batch(batch, now=NOW, keyword=keyword, part=part, room=room, name=UUID)
    title, text = rendered.message.markdown.title, rendered.message.markdown.text
    sent = body(rendered.message, UUID)
    assert len(sent) <= room
    assert json.loads(sent)["markdown"]["text"] == text
    assert 0 < len(title) <= TITLE_LIMIT
    assert "\n" not in title
    assert text.strip()
    assert keyword in title
    assert keyword in text
    assert part is None or "({}/{})".format(*part) in title
    assert min(len(batch.entries), 1) <= rendered.told <= len(batch.entries)
    if batch.form is Form.DIGEST:
        assert rendered.told == len(batch.entries)


@settings(suppress_health_check=SLOW, deadline=None)
@given(batches(), ROOMS)
def test_entries_that_are_not_told_are_told_next(batch: Batch, room: int) -> None:
    """Message after message comes to an end, and the entries are told in their order."""
    assume(batch.form is not Form.DIGEST)
    left = batch.entries
    while left:
        one = msgspec.structs.replace(batch, entries=left)
        told = LINKING.render_batch(one, now=NOW, room=room, name=UUID).told
        assert told > 0
        left = left[told:]


def shape(rendered: RenderedBatch) -> list[str]:
    document = markdown.parse(rendered.message.markdown.text)
    return [node.kind for node in tree.walk(document) if not isinstance(node, tree.Text)]


@settings(suppress_health_check=SLOW, deadline=None)
@given(batches(st.builds(RenderSettings, template=st.sampled_from(["default", "gone"]))), PART)
def test_no_value_forges_a_link_an_image_a_heading_or_a_mention(
    batch: Batch, part: tuple[int, int] | None
) -> None:
    rendered = ODD.render_batch(batch, now=NOW, part=part)
    message = rendered.message.markdown
    document = markdown.parse(message.text)
    for link in markdown.links(document):
        shown = tree.inline_text(link.children)
        assert link.url.startswith(("http://", "https://"))
        assert shown in ("全部告警", "图表", "处置手册", "静默") or shown.startswith("全部 ")
    assert markdown.images(document) == ()
    assert len(markdown.headings(document)) <= 1 + len({e.delivery_id for e in batch.entries})
    assert markdown.tags(document) == ()
    assert not [node for node in tree.walk(document) if isinstance(node, tree.Source)]
    assert marks(message.text) == ()
    assert marks(message.title) == ()
    assert "dingtalk://" not in message.text


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_name_reads_like_a_harmless_one(form: Form, value: str) -> None:
    """One alert among others: its name and labels change nothing of how the message is built."""

    def told(value: str) -> RenderedBatch:
        labels = dict.fromkeys(("alertname", "pod", "cluster", "namespace"), value)
        hostile = Alert(labels=labels, starts_at=NOW - timedelta(minutes=1))
        over = msgspec.structs.replace(hostile, status=Status.RESOLVED, ends_at=NOW)
        groups = [a_group([alert], "https://am.example.com", "") for alert in (hostile, over)]
        delivered = [Delivery(robot="ops", group=group, settings=LOOK) for group in groups]
        return ODD.render_batch(a_batch(form, entries_of(delivered)), now=NOW)

    assert shape(told(f"a {value} b")) == shape(told("a x b"))
    assert told(value).told == len(Status)
