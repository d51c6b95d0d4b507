"""How the text of a calendar is got, and what is told when it is not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from adapter.config.settings import IcalSettings
from adapter.feeds import source
from adapter.feeds.ical import FeedError
from adapter.feeds.source import read_source
from adapter.secret import Secret
from support.scripted_server import ScriptedServer, answer, close, half

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

TOKEN = "hunter2hunter2"


def at(url: str) -> IcalSettings:
    return IcalSettings(url=Secret(f"{url}/oncall.ics?token={TOKEN}"), path=Path())


def fault(ical: IcalSettings) -> str:
    with pytest.raises(FeedError) as caught:
        read_source(ical)
    assert TOKEN not in str(caught.value)
    return str(caught.value)


def test_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.ics").write_bytes(b"text")
    assert read_source(IcalSettings(path=tmp_path / "a.ics")) == b"text"
    assert fault(IcalSettings(path=tmp_path / "b.ics")) == (
        "the file cannot be read: there is no such file"
    )
    assert fault(IcalSettings(path=Path("/dev/zero"))) == "the file is no regular file"


def test_a_url_is_fetched_as_it_is_written() -> None:
    with ScriptedServer(answer(b"text")) as server:
        assert read_source(at(server.url)) == b"text"
    assert server.requests[0].startswith(f"GET /oncall.ics?token={TOKEN} HTTP/1.1\r\n".encode())
    assert b"authorization" not in server.requests[0].lower()


@pytest.mark.parametrize(
    ("act", "told"),
    [
        (answer(b"", status="404 Not Found"), "the source answers 404"),
        (
            answer(b"", status="302 Found", headers=f"Location: http://127.0.0.1:1/{TOKEN}\r\n"),
            "the source answers 302 and another address; write that one",
        ),
        (answer(b"x" * 101), "the source sends more than 100 bytes"),
        (close, "the source cannot be reached (ConnectionError)"),
        (half, "the source cannot be reached (ChunkedEncodingError)"),
    ],
)
def test_what_goes_wrong_is_told_without_the_address(
    act: Callable[[socket.socket, bytes], None], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "LIMIT", 100)
    with ScriptedServer(act) as server:
        assert fault(at(server.url)) == told


def test_a_source_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "TIMEOUT", 0.2)

    def drip(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while connection.recv(1):  # until the other side hangs up
            pass

    with ScriptedServer(drip) as server:
        assert fault(at(server.url)) in (
            "the source took more than 0 s",
            "the source cannot be reached (ConnectionError)",
        )
