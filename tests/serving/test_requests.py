"""What a client sees on the wire: reuse, order, limits, refusals."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from serving.wire import post, request, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serving.wire import Program

pytestmark = pytest.mark.real

LIMIT = 100_000


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    log = tmp_path_factory.mktemp("serving") / "log"
    with serving(log, threads=4, max_body=LIMIT) as program:
        yield program


def chunked(*chunks: bytes) -> bytes:
    body = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return request("POST", "/", "Transfer-Encoding: chunked") + body + b"0\r\n\r\n"


def test_a_connection_serves_many_requests(program: Program) -> None:
    with program.client() as client:
        for size in range(50):
            answer = client.ask(post(b"x" * size))
            assert (answer.status, answer.json()["size"]) == (200, size)
            assert answer.headers["connection"] == "keep-alive"


def test_a_connection_closes_when_the_client_wants_it(program: Program) -> None:
    with program.client() as client:
        answer = client.ask(post(b"", "/", "Connection: close"))
        assert answer.headers["connection"] == "close"
        assert client.ended()


def test_the_server_does_not_tell_its_version(program: Program) -> None:
    assert program.ask(post()).headers["server"] == "gunicorn"


def test_pipelined_requests_are_answered_in_order(program: Program) -> None:
    """The first one is the slowest; each answer must wait for those before it."""
    requests = [post(b"x" * size, f"/?seconds={max(0, 5 - size) / 20}") for size in range(60)]
    with program.client() as client:
        client.send(b"".join(requests))
        assert [client.answer().json()["size"] for _ in requests] == list(range(60))
        assert client.ask(post(b"more")).json()["size"] == 4


def test_a_request_may_come_in_any_pieces(program: Program) -> None:
    with program.client() as client:
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in post(b"hello"):
            client.send(bytes([byte]))
        assert client.answer().json()["size"] == 5


def test_a_client_that_has_finished_sending_is_answered(program: Program) -> None:
    with program.client() as client:
        client.send(post(b"one", "/?seconds=0.2") + post(b"three"))
        client.socket.shutdown(socket.SHUT_WR)
        assert [client.answer().json()["size"] for _ in range(2)] == [3, 5]
        assert client.ended()


def test_a_chunked_body_is_read(program: Program) -> None:
    with program.client() as client:
        assert client.ask(chunked(b"hello", b" ", b"world")).json()["size"] == 11
        assert client.ask(post()).status == 200


def test_a_client_that_waits_for_it_is_told_to_continue(program: Program) -> None:
    with program.client() as client:
        client.send(request("POST", "/", "Content-Length: 5", "Expect: 100-continue"))
        assert client.answer().status == 100
        assert client.ask(b"hello").json()["size"] == 5
        client.send(post(b"", "/?seconds=0.2"))
        client.send(request("POST", "/", "Content-Length: 3", "Expect: 100-continue"))
        assert [client.answer().status for _ in range(2)] == [200, 100]
        assert client.ask(b"bye").json()["size"] == 3


@pytest.mark.parametrize("size", [LIMIT + 1, 3 * LIMIT, 5_000_000])
def test_the_application_sees_more_than_the_limit_of_a_too_large_body(
    program: Program, size: int
) -> None:
    """It is sent to its end, then answered; the connection lives on."""
    pieces = [b"x" * 1000] * (size // 1000) + [b"x" * (size % 1000)] * bool(size % 1000)
    with program.client() as client:
        assert client.ask(post(b"x" * size)).json()["size"] == LIMIT + 1
        assert client.ask(chunked(*pieces)).json()["size"] == LIMIT + 1
        assert client.ask(post(b"x" * LIMIT)).json()["size"] == LIMIT


def test_a_body_nobody_would_read_on_is_answered_all_the_same(program: Program) -> None:
    with program.client() as client:
        client.send(request("POST", "/", f"Content-Length: {100 * 1024 * 1024}"))
        for _ in range(66):
            client.send(b"x" * 1024 * 1024)
        answer = client.answer()
        assert (answer.json()["size"], answer.headers["connection"]) == (LIMIT + 1, "close")


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"NONSENSE\r\n\r\n", 400),
        (b"GET / HTTP/1.1\nHost: adapter\n\n", 400),
        (request("POST", "/", "Content-Length: 2", "Content-Length: 3"), 400),
        (request("POST", "/", "Content-Length: 2", "Transfer-Encoding: chunked"), 400),
        (request("POST", "/", "Transfer-Encoding: chunked") + b"zz\r\n", 400),
        (request("POST", "/", "Transfer-Encoding: zebra"), 501),
        (request("POST", "/", "Expect: bread"), 417),
        (request("GET", "/" + "x" * 5000), 414),
        (request("GET", "/", f"X-Large: {'x' * 9000}"), 431),
        (request("GET", "/" + "x" * 70_000), 431),
    ],
)
def test_what_is_not_http_is_refused_shortly(program: Program, data: bytes, status: int) -> None:
    with program.client() as client:
        answer = client.ask(data)
        assert answer.status == status
        assert list(answer.json()) == ["error"]
        assert len(answer.body) < 1024
        assert client.ended()


def test_a_refused_head_is_not_quoted_anywhere(program: Program) -> None:
    answer = program.ask(request("POST", "/", "Authorization : Bearer canary-0815"))
    assert answer.status == 400
    assert b"canary-0815" not in answer.body
    assert "canary-0815" not in program.output()


def test_an_application_that_fails_is_answered_for(program: Program) -> None:
    with program.client() as client:
        answer = client.ask(post(b"", "/fail?token=canary-0816"))
        assert (answer.status, list(answer.json())) == (500, ["error"])
    assert "canary-0816" not in program.output()
    assert program.ask(post()).status == 200


@pytest.mark.timed
def test_a_large_answer_reaches_a_slow_reader(program: Program) -> None:
    """No thread waits for it: as many readers as threads dawdle, another client is served."""
    size = 12_000_000
    clients = [program.client() for _ in range(4)]
    for client in clients:
        client.send(request("GET", f"/large?size={size}"))
    assert program.ask(post(), within=2).status == 200
    for client in clients:
        assert len(client.answer().body) == size + 2
        assert client.ask(post()).status == 200
        client.socket.close()


def test_many_clients_at_once_get_their_own_answers(program: Program) -> None:
    def ask(number: int) -> bool:
        with program.client() as client:
            sizes = [number * 7 + turn for turn in range(20)]
            return [client.ask(post(b"x" * size)).json()["size"] for size in sizes] == sizes

    with ThreadPoolExecutor(32) as pool:
        assert all(pool.map(ask, range(64)))
