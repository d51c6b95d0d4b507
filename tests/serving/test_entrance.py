"""The entrance: what becomes of connections that the kernel is making while it closes."""

from __future__ import annotations

import ctypes
import errno
import logging
import select
import selectors
import socket
import struct
from contextlib import ExitStack
from typing import TYPE_CHECKING, cast

import pytest

from adapter.serving.entrance import Entrance

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gunicorn.glogging import Logger

pytestmark = pytest.mark.real

ATTACH_FILTER = 26
DETACH_FILTER = 27
WITHIN = 5
"""Seconds; Linux repeats the packets of a handshake after one."""


class House:
    """Hold an entrance with one listener, and who was welcomed."""

    def __init__(self, stack: ExitStack, listener: socket.socket) -> None:
        self.welcomed: list[socket.socket] = []
        self.address = listener.getsockname()
        self._stack = stack
        self._selector = stack.enter_context(selectors.DefaultSelector())
        log = cast("Logger", logging.getLogger(__name__))
        self.entrance = Entrance(self._selector, self._welcome, lambda: True, log)
        listener.setblocking(False)
        self.entrance.add([listener])
        self.entrance.open()

    def _welcome(self, sock: socket.socket, _client: object, _server: object) -> None:
        self.welcomed.append(self._stack.enter_context(sock))

    def turn(self) -> None:
        for key, _ in self._selector.select(WITHIN):
            key.data()


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def listener(stack: ExitStack) -> socket.socket:
    return stack.enter_context(socket.create_server(("127.0.0.1", 0)))


def begin(house: House, stack: ExitStack, *, deaf: bool = False) -> socket.socket:
    """Begin to connect; a deaf client does not hear the answer to its first packet."""
    client = stack.enter_context(socket.socket())
    client.setblocking(False)
    if deaf:
        nothing = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0))
        program = struct.pack("HP", 1, ctypes.addressof(nothing))
        client.setsockopt(socket.SOL_SOCKET, ATTACH_FILTER, program)
    assert client.connect_ex(house.address) == errno.EINPROGRESS
    return client


def outcome(client: socket.socket) -> int:
    """Wait until a client is connected or knows why not; return the error, 0 for none."""
    assert select.select([], [client], [], WITHIN)[1]
    return client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)


def test_a_connection_half_made_is_finished_after_newcomers_are_kept_out(
    stack: ExitStack, listener: socket.socket
) -> None:
    house = House(stack, listener)
    client = begin(house, stack, deaf=True)
    house.entrance.keep_out()
    client.setsockopt(socket.SOL_SOCKET, DETACH_FILTER, 0)
    assert outcome(client) == 0
    client.sendall(b"hello")
    house.turn()
    house.entrance.remove()
    assert [each.recv(5) for each in house.welcomed] == [b"hello"]


def test_a_newcomer_is_not_let_in_but_refused_in_the_end(
    stack: ExitStack, listener: socket.socket
) -> None:
    house = House(stack, listener)
    house.entrance.keep_out()
    late = begin(house, stack)
    house.entrance.remove()
    assert outcome(late) == errno.ECONNREFUSED
    assert house.welcomed == []


def test_the_next_worker_lets_newcomers_in_again(stack: ExitStack, listener: socket.socket) -> None:
    before = House(stack, stack.enter_context(listener.dup()))
    before.entrance.keep_out()
    before.entrance.remove()
    house = House(stack, listener)
    client = begin(house, stack)
    assert outcome(client) == 0
    house.turn()
    assert len(house.welcomed) == 1
