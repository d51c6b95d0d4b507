"""Swaps of shifts are kept on either database, each once, with who made and undid it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from adapter.core.audit import By
from adapter.core.swaps import Swap
from support.clock import START
from support.outbox_contract import MINUTE, purge

if TYPE_CHECKING:
    from adapter.outbox import History, Outbox

HOUR = timedelta(hours=1)
LEE = Swap(
    schedule="sre", person="lee", starts_at=START, ends_at=START + HOUR,
    who="boss", decided_at=START,
)  # fmt: skip


def test_a_swap_is_kept_until_it_is_undone(outbox: Outbox, history: History) -> None:
    outbox.swap(LEE)
    outbox.swap(msgspec.structs.replace(LEE, who="somebody who taps again"))
    outbox.swap(msgspec.structs.replace(LEE, person="zhang"))
    assert outbox.swaps() == [
        msgspec.structs.replace(LEE, id=1),
        msgspec.structs.replace(LEE, id=2, person="zhang"),
    ]
    assert outbox.undo_swap(1, by=By("zhang", START + MINUTE))
    assert not outbox.undo_swap(1, by=By("zhang", START + MINUTE))
    assert [swap.person for swap in history.swaps()] == ["zhang"]
    outbox.swap(LEE)
    assert [swap.person for swap in outbox.swaps()] == ["zhang", "lee"]


def test_who_did_it_is_on_record(outbox: Outbox, history: History) -> None:
    outbox.swap(LEE)
    outbox.undo_swap(1, by=By("zhang", START + MINUTE))
    found = history.newest_decisions(9)
    assert [(each.who, each.action, each.at) for each in found] == [
        ("zhang", "undo", START + MINUTE),
        ("boss", "swap", START),
    ]
    assert {each.subject for each in found} == {"sre: lee 2026-11-23T20:00Z/2026-11-23T21:00Z"}


def test_what_is_long_over_is_forgotten(outbox: Outbox) -> None:
    outbox.swap(LEE)
    purge(outbox, before=START + 2 * HOUR, dead_before=START + HOUR)
    assert outbox.swaps()
    purge(outbox, before=START + 2 * HOUR, dead_before=START + 2 * HOUR)
    assert not outbox.swaps()
