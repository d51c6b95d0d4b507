"""Estimates are a little too large, and cheap."""

from __future__ import annotations

from pathlib import Path
from time import process_time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.core.alerts import Alert, AlertGroup, subset
from adapter.core.batch import Batch, Entry, Form
from adapter.core.batching import PLANNED, estimate
from adapter.core.delivery import Delivery, RenderSettings
from adapter.core.message import BODY_LIMIT
from adapter.core.priority import Priority
from adapter.core.text import json_size
from adapter.core.webhook import decode_webhook
from support.rendering import NOW, renderer

SAMPLES = sorted((Path(__file__).parents[1] / "samples").rglob("*.json"))
BUNDLED = renderer()


def sample(path: Path) -> AlertGroup:
    return decode_webhook(path.read_bytes())


def merged(group: AlertGroup, form: Form) -> tuple[int, int]:
    """Return the size of a message of many groups of one alert each, and what was estimated."""
    entries = []
    for number, alert in enumerate(group.alerts[:5] * 20, start=1):
        single = msgspec.structs.replace(subset(group, [alert]), group_key=str(number))
        delivery = Delivery(robot="ops", group=single, settings=RenderSettings())
        entry = Entry(delivery_id=number, index=0, alert=alert, delivery=delivery, received_at=NOW)
        entries.append(entry)
    batch = Batch(form=form, priority=Priority.NORMAL, entries=tuple(entries))
    rendered = BUNDLED.render_batch(batch, now=NOW)
    told = [estimate(entry.alert) for entry in entries[: rendered.told]]
    size = json_size(rendered.message.markdown.text)
    return size, sum(full if form is Form.FULL else line for full, line in told)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
@pytest.mark.parametrize("form", [Form.FULL, Form.LINE])
def test_a_message_takes_a_little_less_than_was_estimated(path: Path, form: Form) -> None:
    size, estimated = merged(sample(path), form)
    frame = BODY_LIMIT - PLANNED
    assert size - frame / 2 <= estimated <= 1.6 * size
    assert size <= estimated or "no-alertname" in path.stem  # its name is longer than nothing


strings = st.text(st.characters(), max_size=30) | st.sampled_from(
    ["", "\ud800", "严" * 5_000, "🔥" * 3_000, "x" * 1_000_000]
)


@given(
    st.builds(
        Alert,
        labels=st.dictionaries(strings, strings, max_size=4),
        annotations=st.dictionaries(
            st.sampled_from(["summary", "message", "description", "runbook_url"]) | strings,
            strings,
            max_size=4,
        ),
        generator_url=strings,
        panel_url=strings,
    )
)
def test_whatever_an_alert_holds_one_message_has_room_for_it(alert: Alert) -> None:
    full, line = estimate(alert)
    assert 0 < line < full < BODY_LIMIT / 2
    assert line < 400


def test_bytes_count_not_characters() -> None:
    latin, chinese = (Alert(annotations={"summary": text * 10}) for text in ("x", "严"))
    assert estimate(chinese)[0] - estimate(latin)[0] == 20


def test_a_huge_annotation_costs_nothing() -> None:
    path = next(path for path in SAMPLES if "target-down-firing-first" in path.stem)
    ordinary = sample(path).alerts[0]
    huge = msgspec.structs.replace(ordinary, annotations={"description": "严" * 1_000_000})
    before = process_time()
    for _ in range(1_000):
        estimate(ordinary)
        estimate(huge)
    assert process_time() - before < 0.5  # to encode it a thousand times would take seconds
