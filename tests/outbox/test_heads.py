"""Heads: a row is decoded once as long as it says the same, and not too many are kept."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from adapter.outbox.compression import compress
from adapter.outbox.heads import Heads
from adapter.outbox.rows import to_delivery
from support.alerts import make_alert, make_delivery

DELIVERY = make_delivery(make_alert("A"), make_alert("B"))
PAYLOAD = msgspec.json.encode(DELIVERY)


def row(number: int = 1, /, **changes: object) -> Any:  # noqa: ANN401  # as SQLAlchemy's rows
    """Return a row of a delivery that waits; its bytes are not those of another one."""
    said: dict[str, object] = {
        "id": number,
        "payload": bytes(bytearray(PAYLOAD)),
        "alerts": 2,
        "told": None,
        "times": 1,
        "suspect": 0,
        "priority": 0,
        "received_at": 0,
    }
    return SimpleNamespace(**{**said, **changes})


def test_a_row_that_says_the_same_is_decoded_once() -> None:
    heads = Heads()
    assert heads.waiting(row()) is heads.waiting(row())
    assert heads.waiting(row()).delivery == to_delivery(PAYLOAD)


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        ({"told": "1"}, "left", (1,)),
        ({"suspect": 4}, "suspect", 4),
        ({"priority": 1}, "priority", 1),
        ({"id": 7}, "id", 7),
    ],
)
def test_a_row_that_says_something_else_is_decoded_anew(
    changes: dict[str, object], field: str, value: object
) -> None:
    heads = Heads()
    heads.waiting(row())
    assert getattr(heads.waiting(row(**changes)), field) == value


def test_the_same_number_in_another_store_is_another_row() -> None:
    heads = Heads()
    other = msgspec.json.encode(make_delivery(make_alert("C"), make_alert("D")))
    for payload in (PAYLOAD, other, PAYLOAD):
        assert heads.waiting(row(payload=payload)).delivery == to_delivery(payload)


def test_how_often_in_a_row_a_group_came_is_told_as_it_is_now() -> None:
    heads = Heads()
    heads.waiting(row())
    assert heads.waiting(row(times=3)).delivery.group.times == 3


def test_what_was_asked_for_least_recently_is_forgotten() -> None:
    heads = Heads(most=2 * len(PAYLOAD))
    first, second = heads.waiting(row(1)), heads.waiting(row(2))
    assert heads.waiting(row(1)) is first
    heads.waiting(row(3))
    assert heads.waiting(row(1)) is first
    assert heads.waiting(row(2)) is not second


def test_what_counts_is_how_large_it_was_before_it_was_compressed() -> None:
    large = msgspec.json.encode(make_delivery(*(make_alert(f"A{index}") for index in range(100))))
    kept = row(payload=compress(large), alerts=100)
    assert len(kept.payload) * 4 < len(large)
    assert (heads := Heads(most=len(large))).waiting(kept) is heads.waiting(kept)
    assert (heads := Heads(most=len(large) - 1)).waiting(kept) is not heads.waiting(kept)


def test_what_is_larger_than_all_that_may_be_kept_is_not_kept() -> None:
    heads = Heads(most=1)
    assert heads.waiting(row()) is not heads.waiting(row())


def test_what_cannot_be_read_is_told_each_time() -> None:
    heads = Heads()
    for _ in range(2):
        with pytest.raises(msgspec.MsgspecError):
            heads.waiting(row(payload=b"{"))
