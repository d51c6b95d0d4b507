"""Requests that wait for the same are begun before any is answered, by one thread."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from serving.wire import post, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from serving.wire import Client, Program

pytestmark = pytest.mark.real

BUSY = post(b"", "/?seconds=0.3")
"""Keeps the one thread, so that what comes meanwhile is there at once."""


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    with serving(tmp_path / "log", threads=1, together=["POST /together"]) as program:
        yield program


def asked(program: Program, stack: ExitStack, *requests: bytes) -> list[Client]:
    """Send each request by a client of its own while the thread is busy."""
    keeper = stack.enter_context(program.client())
    keeper.send(BUSY)
    clients = [stack.enter_context(program.client()) for _ in requests]
    for client, data in zip(clients, requests, strict=True):
        client.send(data)
    assert keeper.answer().status == 200
    return clients


def test_all_begin_before_one_is_answered(program: Program) -> None:
    with ExitStack() as stack:
        clients = asked(program, stack, *[post(b"{}", "/together?of=5")] * 5)
        assert [client.answer().body for client in clients] == [b"5"] * 5
        assert clients[0].ask(post(b"{}", "/together?of=6")).body == b"6"


def test_other_requests_wait_for_their_own_turn(program: Program) -> None:
    with ExitStack() as stack:
        late, other = post(b"{}", "/together?of=2"), post(b"123")
        first, alone, second = asked(program, stack, late, other, late)
        assert [first.answer().body, second.answer().body] == [b"2", b"2"]
        assert alone.answer().json()["size"] == 3


def test_one_that_fails_leaves_the_others_their_answers(program: Program) -> None:
    with ExitStack() as stack:
        good, bad = post(b"{}", "/together?of=3"), post(b"{}", "/together?of=9")
        clients = asked(program, stack, good, bad, good)
        assert [client.answer().status for client in clients] == [200, 500, 200]
        assert clients[2].ask(post(b"{}", "/together?of=4")).body == b"4"


def test_one_connection_is_answered_in_order(program: Program) -> None:
    """A pipelined request begins when the one before it is answered."""
    with program.client() as client:
        client.send(b"".join(post(b"{}", f"/together?of={number}") for number in range(1, 40)))
        assert [int(client.answer().body) for _ in range(1, 40)] == list(range(1, 40))


def test_more_than_a_batch_is_answered_too(program: Program) -> None:
    with ExitStack() as stack:
        clients = asked(program, stack, *[post(b"{}", "/together?of=16")] * 40)
        counts = sorted(int(client.answer().body) for client in clients)
        assert counts == [16] * 16 + [32] * 16 + [40] * 8
