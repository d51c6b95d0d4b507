"""The crew survives whatever befalls one request of a batch."""

from __future__ import annotations

import logging
import os
import socket
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import pytest
from gunicorn.config import Config
from gunicorn.glogging import Logger

from adapter.serving.arrival import Arrival, Arrived, Limits
from adapter.serving.connection import Connection
from adapter.serving.crew import Crew
from adapter.serving.exchange import Reply
from adapter.serving.together import Together
from support.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from adapter.serving.exchange import Exchange, Finish, Peer


class Faulty:
    """Answer with what was asked, and fail where the request says so."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.begun: list[bytes] = []

    def begin(self, arrived: Arrived, peer: Peer, *, closing: bool) -> Finish:
        del peer, closing
        self.begun.append(arrived.data)
        self.go_on.wait(10)
        if arrived.data == b"POST begin":
            raise SystemExit

        def finish() -> Reply:
            if arrived.data == b"POST finish":
                raise MemoryError
            return Reply(arrived.data, close=False)

        return finish


@dataclass
class Served:
    """Hold a crew of one thread, and what it answers with."""

    exchange: Faulty
    crew: Crew
    pipe: int
    ends: list[socket.socket]

    def ask(self, data: bytes) -> tuple[Connection, socket.socket]:
        """Submit a request of a new connection; return it and the client's end."""
        here, there = socket.socketpair()
        there.settimeout(10)
        self.ends += [here, there]
        connection = Connection(here, "", "", Arrival(Limits()), 0)
        self.crew.submit(connection, Arrived(data, None, last=False))
        return connection, there


@pytest.fixture
def served() -> Iterator[Served]:
    exchange, (reading, writing) = Faulty(), os.pipe()
    log = Logger(Config())
    log.error_log = logging.getLogger("crew")
    together = Together((b"POST",))
    crew = Crew(cast("Exchange", exchange), FakeClock(), log, writing, together=together)
    crew.start(1)
    served = Served(exchange, crew, reading, [])
    yield served
    exchange.go_on.set()
    for end in served.ends:
        end.close()
    os.close(reading)
    os.close(writing)


def test_what_fails_closes_its_own_connection_and_no_other(served: Served) -> None:
    asked = (b"POST 1", b"POST begin", b"POST 2", b"POST finish", b"POST 3")
    clients = [served.ask(data) for data in asked]
    served.crew.flush()
    served.exchange.go_on.set()
    for number in (0, 2, 4):
        assert clients[number][1].recv(100) == asked[number]
    os.read(served.pipe, 1)
    broken = [clients[1][0], clients[3][0]]
    assert [connection for connection, _ in served.crew.returned()] == broken
    assert all(connection.closing for connection in broken)
    _, last = served.ask(b"POST 4")
    served.crew.flush()
    assert last.recv(100) == b"POST 4"
    assert served.crew.held in {0, len(b"POST 4")}  # its thread may be about to count it


def test_batches_without_end_leave_others_their_turn(served: Served) -> None:
    _, first = served.ask(b"POST 1")
    served.crew.flush()
    while not served.exchange.begun:
        pass
    _, second = served.ask(b"POST 2")
    _, other = served.ask(b"GET 3")
    served.crew.flush()
    served.exchange.go_on.set()
    assert (first.recv(9), other.recv(9), second.recv(9)) == (b"POST 1", b"GET 3", b"POST 2")
    assert served.exchange.begun == [b"POST 1", b"GET 3", b"POST 2"]
