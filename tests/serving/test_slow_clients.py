"""Clients that dawdle or do nothing hold no thread, no place and no memory for long."""

from __future__ import annotations

import threading
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from adapter.clock import SystemClock
from serving.wire import Program, post, request, serving
from support.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serving.wire import Client

pytestmark = [pytest.mark.real, pytest.mark.timed]

THREADS = 4
HALF_A_BODY = request("POST", "/", "Content-Length: 50") + b"x" * 25
BEGINNINGS = {
    "half a header": b"POST / HTTP/1.1\r\nContent-Le",
    "half a body": HALF_A_BODY,
    "half a chunk": request("POST", "/", "Transfer-Encoding: chunked") + b"ff\r\nabc",
}
clock = SystemClock()


@contextmanager
def clients(program: Program, count: int, beginning: bytes) -> Iterator[list[Client]]:
    """Hold so many connections on which only this much was sent."""
    with ExitStack() as stack:
        held = []
        for _ in range(count):
            held.append(stack.enter_context(program.client()))
            held[-1].send(beginning)
        yield held


def seconds_to_answer(program: Program) -> float:
    began = clock.monotonic()
    assert program.ask(post(), within=2).status == 200
    return clock.monotonic() - began


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_a_request_that_does_not_come_whole_holds_nobody_up_and_is_cut_off(
    tmp_path: Path, beginning: str
) -> None:
    with (
        serving(tmp_path / "log", threads=THREADS, arrival_timeout=1.5) as program,
        clients(program, 3 * THREADS, BEGINNINGS[beginning]) as slow,
    ):
        began = clock.monotonic()
        assert seconds_to_answer(program) < 2
        answers = [client.answer() for client in slow]
        assert {answer.status for answer in answers} == {503}
        assert all(client.ended() for client in slow)
        assert 1 < clock.monotonic() - began < 4


def test_a_request_byte_by_byte_has_no_more_time_than_another(tmp_path: Path) -> None:
    with (
        serving(tmp_path / "log", threads=THREADS, arrival_timeout=2) as program,
        clients(program, 3 * THREADS, HALF_A_BODY) as slow,
    ):
        began = clock.monotonic()
        stop = threading.Event()

        def drip() -> None:
            while not stop.wait(0.3):
                for client in slow:
                    try:
                        client.send(b"x")
                    except OSError:
                        return

        dripping = threading.Thread(target=drip)
        dripping.start()
        assert seconds_to_answer(program) < 2
        assert {client.answer().status for client in slow} == {503}
        assert clock.monotonic() - began < 5
        stop.set()
        dripping.join()


def test_silent_connections_hold_nobody_up_and_can_still_be_used(tmp_path: Path) -> None:
    """Go's client opens connections ahead of need; one may be used much later."""
    with (
        serving(tmp_path / "log", threads=THREADS, arrival_timeout=0.5, keepalive=3) as program,
        clients(program, 3 * THREADS, b"") as silent,
    ):
        assert seconds_to_answer(program) < 2
        threading.Event().wait(1.5)  # longer than a request may take to arrive
        assert silent[0].ask(post()).status == 200
        assert all(client.ended() for client in silent)


def test_a_reader_that_never_reads_is_cut_off(tmp_path: Path) -> None:
    with (
        serving(tmp_path / "log", threads=THREADS, arrival_timeout=1) as program,
        clients(program, 2 * THREADS, request("GET", "/large?size=8000000")),
    ):
        assert seconds_to_answer(program) < 2
        wait_until(lambda: open_connections(program) == 0, within=10)


def open_connections(program: Program) -> int:
    """Return how many established connections the service has on its port."""
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    port = f":{program.port:04X}"
    return sum(row[1].endswith(port) and row[3] == "01" for row in rows)


def test_silent_connections_give_way_to_others(tmp_path: Path) -> None:
    with (
        serving(tmp_path / "log", threads=THREADS, max_connections=40) as program,
        ExitStack() as all_,
    ):
        silent = [all_.enter_context(program.client()) for _ in range(100)]
        assert seconds_to_answer(program) < 2
        assert open_connections(program) <= 40
        assert silent[-1].ask(post()).status == 200


def test_slow_requests_give_way_when_every_place_is_taken(tmp_path: Path) -> None:
    with (
        serving(tmp_path / "log", threads=THREADS, max_connections=40) as program,
        clients(program, 40, HALF_A_BODY),
    ):
        assert program.ask(post(), within=5).status == 200


def test_the_heaviest_request_gives_way_when_too_many_bytes_arrive(tmp_path: Path) -> None:
    mebibyte = 1024 * 1024
    head = request("POST", "/", f"Content-Length: {2 * mebibyte}")
    sizes = {"threads": THREADS, "max_body": 2 * mebibyte, "max_buffered": 4 * mebibyte}
    with (
        serving(tmp_path / "log", **sizes) as program,
        clients(program, 12, head + b"x" * (mebibyte - len(head))) as large,
    ):
        assert program.ask(post(b"x" * 1000), within=2).status == 200
        statuses = []
        for client in large:
            try:
                client.send(b"x" * mebibyte + b"x" * len(head))
                statuses.append(client.answer().status)
            except (OSError, EOFError):
                statuses.append(0)
        assert statuses.count(503) >= 6
        assert statuses.count(200) >= 1
        assert memory(program) < 120 * mebibyte


def memory(program: Program) -> int:
    """Return the most memory that the worker ever had, in bytes."""
    status = Path(f"/proc/{program.worker()}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024
