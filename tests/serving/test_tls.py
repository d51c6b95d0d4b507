"""TLS: what a client sees, who is let in, and that nobody who dawdles holds anybody up."""

from __future__ import annotations

import select
import signal
import socket
import ssl
import threading
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Final

import pytest

from adapter.clock import SystemClock
from serving.wire import Client, Program, command, post, request
from support.certificates import Authority
from support.processes import free_port, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.real, pytest.mark.timed]

THREADS: Final = 4
clock = SystemClock()


class Shop:
    """Hold a service that speaks TLS, and its authority."""

    def __init__(self, program: Program, authority: Authority) -> None:
        self.program = program
        self.authority = authority

    def client(self, tls: ssl.SSLContext | None = None, *, within: float = 10) -> Client:
        return Client(self.program.port, within=within, tls=tls or self.authority.client())

    def seconds_to_answer(self) -> float:
        began = clock.monotonic()
        with self.client(within=2) as client:
            assert client.ask(post()).status == 200
        return clock.monotonic() - began

    def serial(self) -> object:
        """Return the number of the certificate that a new connection gets."""
        with self.client() as client:
            assert isinstance(client.socket, ssl.SSLSocket)
            return (client.socket.getpeercert() or {})["serialNumber"]


@contextmanager
def shop(folder: Path, **options: object) -> Iterator[Shop]:
    authority = Authority(folder)
    files = [*authority.certify("server"), authority.file]
    port = free_port()
    given = {**options, "certificates": list(map(str, files))}
    program = Program(command(port, **given), log=folder / "log", measured=True)
    program.port = port
    try:
        wait_until(program.listens, what="it listens")
        yield Shop(program, authority)
    finally:
        program.finish()


@pytest.fixture(scope="module")
def ordinary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with shop(tmp_path_factory.mktemp("tls"), threads=THREADS, max_body=3_000_000) as found:
        yield found


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_connection_serves_many_requests(ordinary: Shop, version: ssl.TLSVersion) -> None:
    tls = ordinary.authority.client()
    tls.minimum_version = tls.maximum_version = version
    with ordinary.client(tls) as client:
        for size in (0, 1, 16_384, 16_385, 2_000_000):
            assert client.ask(post(b"x" * size)).json()["size"] == size
        assert len(client.ask(request("GET", "/large?size=3000000")).body) == 3_000_002
        client.send(post(b"one") + post(b"three"))
        assert [client.answer().json()["size"] for _ in range(2)] == [3, 5]


def test_a_client_that_waits_for_it_is_told_to_continue(ordinary: Shop) -> None:
    with ordinary.client() as client:
        client.send(request("POST", "/", "Content-Length: 5", "Expect: 100-continue"))
        assert client.answer().status == 100
        assert client.ask(b"hello").json()["size"] == 5


def test_the_last_answer_ends_with_a_word_and_no_broken_pipe(ordinary: Shop) -> None:
    with ordinary.client() as client:
        answer = client.ask(post(b"", "/", "Connection: close"))
        assert answer.headers["connection"] == "close"
        assert client.ended(), "close_notify: what came before was all"


def test_a_request_by_a_byte_a_record_is_read(ordinary: Shop) -> None:
    with ordinary.client() as client:
        for byte in post(b"hello"):
            client.send(bytes([byte]))
        assert client.answer().json()["size"] == 5


def test_who_shows_a_good_certificate_is_known_as_such(ordinary: Shop) -> None:
    own = ordinary.authority.certify("client")
    ask = request("GET", "/tls", "SSL_CLIENT_VERIFY: SUCCESS", "SSL-CLIENT-VERIFY: SUCCESS")
    with ordinary.client(ordinary.authority.client(own)) as client:
        assert client.ask(ask).json() == ["https", "SUCCESS"]
    with ordinary.client() as client:
        assert client.ask(ask).json() == ["https", "NONE"]


def test_who_shows_a_bad_certificate_is_not_let_in(ordinary: Shop, tmp_path: Path) -> None:
    forged = Authority(tmp_path, "forged").certify("client")
    with pytest.raises((ssl.SSLError, ConnectionError, EOFError)):  # noqa: SIM117
        with ordinary.client(ordinary.authority.client(forged)) as client:
            client.ask(post())
    wait_until(lambda: "CERTIFICATE_VERIFY_FAILED" in ordinary.program.output(), what="it says why")


def test_who_speaks_http_is_told_that_tls_is_spoken_here(ordinary: Shop) -> None:
    answer = ordinary.program.ask(post())
    assert (answer.status, answer.json()["error"]) == (
        503,
        "this port speaks TLS; write https:// in the URL",
    )


