"""What every store must do for a thread that begins several things before it waits for any."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine, event

from adapter.outbox import Accepted
from adapter.outbox.writing import each
from support.alerts import make_delivery
from support.clock import START
from support.outbox_contract import MINUTE, WINDOW

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from adapter.outbox import Outbox
    from adapter.outbox.enqueuing import Enqueued


def begin(outbox: Outbox, *keys: str) -> list[Enqueued]:
    """Begin a webhook of each of these groups."""
    deliveries = [make_delivery(key=key) for key in keys]
    return [outbox.begin([one], now=START, dedup_window=WINDOW) for one in deliveries]


@contextmanager
def commits() -> Iterator[list[Connection]]:
    """Collect what is committed meanwhile."""
    seen: list[Connection] = []

    def note(connection: Connection) -> None:
        seen.append(connection)

    event.listen(Engine, "commit", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "commit", note)


def fail(_connection: Connection) -> None:
    raise ValueError("a bug")


class TogetherContract:
    """Begin, then wait."""

    def test_what_a_thread_begins_shares_a_commit(self, outbox: Outbox) -> None:
        with commits() as seen:
            begun = begin(outbox, "a", "b", "c")
            assert outbox.waiting() == 0
            assert [each.wait() for each in begun] == [Accepted(1, 0)] * 3
        assert len(seen) == 1
        assert outbox.waiting() == 3

    def test_of_two_that_tell_the_same_one_is_new(self, outbox: Outbox) -> None:
        begun = begin(outbox, "a", "b", "a")
        assert [each.wait() for each in begun] == [Accepted(1, 0), Accepted(1, 0), Accepted(0, 1)]
        assert outbox.queue()["ops"].pending == 2

    def test_they_may_be_waited_for_in_any_order(self, outbox: Outbox) -> None:
        first, second = begin(outbox, "a", "a")
        assert second.wait() == Accepted(0, 1)
        assert first.wait() == Accepted(1, 0)

    def test_one_that_fails_harms_no_other(self, outbox: Outbox) -> None:
        [first] = begin(outbox, "a")
        broken = outbox._writer.begin(each, fail)  # noqa: SLF001  # the store has none that fails
        [last] = begin(outbox, "b")
        assert first.wait() == Accepted(1, 0)
        with pytest.raises(ValueError, match="a bug"):
            broken.wait()
        assert last.wait() == Accepted(1, 0)
        assert outbox.queue()["ops"].pending == 2

    def test_what_is_done_at_once_comes_after_what_was_begun(self, outbox: Outbox) -> None:
        [first] = begin(outbox, "a")
        again = outbox.enqueue([make_delivery(key="a")], now=START + MINUTE, dedup_window=WINDOW)
        assert (first.wait(), again) == (Accepted(1, 0), Accepted(0, 1))
