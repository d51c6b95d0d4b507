"""What every store must do with what a digest told: settle it in slices, and exactly once."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from sqlalchemy import select

from adapter.core.delivery import Idle
from adapter.core.priority import Priority
from adapter.core.turn import Turn
from adapter.outbox import digests
from adapter.outbox.rows import to_delivery
from adapter.outbox.tables import deliveries, totals
from adapter.outbox.weighing import count_key
from support.alerts import make_alert, make_delivery
from support.announced_contract import known
from support.clock import START
from support.outbox_contract import (
    MINUTE,
    REFUSED,
    alerts_of,
    ask,
    digest_of,
    entries_of,
    launch_of,
    put,
    settle,
    take,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row

    from adapter.core.delivery import Delivery
    from adapter.outbox import Outbox


def warning(number: int, *, of: int = 1, name: str = "", key: str = "") -> Delivery:
    alerts = [
        make_alert(name or f"A{number % 2}", severity="warning", instance=f"{number} {index}")
        for index in range(of)
    ]
    return make_delivery(*alerts, key=key or str(number))


def told(outbox: Outbox, number: int) -> Turn:
    """Let so many deliveries wait and a digest tell them; return its turn."""
    for each in range(number):
        put(outbox, warning(each))
    turn = take(outbox)
    assert outbox.launch(turn, digest_of(turn), now=START)
    assert settle(outbox, turn, "d-1")
    return turn


def finish(outbox: Outbox) -> Turn | None:
    """Ask until there is something to send, or nothing."""
    while isinstance(found := ask(outbox), Idle) and found.until == START:
        count_the_queue(outbox)
    count_rightly(outbox)
    return found if isinstance(found, Turn) else None


def count_rightly(outbox: Outbox) -> None:
    """Require that the sums and the queue tell exactly what waits."""
    rows = count_the_queue(outbox)
    waits: Counter[tuple[str, ...]] = Counter()
    for row in rows:
        delivery = to_delivery(row.payload)
        gone = int(row.told or "0", 16)
        for index, alert in enumerate(delivery.group.alerts):
            if not gone >> index & 1:
                waits[tuple(map(str, count_key(delivery, alert)))] += 1
    key = [column.name for column in totals.primary_key.columns]
    summed = {
        tuple(str(getattr(row, name)) for name in key): row.alerts
        for row in outbox._read(select(totals))  # noqa: SLF001  # same
    }
    assert summed == dict(waits)


def count_the_queue(outbox: Outbox) -> Sequence[Row[Any]]:
    """Require that the queue tells exactly what waits; return it."""
    rows = outbox._read(select(deliveries).where(deliveries.c.state == "pending"))  # noqa: SLF001  # no other way to see it
    assert sum(lane for of in outbox.lanes().values() for lane in of.values()) == len(rows)
    assert outbox.waiting() == outbox.count_waiting() == len(rows)
    return rows


class DigestsContract:
    """The claims of a store about digests of very much."""

    @pytest.fixture(autouse=True)
    def _small_slices(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(digests, "SLICE", 2)
        monkeypatch.setattr(digests, "NEWER", 2)

    def test_what_a_digest_told_is_settled_slice_by_slice(self, outbox: Outbox) -> None:
        told(outbox, 5)
        assert outbox.waiting() == 3
        assert ask(outbox) == Idle(START), "it is looked at again at once, after others"
        assert outbox.waiting() == 1
        assert finish(outbox) is None
        assert outbox.waiting() == 0
        assert ask(outbox) == Idle(None)

    def test_a_digest_of_just_as_many_as_a_slice_holds_ends_too(self, outbox: Outbox) -> None:
        told(outbox, 2)
        assert finish(outbox) is None

    def test_what_is_newer_is_read_a_little_at_a_time(
        self, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(digests, "NEWER_ALERTS", 3)
        told(outbox, 5)
        for number in range(7):
            put(outbox, warning(10 + number, of=2, name=f"B{number % 3}"))
        turn = finish(outbox)
        assert turn is not None
        assert alerts_of(turn.totals) == 14

    def test_names_beyond_a_slice_are_counted_rightly_too(self, outbox: Outbox) -> None:
        for number in range(7):
            put(outbox, warning(number, name=f"A{number}"))
        turn = take(outbox)
        assert outbox.launch(turn, digest_of(turn), now=START)
        assert settle(outbox, turn, "d-1")
        for number in range(40):  # between any two slices
            put(outbox, warning(100 + number, name=f"A{number * 3 % 9}"))
            found = ask(outbox, token="another")
            if isinstance(found, Turn):
                outbox.give_back(found)
        after = finish(outbox)
        assert after is not None
        assert alerts_of(after.totals) == 40

    def test_nothing_is_told_before_all_of_it_is_settled(self, outbox: Outbox) -> None:
        told(outbox, 5)
        put(outbox, make_delivery(make_alert("High"), key="h", priority=Priority.HIGH))
        assert ask(outbox, token="another") == Idle(START)
        turn = finish(outbox)
        assert turn is not None
        assert [entry.alert.name for entry in entries_of(turn)] == ["High"]

    def test_another_robot_is_not_held_up(self, outbox: Outbox) -> None:
        told(outbox, 5)
        put(outbox, make_delivery(robot="db"))
        assert isinstance(ask(outbox, "db"), Turn)

    def test_what_comes_between_two_slices_still_waits(self, outbox: Outbox) -> None:
        for number in range(5):
            put(outbox, warning(number))
        turn = take(outbox)
        outbox.launch(turn, digest_of(turn), now=START)
        put(outbox, warning(10, key="before"))
        settle(outbox, turn, "d-1")
        put(outbox, warning(11, key="between"))
        after = finish(outbox)
        assert after is not None
        assert [entry.delivery.group.group_key for entry in entries_of(after)] == [
            "before",
            "between",
        ]
        assert alerts_of(after.totals) == 2

    def test_what_had_been_told_in_part_is_counted_out_in_part(self, outbox: Outbox) -> None:
        put(outbox, warning(0, of=3), warning(1, of=2), warning(2))
        turn = take(outbox)
        outbox.launch(turn, launch_of(entries_of(turn)[:2]), now=START)
        settle(outbox, turn, "m-1")
        turn = take(outbox)
        outbox.launch(turn, digest_of(turn), now=START)
        settle(outbox, turn, "d-1")
        assert finish(outbox) is None

    def test_all_of_it_is_announced_once_it_is_settled(self, outbox: Outbox) -> None:
        told(outbox, 5)
        alerts = [warning(number).group.alerts[0] for number in range(5)]
        assert finish(outbox) is None
        assert known(outbox, *alerts) == [True] * 5

    def test_a_message_of_another_token_waits_until_it_is_settled(self, outbox: Outbox) -> None:
        put(outbox, make_delivery(make_alert("High"), key="h", priority=Priority.HIGH))
        for number in range(5):
            put(outbox, warning(number))
        high = take(outbox)
        assert outbox.launch(high, launch_of(entries_of(high)[:1], "m-1"), now=START)
        other = ask(outbox, token="another")
        assert isinstance(other, Turn)
        digest = msgspec.structs.replace(digest_of(other), entries=())
        assert outbox.launch(other, digest, now=START)
        assert settle(outbox, other, "d-1")
        assert outbox.waiting() == 4
        put(outbox, warning(9))
        assert settle(outbox, high, "m-1")
        assert outbox.waiting() == 1
        count_rightly(outbox)

    def test_what_is_told_already_cannot_be_discarded_or_tried_again(self, outbox: Outbox) -> None:
        put(outbox, warning(0))
        for name in ("m-1", "m-2"):
            turn = take(outbox, now=START)
            outbox.launch(turn, launch_of(entries_of(turn), name), now=START)
            settle(outbox, turn, name, REFUSED)
        assert outbox.dead() == {"ops": 1}
        for number in range(1, 6):
            put(outbox, warning(number))
        turn = take(outbox)
        outbox.launch(turn, digest_of(turn), now=START)
        settle(outbox, turn, "d-1")
        last = max(number for number, _, _ in outbox.recent(1))
        put(outbox, warning(7))
        newer = [str(last + 1)]
        for changed in (
            outbox.retry(["1"]),
            outbox.discard([str(last)], now=START),
            outbox.discard(newer, now=START),
        ):
            assert not changed.done
            assert "once that is settled" in changed.problems[0]
        after = finish(outbox)
        assert after is not None
        outbox.give_back(after)
        assert outbox.discard(newer, now=START).done == tuple(newer)
        assert outbox.retry(["1"]).done == ("1",)
        count_rightly(outbox)
        assert alerts_of(take(outbox, now=START + MINUTE).totals) == 1
