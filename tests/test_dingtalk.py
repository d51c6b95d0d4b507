"""The client on the wire: what it sends, and what it makes of every way a request can end."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from adapter.clock import SystemClock
from adapter.config.settings import RobotSettings
from adapter.core.delivery import Broken, Outcome, Refused, Sent, Throttled, Unreachable
from adapter.core.routes import RouteSettings
from adapter.dingtalk import Client, query, sign
from adapter.secret import Secret
from support.clock import FakeClock
from support.processes import free_port, wait_until
from support.scripted_server import ScriptedServer, answer, close, half, reset

if TYPE_CHECKING:
    from collections.abc import Callable

TOKEN = "canarytoken0123456789abcdef"
SECRET = "SECcanary0123456789abcdef"
OK = answer(b'{"errcode":0,"errmsg":"ok"}')

VECTORS = [
    ("this is secret", 1577262236757, "hmPWwU%2B7lVdm3ZZz0r9tSfx0L4Q26jWOZr9%2BGs6EZQM%3D"),
    ("SEC" + "0" * 21, 1700000000000, "1zJ%2Fw34EOSVAYr7cu7Vo8LnebmK2%2FGrCgegtr8mQrqM%3D"),
    (
        "SEC" + "0123456789abcdef" * 3 + "0123456789abcd",
        1700000000000,
        None,
    ),
    ("SECtest", 1600000000000, "J1ROuI0lRhdAs5lXpASksT0u9NwWl4DNkvcHISJRBoY%3D"),
    ("SECtest", 1700000000001, "r4CWp%2FDz%2BNg0sbTjH1vB0Fr%2BuQ2fn831mssaN6%2FC05I%3D"),
    ("SECtest", 1700000000000, "aZLLrriXgn05YbwaGR7knYsLeJADjr9NwLaNNKpxh4g%3D"),
    ("SEC密钥", 1700000000001, "prna9P%2FQnxNkbmWE5xR5IH6tW3cnbu69ihVGhnvGMiU%3D"),
]


def make_robot(
    api_url: str = "http://127.0.0.1:1", *, secret: str | None = SECRET
) -> RobotSettings:
    return RobotSettings(
        name="ops",
        access_token=Secret(TOKEN),
        secret=None if secret is None else Secret(secret),
        api_url=api_url,
        timeout=timedelta(seconds=0.5),
        defaults=RouteSettings(),
    )


def send_to(act: Callable[[socket.socket, bytes], None]) -> tuple[Outcome, list[bytes]]:
    with ScriptedServer(act) as server:
        outcome = Client(SystemClock()).send(make_robot(server.url), "{钉}".encode())
        return outcome, server.requests


@pytest.mark.parametrize(("secret", "timestamp", "wire"), VECTORS)
def test_signature_vectors(secret: str, timestamp: int, wire: str | None) -> None:
    if wire is None:
        secret = "SEC0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd"
        wire = "8SZas7RY4E7wuOlgLfjLwHSKZpyUEdXdLvFYSDZiiFw%3D"
    assert quote(sign(Secret(secret), timestamp), safe="") == wire


def test_the_request_is_signed_once_and_encoded_once() -> None:
    outcome, [request] = send_to(OK)
    assert outcome == Sent()
    head, _, body = request.partition(b"\r\n\r\n")
    assert body == "{钉}".encode()
    assert b"Content-Type: application/json; charset=utf-8" in head
    path = head.split(b" ")[1].decode()
    fields = parse_qs(urlsplit(path).query, strict_parsing=True)
    assert urlsplit(path).path == "/robot/send"
    assert fields["access_token"] == [TOKEN]
    assert fields["sign"] == [sign(Secret(SECRET), int(fields["timestamp"][0]))]


def test_the_timestamp_is_of_this_request_in_milliseconds() -> None:
    now = datetime(2026, 11, 23, 20, 0, 0, 123_000, tzinfo=UTC)
    assert query(make_robot(), now)["timestamp"] == "1795464000123"


def test_a_robot_without_secret_is_not_signed() -> None:
    assert query(make_robot(secret=None), FakeClock().now()) == {"access_token": TOKEN}


def test_a_redirect_is_not_followed() -> None:
    outcome, requests = send_to(answer(b"", status="302 Found", headers="Location: /elsewhere\r\n"))
    assert isinstance(outcome, Throttled)
    assert len(requests) == 1


@pytest.mark.parametrize("act", [reset, close, half, answer(b"<html>", status="502 Bad Gateway")])
def test_a_cut_answer_leaves_the_outcome_open(
    act: Callable[[socket.socket, bytes], None],
) -> None:
    outcome, _ = send_to(act)
    assert isinstance(outcome, Unreachable)
    assert outcome.ambiguous


def test_no_answer_leaves_it_open_too() -> None:
    go_on = threading.Event()

    def hang(_connection: socket.socket, _request: bytes) -> None:
        go_on.wait(5)

    with ScriptedServer(hang) as server:
        outcome = Client(SystemClock()).send(make_robot(server.url), b"{}")
        go_on.set()
    assert outcome == Unreachable("no answer within the timeout", ambiguous=True)


def dripping(start: bytes, stop: threading.Event) -> Callable[[socket.socket, bytes], None]:
    """Send `start`, and then a byte every fifth of a second: no single wait is too long."""

    def drip(connection: socket.socket, _request: bytes) -> None:
        with suppress(OSError):
            connection.sendall(start)
            while not stop.wait(0.2):
                connection.sendall(b"x")

    return drip


HEAD = b"HTTP/1.1 200 OK\r\nX-Slow: "
BODY = b"HTTP/1.1 200 OK\r\n\r\n"
HANDSHAKE = b"\x16\x03\x03\x40\x00"
DRIPS = [
    *(("direct", start) for start in (b"", HEAD, BODY)),
    *(("proxy", start) for start in (b"", HEAD, BODY)),
    *(("tunnel", start) for start in (b"", HEAD, BODY + HANDSHAKE)),
    ("tls", HANDSHAKE),
]


@pytest.mark.timed
@pytest.mark.parametrize(("way", "start"), DRIPS)
def test_an_answer_that_drips_is_not_waited_for(way: str, start: bytes) -> None:
    clock, stop = SystemClock(), threading.Event()
    with ScriptedServer(dripping(start, stop)) as server:
        robot = {
            "direct": make_robot(server.url),
            "proxy": replace(make_robot("http://dingtalk.invalid"), proxy=Secret(server.url)),
            "tunnel": replace(make_robot("https://dingtalk.invalid"), proxy=Secret(server.url)),
            "tls": make_robot(server.url.replace("http:", "https:")),
        }[way]
        began = clock.monotonic()
        outcome = Client(clock).send(robot, b"{}")
        took = clock.monotonic() - began
        stop.set()
    assert outcome == Unreachable("no answer within the timeout", ambiguous=True)
    assert took < robot.timeout.total_seconds() + 1


def test_after_a_request_was_cut_the_next_one_passes() -> None:
    stop = threading.Event()
    acts = iter([dripping(b"", stop), OK])

    def act(connection: socket.socket, request: bytes) -> None:
        next(acts)(connection, request)

    with ScriptedServer(act) as server:
        client, robot = Client(SystemClock()), make_robot(server.url)
        cut = Unreachable("no answer within the timeout", ambiguous=True)
        assert client.send(robot, b"{}") == cut
        stop.set()
        assert client.send(robot, b"{}") == Sent()


def test_a_name_that_is_looked_up_for_long_sends_nothing_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = threading.Event()
    look_up = socket.getaddrinfo

    def hang(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # passes all on
        found.wait(10)
        return look_up(*args, **kwargs)

    with ScriptedServer(OK) as server:
        monkeypatch.setattr(socket, "getaddrinfo", hang)
        outcome = Client(SystemClock()).send(make_robot(server.url), b"{}")
        monkeypatch.undo()
        found.set()
        wait_until(lambda: server.requests, what="the late connection is closed")
    assert outcome == Unreachable("no connection within the timeout", ambiguous=False)
    assert server.requests == [b"\r\n\r\n"], "connected, and not a byte was sent"


@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-host.invalid"])
def test_a_refused_connection_is_definite(host: str) -> None:
    robot = make_robot(f"http://{host}:{free_port()}")
    outcome = Client(SystemClock()).send(robot, b"{}")
    assert isinstance(outcome, Unreachable)
    assert not outcome.ambiguous


def test_an_answer_without_end_is_cut_off() -> None:
    def flood(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                connection.sendall(b"x" * 65536)
        except OSError:
            pass

    outcome, _ = send_to(flood)
    assert isinstance(outcome, Unreachable)


def test_tls_that_fails_is_told_without_the_url() -> None:
    with ScriptedServer(answer(b"not tls")) as server:
        robot = make_robot(server.url.replace("http:", "https:"))
        outcome = Client(SystemClock()).send(robot, b"{}")
    assert isinstance(outcome, Unreachable)


def test_an_address_that_is_none_is_told_without_it() -> None:
    outcome = Client(SystemClock()).send(make_robot("http://[::bad"), b"{}")
    assert isinstance(outcome, Unreachable)
    assert TOKEN not in repr(outcome)


def test_a_proxy_is_used_and_its_absence_told() -> None:
    with ScriptedServer(OK) as proxy:
        robot = replace(make_robot("http://dingtalk.invalid"), proxy=Secret(proxy.url))
        assert Client(SystemClock()).send(robot, b"{}") == Sent()
        assert proxy.requests[0].startswith(b"POST http://dingtalk.invalid/robot/send?")
    dead = replace(robot, proxy=Secret(f"http://127.0.0.1:{free_port()}"))
    outcome = Client(SystemClock()).send(dead, b"{}")
    assert outcome == Unreachable("the proxy could not be used", ambiguous=False)


def test_a_refusal_is_read() -> None:
    outcome, _ = send_to(answer(b'{"errcode":300005,"errmsg":"token is not exist"}'))
    assert outcome == Broken("300005", "token is not exist", "token")


def test_an_answer_that_quotes_the_credentials_is_told_without_them() -> None:
    """However long the answer is: a cut token could not be found in it any more."""
    quoted = "x" * 280 + TOKEN + SECRET
    content = json.dumps({"errcode": 400403, "errmsg": quoted}).encode()
    outcome, _ = send_to(answer(content))
    assert isinstance(outcome, Refused)
    assert TOKEN[:8] not in outcome.errmsg
    assert outcome.errmsg == "x" * 280 + "******"


@pytest.mark.parametrize("act", [reset, close, half, answer(b"<html>"), OK])
def test_no_outcome_holds_a_secret(act: Callable[[socket.socket, bytes], None]) -> None:
    outcome, _ = send_to(act)
    assert TOKEN not in repr(outcome)
    assert SECRET not in repr(outcome)
