"""The laws of arrival: pieces do not matter, nothing is lost, gunicorn's parser agrees."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from gunicorn.config import Config
from gunicorn.http.errors import NoMoreData, ParseException
from gunicorn.http.message import Request
from gunicorn.http.unreader import IterUnreader
from hypothesis import given
from hypothesis import strategies as st

from adapter.serving.arrival import READ_AHEAD, Arrival, Arrived, Fault, Limits, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

LIMITS = Limits(head=300, body=50, discarded=2000)
ROOMY = Limits()
CLIENT = "198.51.100.7"


def arrivals(pieces: Iterable[bytes], limits: Limits = LIMITS) -> tuple[list[Arrived], bytes]:
    """Return the requests in these pieces, and what is held of one that is not whole."""
    arrival = Arrival(limits)
    taken = []
    for piece in pieces:
        arrival.feed(piece)
        while arrival.verdict() is Verdict.WHOLE:
            taken.append(arrival.take())
    return taken, bytes(arrival._buffer)  # noqa: SLF001  # the law is about what is held


def decisions(pieces: Iterable[bytes]) -> list[tuple[Fault | None, bool, bytes]]:
    """Return what was decided; a refused request may be handed over earlier or later."""
    taken, _ = arrivals(pieces)
    refused = {Fault.MALFORMED, Fault.HEAD_TOO_LARGE}
    return [(one.fault, one.last, b"" if one.fault in refused else one.data) for one in taken]


def post(body: bytes, *headers: bytes) -> bytes:
    lines = [b"POST /alertmanager HTTP/1.1", b"Host: adapter", *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def sized(body: bytes) -> bytes:
    return post(body, b"Content-Length: %d" % len(body))


def chunked(*chunks: bytes, extension: bytes = b"", trailer: bytes = b"") -> bytes:
    framed = b"".join(b"%x%s\r\n%s\r\n" % (len(one), extension, one) for one in chunks if one)
    return post(framed + b"0\r\n" + trailer + b"\r\n", b"Transfer-Encoding: chunked")


bodies = st.binary(max_size=120)
chunks = st.lists(st.binary(min_size=1, max_size=40), max_size=5)
proper = st.one_of(
    bodies.map(sized),
    st.just(post(b"")),
    st.just(b"GET / HTTP/1.0\r\n\r\n"),
    st.builds(
        lambda parts, extension, trailer: chunked(*parts, extension=extension, trailer=trailer),
        chunks,
        st.sampled_from([b"", b";a", b' ; a="b"']),
        st.sampled_from([b"", b"X-Sum: 1\r\n", b"A: b\r\nC: d\r\n"]),
    ),
)
scraps = st.sampled_from(
    [
        b"\r\n",
        b"\n",
        b"\r",
        b"GET / HTTP/1.1\r\n",
        b"POST /x HTTP/1.1\r\n",
        b"Content-Length: 5\r\n",
        b"Content-Length: 5, 5\r\n",
        b"content-length:  0007 \r\n",
        b"Content-Length: " + b"9" * 30 + b"\r\n",
        b"Content-Length : 3\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: gzip, chunked\r\n",
        b"Transfer-Encoding: identity\r\n",
        b"Transfer-Encoding: chunked, chunked\r\n",
        b"Expect: 100-continue\r\n",
        b"Expect: bread\r\n",
        b"X: " + b"y" * 120 + b"\r\n",
        b"0\r\n",
        b"5\r\nhello\r\n",
        b"5 ;x\r\nhello\r\n",
        b"zz\r\n",
        b"28\r\n" + b"b" * 40 + b"\r\n",
        b"hello",
    ]
)
streams = st.one_of(
    st.lists(proper, min_size=1, max_size=4).map(b"".join),
    st.lists(scraps, min_size=1, max_size=10).map(b"".join),
    st.lists(st.one_of(proper, scraps, st.binary(max_size=8)), max_size=5).map(b"".join),
)


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    marks = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
    return [stream[start:end] for start, end in itertools.pairwise(marks)]


@given(streams, st.lists(st.integers(0, 10_000), max_size=6))
def test_pieces_do_not_change_the_decision(stream: bytes, places: list[int]) -> None:
    assert decisions(cut(stream, places)) == decisions([stream])
    assert decisions(stream[i : i + 1] for i in range(len(stream))) == decisions([stream])


@given(st.lists(proper, min_size=1, max_size=5), st.lists(st.integers(0, 10_000), max_size=6))
def test_pipelined_requests_come_out_one_by_one_and_no_byte_is_lost(
    requests: list[bytes], places: list[int]
) -> None:
    beginning = b"POST / HTTP/1.1\r\nContent-Le"
    taken, held = arrivals(cut(b"".join(requests) + beginning, places), ROOMY)
    assert [one.data for one in taken] == requests
    assert not any(one.fault or one.last for one in taken)
    assert held == beginning


def parsed(data: bytes) -> int | None:
    """Return how long gunicorn finds the first request, or None if it refuses it."""
    unreader = IterUnreader((data,))
    try:
        request = Request(Config(), unreader, CLIENT)
        assert request.body is not None
        body = request.body.read()
    except (ParseException, NoMoreData, StopIteration):
        return None
    if int(dict(request.headers).get("CONTENT-LENGTH", "0")) > len(body):
        return None  # gunicorn takes a cut body for a whole one
    return len(data) - len(unreader.take_buffered())


@given(streams)
def test_gunicorn_finds_the_same_end_of_a_request(stream: bytes) -> None:
    """What gunicorn accepts is whole at the same length; what is not whole, it refuses."""
    taken, _ = arrivals([stream], ROOMY)
    length = parsed(stream)
    if length is not None:
        assert taken
        assert (taken[0].fault, len(taken[0].data)) == (None, length)
    if not taken or taken[0].fault is Fault.MALFORMED:
        assert length is None


@given(streams, st.lists(st.integers(0, 10_000), max_size=6))
def test_memory_is_bounded_by_the_limits(stream: bytes, places: list[int]) -> None:
    arrival = Arrival(LIMITS)
    framing = LIMITS.body + LIMITS.head
    bound = 2 * LIMITS.head + LIMITS.kept + framing + 8
    for piece in cut(stream, places):
        arrival.feed(piece)
        while arrival.verdict() is Verdict.WHOLE:
            arrival.take()
        assert arrival.held <= bound


def test_a_too_large_body_is_thrown_away_but_for_more_than_its_limit() -> None:
    large = sized(b"x" * (LIMITS.kept + 500))
    head = large.index(b"\r\n\r\n") + 4
    arrival = Arrival(LIMITS)
    for start in range(0, len(large), 100):
        arrival.feed(large[start : start + 100])
        verdict = arrival.verdict()
        assert arrival.held <= head + LIMITS.kept
        assert arrival.discarding == (start + 100 >= head and verdict is Verdict.INCOMPLETE)
    assert verdict is Verdict.WHOLE
    taken = arrival.take()
    assert (taken.fault, taken.last) == (Fault.BODY_TOO_LARGE, False)
    assert len(taken.data) == head + LIMITS.body + READ_AHEAD


def test_a_request_after_a_too_large_one_is_found() -> None:
    taken, _ = arrivals([sized(b"x" * 1500), chunked(b"y" * 1500), sized(b"small")])
    assert [one.fault for one in taken] == [Fault.BODY_TOO_LARGE, Fault.BODY_TOO_LARGE, None]
    assert taken[2].data == sized(b"small")


def test_what_is_read_of_a_too_large_chunked_body_shows_that_it_is() -> None:
    [taken], _ = arrivals([chunked(*[b"z" * 30] * 60)])
    request = Request(Config(), IterUnreader((taken.data,)), CLIENT)
    assert request.body is not None
    assert len(request.body.read(LIMITS.body + 1)) == LIMITS.body + 1


def test_reading_a_too_large_body_ends_somewhere() -> None:
    endless = post(b"x" * 5000, b"Content-Length: 1000000000000")
    [taken], held = arrivals([endless])
    assert (taken.fault, taken.last, held) == (Fault.BODY_TOO_LARGE, True, b"")


def test_giving_up_on_a_too_large_body_makes_it_the_last() -> None:
    arrival = Arrival(LIMITS)
    arrival.feed(post(b"x", b"Content-Length: 1000"))
    assert arrival.verdict() is Verdict.INCOMPLETE
    assert arrival.discarding
    arrival.give_up()
    assert arrival.verdict() is Verdict.WHOLE
    assert arrival.take().last
    arrival.feed(sized(b"late"))
    assert arrival.verdict() is Verdict.INCOMPLETE
    assert arrival.held == 0


def test_continue_is_said_once_and_only_while_the_body_is_awaited() -> None:
    arrival = Arrival(LIMITS)
    head = post(b"", b"Content-Length: 2", b"Expect: 100-Continue")
    arrival.feed(head)
    assert [arrival.verdict(), arrival.verdict()] == [Verdict.CONTINUE, Verdict.INCOMPLETE]
    arrival.feed(b"{}")
    assert arrival.verdict() is Verdict.WHOLE
    arrival.take()
    arrival.feed(head + b"{}")
    assert arrival.verdict() is Verdict.WHOLE


def test_an_old_client_is_not_told_to_continue() -> None:
    arrival = Arrival(LIMITS)
    arrival.feed(b"POST / HTTP/1.0\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
    assert arrival.verdict() is Verdict.INCOMPLETE


@pytest.mark.parametrize(
    ("stream", "fault"),
    [
        (b"GET / HTTP/1.1\nHost: x\n\n", Fault.MALFORMED),
        (b"\r\n\r\n", Fault.MALFORMED),
        (post(b"", b"Content-Length: 1", b"Content-Length: 1"), Fault.MALFORMED),
        (post(b"", b"Content-Length: 1", b"Transfer-Encoding: chunked"), Fault.MALFORMED),
        (post(b"", b"Content-Length: -1"), Fault.MALFORMED),
        (post(b"", b"Content-Length: \xb2"), Fault.MALFORMED),
        (post(b"", b"Transfer-Encoding: gzip"), Fault.MALFORMED),
        (post(b"", b"Expect: bread"), Fault.MALFORMED),
        (post(b"-1\r\n", b"Transfer-Encoding: chunked"), Fault.MALFORMED),
        (post(b"2\r\nabc\r\n", b"Transfer-Encoding: chunked"), Fault.MALFORMED),
        (chunked(*[b"."] * 5, extension=b";" + b"x" * 90), Fault.MALFORMED),
        (b"GET /" + b"x" * 400, Fault.HEAD_TOO_LARGE),
    ],
)
def test_what_no_more_bytes_can_mend_is_refused_at_once(stream: bytes, fault: Fault) -> None:
    [taken], _ = arrivals([stream])
    assert (taken.fault, taken.last) == (fault, True)
