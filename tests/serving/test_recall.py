"""What is recalled of a head is what gunicorn would make of it anew."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from gunicorn.config import Config
from gunicorn.glogging import Logger
from hypothesis import given
from hypothesis import strategies as st

from adapter.serving.arrival import Arrival, Limits, Verdict
from adapter.serving.exchange import Exchange
from adapter.serving.recall import HEAD_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIEnvironment

    from adapter.serving.recall import Recollection


LENGTH = "\x01"
"""Stands in a head where the length comes."""


class Peer:
    """Stand for a connection."""

    def __init__(self, address: str = "198.51.100.7") -> None:
        self.client: object = (address, 40_000)
        self.server: object = ("127.0.0.1", 8060)
        self.environ: Mapping[str, str] = {"SSL_CLIENT_VERIFY": "NONE"}
        self.recollection: Recollection | None = None


class Echo:
    """Note what an application is told, and answer with the body."""

    def __init__(self) -> None:
        self.told: list[tuple[dict[str, Any], bytes]] = []
        config = Config()
        log = Logger(config)
        log.error_log = logging.getLogger("recall")
        self.exchange = Exchange(self, config, log, max_body=1000)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        body = environ["wsgi.input"].read()
        own = {"wsgi.input", "wsgi.errors"}
        self.told.append(({key: environ[key] for key in environ.keys() - own}, body))
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]

    def ask(self, peer: Peer, data: bytes) -> tuple[bytes, bool]:
        """Return the answer without its date, and whether the connection closes."""
        arrival = Arrival(Limits(body=1000))
        arrival.feed(data)
        assert arrival.verdict() is Verdict.WHOLE
        reply = self.exchange.begin(arrival.take(), peer, closing=False)()
        lines = [line for line in reply.data.split(b"\r\n") if not line.startswith(b"Date:")]
        return b"\r\n".join(lines), reply.close


words = st.text("abcXYZ-09", min_size=1, max_size=8).filter(lambda word: word[0].isalpha())
values = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
names = st.sampled_from(["Content-Length", "content-length", "CONTENT-LENGTH"])
heads = st.builds(
    lambda method, path, version, fields, name, at: (
        f"{method} /{path} HTTP/{version}\r\nHost: adapter\r\n"
        + "".join(f"X-{key}: {value}\r\n" for key, value in fields[:at])
        + f"{name}: {LENGTH}\r\n"
        + "".join(f"X-{key}: {value}\r\n" for key, value in fields[at:])
        + "\r\n"
    ),
    st.sampled_from(["POST", "PUT", "GET", "HEAD"]),
    st.sampled_from(["", "alertmanager", "alertmanager?source=a", "a%20b/%E5%80%BC"]),
    st.sampled_from(["1.1", "1.0"]),
    st.lists(st.tuples(words, values), max_size=4, unique_by=lambda field: field[0].lower()),
    names,
    st.integers(0, 4),
)
bodies = st.binary(max_size=40)


def framed(head: str, body: bytes) -> bytes:
    return head.replace(LENGTH, str(len(body))).encode("latin-1") + body


@given(st.lists(heads, min_size=1, max_size=3), st.data())
def test_a_kept_connection_is_told_what_a_new_one_is(heads: list[str], data: st.DataObject) -> None:
    echo, kept = Echo(), Peer()
    for head, body in data.draw(st.lists(st.tuples(st.sampled_from(heads), bodies), max_size=8)):
        request = framed(head, body)
        assert echo.ask(kept, request) == echo.ask(Peer(), request)
        assert echo.told[-2] == echo.told[-1]


def test_a_head_that_comes_again_is_not_parsed_again() -> None:
    echo, peer = Echo(), Peer()
    echo.ask(peer, framed(f"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {LENGTH}\r\n\r\n", b"1"))
    first = peer.recollection
    assert first is not None
    echo.ask(
        peer, framed(f"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {LENGTH}\r\n\r\n", b"x" * 100)
    )
    assert peer.recollection is first
    echo.ask(peer, framed(f"POST / HTTP/1.1\r\nHost: b\r\nContent-Length: {LENGTH}\r\n\r\n", b"1"))
    assert peer.recollection is not first
    assert [told["HTTP_HOST"] for told, _ in echo.told] == ["a", "a", "b"]


def test_a_long_head_is_not_kept() -> None:
    echo, peer = Echo(), Peer()
    long = f"X-Long: {'x' * HEAD_LIMIT}\r\n"
    echo.ask(peer, framed(f"POST / HTTP/1.1\r\n{long}Content-Length: {LENGTH}\r\n\r\n", b"1"))
    assert peer.recollection is None


def test_the_body_of_the_first_is_not_kept() -> None:
    echo, peer = Echo(), Peer()
    echo.ask(peer, framed(f"POST / HTTP/1.1\r\nContent-Length: {LENGTH}\r\n\r\n", b"body" * 200))
    assert peer.recollection is not None
    assert peer.recollection.request.unreader.read() == b""