def test_nonsense_and_old_versions_are_cut_off(ordinary: Shop) -> None:
    with ordinary.program.client() as client:
        client.send(b"\x16\x03\x01\x00\x05hello")
        client.socket.recv(100)  # an alert
        client.socket.close()
    tls = ordinary.authority.client()
    tls.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        tls.minimum_version = tls.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        ordinary.client(tls)
    assert ordinary.seconds_to_answer() < 2


def hello(authority: Authority) -> bytes:
    """Return the first bytes of a handshake."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    half = authority.client().wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")
    with pytest.raises(ssl.SSLWantReadError):
        half.do_handshake()
    return outgoing.read()


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0], ids=["silent", "half a hello", "a hello"])
def test_a_handshake_that_does_not_end_holds_nobody_up_and_is_cut_off(
    tmp_path: Path, share: float
) -> None:
    with shop(tmp_path, threads=THREADS, arrival_timeout=1.5) as found, ExitStack() as stack:
        greeting = hello(found.authority)
        began = clock.monotonic()
        slow = [stack.enter_context(found.program.client()) for _ in range(3 * THREADS)]
        for client in slow:
            client.send(greeting[: round(len(greeting) * share)])
        assert found.seconds_to_answer() < 2
        for client in slow:
            while client.socket.recv(65536):
                pass
        assert 1 < clock.monotonic() - began < 5


def test_a_handshake_byte_by_byte_has_no_more_time_than_another(tmp_path: Path) -> None:
    with shop(tmp_path, threads=THREADS, arrival_timeout=2) as found, ExitStack() as stack:
        greeting = hello(found.authority)
        slow = [stack.enter_context(found.program.client()) for _ in range(3 * THREADS)]
        began = clock.monotonic()
        stop = threading.Event()

        def drip() -> None:
            for byte in greeting:
                if stop.wait(0.2):
                    return
                for client in slow:
                    try:
                        client.send(bytes([byte]))
                    except OSError:
                        return

        dripping = threading.Thread(target=drip)
        dripping.start()
        assert found.seconds_to_answer() < 2
        assert all(client.ended() for client in slow)
        assert clock.monotonic() - began < 5
        stop.set()
        dripping.join()


def test_half_a_request_on_every_thread_holds_nobody_up(tmp_path: Path) -> None:
    with shop(tmp_path, threads=THREADS, arrival_timeout=1.5) as found, ExitStack() as stack:
        slow = [stack.enter_context(found.client()) for _ in range(3 * THREADS)]
        for client in slow:
            client.send(request("POST", "/", "Content-Length: 50") + b"x")
        assert found.seconds_to_answer() < 2
        assert {client.answer().status for client in slow} == {503}


def test_a_reader_that_never_reads_is_cut_off(tmp_path: Path) -> None:
    with shop(tmp_path, threads=THREADS, arrival_timeout=1) as found, ExitStack() as stack:
        idle = [stack.enter_context(found.client()) for _ in range(2 * THREADS)]
        for client in idle:
            client.send(request("GET", "/large?size=8000000"))
        assert found.seconds_to_answer() < 2
        threading.Event().wait(3)
        for client in idle:
            with pytest.raises((OSError, EOFError)):
                client.answer()


def both_ways(client: ssl.SSLSocket, data: bytes) -> bytes:
    """Send all of `data` while receiving; return what came until the connection ended.

    One thread does both: before Python 3.13 an SSLSocket does not bear two at once.
    """
    client.setblocking(False)
    rest, found = memoryview(data), bytearray()
    while True:
        select.select([client], [client] if rest else [], [], 10)
        with suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError):
            rest = rest[client.send(rest[:16_384]) :] if rest else rest
        with suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError):
            part = client.recv(65_536)
            if not part:
                return bytes(found)
            found += part


def test_answers_go_out_while_requests_come_in(ordinary: Shop) -> None:
    """The service sends while it receives on the same connection, many times over."""
    size, rounds = 300_000, 20
    path, body = f"/large?size={size}", b"x" * size
    requests = post(body, path) * (rounds - 1) + post(body, path, "Connection: close")
    with ordinary.client() as client:
        assert isinstance(client.socket, ssl.SSLSocket)
        answers = both_ways(client.socket, requests)
    assert answers.count(b'"' + body + b'"') == rounds
    assert ordinary.seconds_to_answer() < 2


def test_a_reload_takes_new_certificates_and_parts_with_idle_old_connections(
    tmp_path: Path,
) -> None:
    with shop(tmp_path, threads=THREADS) as found, found.client() as idle:
        first = found.serial()
        assert idle.ask(post()).status == 200
        found.authority.certify("server")
        found.program.signal(signal.SIGHUP)
        wait_until(lambda: found.serial() != first, what="the new certificate is shown")
        assert idle.ended()


def test_a_client_that_is_gone_at_once_does_no_harm(ordinary: Shop) -> None:
    for _ in range(50):
        gone = socket.create_connection(("127.0.0.1", ordinary.program.port))
        gone.close()
    assert ordinary.seconds_to_answer() < 2
