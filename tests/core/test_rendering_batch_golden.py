"""Messages of merged groups, lines and digests as they are read: title and text, whole.

After a change that is meant, `UPDATE_GOLDEN=1 pytest tests/core/test_rendering_batch_golden.py`
writes the files anew; read the difference before it is committed.
"""

from __future__ import annotations

import os
from datetime import timedelta

import msgspec
import pytest

from adapter.core.batch import Batch, Form, Held
from adapter.core.message import BODY_LIMIT, body
from support.batches import (
    a_batch,
    a_delivery,
    an_alert,
    entries_of,
    many_groups,
    network_storm,
    three_groups,
)
from support.rendering import NOW, ROOT, renderer

GOLDEN = ROOT / "tests" / "golden" / "batches"


def lines_with_what_ended_while_waiting(language: str) -> Batch:
    entries = [
        msgspec.structs.replace(entry, covers=((entry.delivery_id - 1, 0),))
        if entry.alert.ended_at
        else entry
        for entry in entries_of(many_groups(120, language=language))
    ]
    return a_batch(Form.LINE, entries)


def what_waited_over_night(language: str) -> Batch:
    received_at = NOW - timedelta(hours=7, minutes=12)
    since = timedelta(hours=7, minutes=13)
    disks = [
        an_alert(
            "NodeFilesystemFull",
            "warning",
            ago=since,
            cluster="sh",
            instance=f"10.12.3.{number}:9100",
        )
        for number in range(2)
    ]
    lags = [
        an_alert(
            "QueueLag",
            "info",
            ago=since,
            topic=f"topic-{number}",
            consumergroup="billing",
            lasted=timedelta(minutes=9) if number % 2 else None,
        )
        for number in range(38)
    ]
    groups = [a_delivery(*members, language=language) for members in (disks, lags)]
    return a_batch(Form.DIGEST, entries_of(groups, received_at=received_at))


def what_was_held_back(language: str) -> Batch:
    overdue = what_waited_over_night(language)
    counts = tuple(
        msgspec.structs.replace(count, fired=count.status == "resolved")
        for count in overdue.totals.counts
    )
    totals = msgspec.structs.replace(overdue.totals, counts=counts)
    held = Held(since=NOW, until=NOW, totals=totals)
    return msgspec.structs.replace(overdue, totals=totals, held=held)


def one_group_that_came_late(language: str) -> Batch:
    group = three_groups(language=language)[:1]
    late = entries_of(group, received_at=NOW - timedelta(seconds=72))
    return a_batch(Form.FULL, late, alone=True)


def part_of_storm(language: str) -> Batch:
    entries = entries_of(network_storm(language=language))
    whole = a_batch(Form.DIGEST, entries)
    return msgspec.structs.replace(whole, entries=whole.entries[:500])


BATCHES = {
    "merged": lambda language: a_batch(Form.FULL, entries_of(three_groups(language=language))),
    "lines": lines_with_what_ended_while_waiting,
    "digest": lambda language: a_batch(
        Form.DIGEST,
        entries_of(network_storm(language=language), received_at=NOW - timedelta(minutes=2)),
    ),
    "digest-by-examples": part_of_storm,
    "overdue": what_waited_over_night,
    "deferred": what_was_held_back,
    "alone": one_group_that_came_late,
}
PARTS = {"lines": (2, 3), "alone": (1, 2)}


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", BATCHES)
def test_batch_reads_as_its_golden_file(name: str, language: str) -> None:
    batch = BATCHES[name](language)
    rendered = renderer().render_batch(batch, now=NOW, part=PARTS.get(name))
    markdown = rendered.message.markdown
    shown = f"{markdown.title}\n\n----\n\n{markdown.text}\n"
    golden = GOLDEN / language / f"{name}.md"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(shown)
    assert shown == golden.read_text()
    assert rendered.failed is None
    assert rendered.told == len(batch.entries)
    assert len(body(rendered.message, "0" * 36)) <= BODY_LIMIT


def test_every_golden_file_has_its_batch() -> None:
    for language in ("zh", "en"):
        assert {path.stem for path in (GOLDEN / language).glob("*.md")} == set(BATCHES)
