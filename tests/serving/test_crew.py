"""The crew survives whatever befalls one request of a batch."""

from __future__ import annotations

import logging
import os
import socket
import threading
from typing import TYPE_CHECKING, cast

from gunicorn.config import Config
from gunicorn.glogging import Logger

from adapter.serving.arrival import Arrival, Arrived, Limits
from adapter.serving.connection import Connection
from adapter.serving.crew import Crew
from adapter.serving.exchange import Reply
from adapter.serving.together import Together
from support.clock import FakeClock

if TYPE_CHECKING:
    from adapter.serving.exchange import Exchange, Finish, Peer


class Faulty:
    """Answer with what was asked, and fail where the request says so."""

    def __init__(self) -> None:
        self.go_on = threading.Event()

    def begin(self, arrived: Arrived, peer: Peer, *, closing: bool) -> Finish:
        del peer, closing
        self.go_on.wait(10)
        if arrived.data == b"POST begin":
            raise SystemExit

        def finish() -> Reply:
            if arrived.data == b"POST finish":
                raise MemoryError
            return Reply(arrived.data, close=False)

        return finish


def test_what_fails_closes_its_own_connection_and_no_other() -> None:
    exchange, (reading, writing) = Faulty(), os.pipe()
    log = Logger(Config())
    log.error_log = logging.getLogger("crew")
    crew = Crew(
        cast("Exchange", exchange), FakeClock(), log, writing, together=Together((b"POST",))
    )
    crew.start(1)
    asked = (b"POST 1", b"POST begin", b"POST 2", b"POST finish", b"POST 3")
    pairs = [socket.socketpair() for _ in asked]
    connections = [Connection(here, "", "", Arrival(Limits()), 0) for here, _ in pairs]
    for connection, data in zip(connections, asked, strict=True):
        crew.submit(connection, Arrived(data, None, last=False))
    crew.flush()
    exchange.go_on.set()
    for number in (0, 2, 4):
        pairs[number][1].settimeout(10)
        assert pairs[number][1].recv(100) == asked[number]
    os.read(reading, 1)
    back = {id(connection) for connection, _ in crew.returned()}
    assert {id(connections[1]), id(connections[3])} == back
    assert connections[1].closing
    assert connections[3].closing
    crew.submit(connections[0], Arrived(b"POST 4", None, last=False))
    crew.flush()
    assert pairs[0][1].recv(100) == b"POST 4"
    assert crew.held in {0, len(b"POST 4")}  # its thread may be about to count it
    for pair in pairs:
        for end in pair:
            end.close()
    os.close(reading)
    os.close(writing)
