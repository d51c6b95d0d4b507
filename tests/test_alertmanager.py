"""Every answer of Alertmanager's API v2, and of what stands before it, as what it means."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from adapter import alertmanager as module
from adapter.alertmanager import Alertmanager
from adapter.config.settings import BasicAuth, SourceSettings
from adapter.core.matchers import parse_matchers
from adapter.core.silencing import Silence
from adapter.core.trouble import AlertmanagerError, Trouble
from adapter.secret import Secret
from support.clock import START
from support.processes import free_port
from support.scripted_server import ScriptedServer, answer, close, half, reset

if TYPE_CHECKING:
    import socket

SILENCE = Silence(
    matchers=parse_matchers('alertname="Up", pod=~"a.*", zone!="x", rack!~"y"'),
    starts_at=START,
    ends_at=START + timedelta(hours=1),
    created_by="张三",
    comment="c",
)


def at(url: str, **more: object) -> Alertmanager:
    return Alertmanager(SourceSettings(name="bj", url=url, **more))  # type: ignore[arg-type]


def test_a_silence_is_asked_for_as_the_api_wants_it() -> None:
    with ScriptedServer(answer(b'{"silenceID": "s1"}')) as server:
        assert at(server.url).silence(SILENCE) == "s1"
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /api/v2/silences HTTP/1.1")
    assert b"Content-Type: application/json" in head
    document = json.loads(body)
    assert document["matchers"] == [
        {"name": "alertname", "value": "Up", "isRegex": False, "isEqual": True},
        {"name": "pod", "value": "a.*", "isRegex": True, "isEqual": True},
        {"name": "zone", "value": "x", "isRegex": False, "isEqual": False},
        {"name": "rack", "value": "y", "isRegex": True, "isEqual": False},
    ]
    assert document["startsAt"] == "2026-11-23T20:00:00+00:00"
    assert document["endsAt"] == "2026-11-23T21:00:00+00:00"
    assert (document["createdBy"], document["comment"]) == ("张三", "c")


def test_alerts_are_counted_by_the_matchers_alone() -> None:
    with ScriptedServer(answer(b'[{"labels": {}}, {}, {}]')) as server:
        assert at(f"{server.url}/prefix").count(SILENCE.matchers[:2]) == 3
    line = server.requests[0].split(b"\r\n")[0]
    assert line.startswith(b"GET /prefix/api/v2/alerts?filter=alertname%3D%22Up%22&filter=pod%3D~")
    assert b"silenced=false" in line


def test_a_silence_is_found_by_its_mark_while_it_lasts() -> None:
    known = [
        {"id": "old", "comment": "x [m]", "status": {"state": "expired"}},
        {"id": "other", "comment": "x", "status": {"state": "active"}},
        {"id": "mine", "comment": "y [m] z", "status": {"state": "active"}},
    ]
    with ScriptedServer(answer(json.dumps(known).encode())) as server:
        assert at(server.url).find("[m]") == "mine"
        assert at(server.url).find("[n]") == ""


def test_a_silence_is_ended_by_its_id() -> None:
    with ScriptedServer(answer(b"")) as server:
        at(server.url).expire("a/b")
    assert server.requests[0].startswith(b"DELETE /api/v2/silence/a%2Fb ")


def test_credentials_are_those_of_the_configuration() -> None:
    basic = BasicAuth(username="u", password=Secret("p"))
    with ScriptedServer(answer(b"[]")) as server:
        at(server.url, basic=basic).count(())
        at(server.url, bearer_token=Secret("tok")).count(())
    assert b"Authorization: Basic dTpw" in server.requests[0]
    assert b"Authorization: Bearer tok" in server.requests[1]


@pytest.mark.parametrize(
    ("status", "body", "trouble", "said"),
    [
        ("400 Bad Request", b'"bad matcher"', Trouble.REFUSED, "bad matcher"),
        (
            "422 Unprocessable",
            b'{"code": 602, "message": "is required"}',
            Trouble.REFUSED,
            "is required",
        ),
        ("400 Bad Request", b"<html>", Trouble.REFUSED, ""),
        ("400 Bad Request", b"[1]", Trouble.REFUSED, ""),
        ("404 Not Found", b'"silence not found"', Trouble.GONE, "silence not found"),
        ("401 Unauthorized", b"", Trouble.CREDENTIALS, ""),
        ("403 Forbidden", b"", Trouble.CREDENTIALS, ""),
        ("302 Found", b"", Trouble.REDIRECT, ""),
        ("503 Unavailable", b"", Trouble.FAULT, "HTTP 503"),
        ("200 OK", b"<html>", Trouble.FAULT, "its answer is not that of API v2"),
        ("200 OK", b"{}", Trouble.FAULT, "its answer is not that of API v2"),
    ],
)
def test_each_refusal_is_told_apart(status: str, body: bytes, trouble: Trouble, said: str) -> None:
    headers = "Location: http://evil.invalid/\r\n" if trouble is Trouble.REDIRECT else ""
    refusing = ScriptedServer(answer(body, status=status, headers=headers))
    with refusing, pytest.raises(AlertmanagerError) as caught:
        at(refusing.url).silence(SILENCE)
    assert (caught.value.trouble, caught.value.said) == (trouble, said)
    assert str(caught.value).startswith(trouble)


@pytest.mark.parametrize("act", [reset, close, half])
def test_an_answer_that_did_not_come_leaves_a_silence_unsure(act: object) -> None:
    with ScriptedServer(act) as server:  # type: ignore[arg-type]
        with pytest.raises(AlertmanagerError) as making:
            at(server.url).silence(SILENCE)
        with pytest.raises(AlertmanagerError) as counting:
            at(server.url).count(())
    assert making.value.trouble is Trouble.UNSURE
    assert counting.value.trouble is Trouble.UNREACHABLE


def test_where_nobody_listens_nothing_was_done() -> None:
    with pytest.raises(AlertmanagerError) as caught:
        at(f"http://127.0.0.1:{free_port()}").silence(SILENCE)
    assert caught.value.trouble is Trouble.UNREACHABLE


def test_a_silent_one_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TIMEOUT", timedelta(milliseconds=300))

    def wait(connection: socket.socket, _request: bytes) -> None:
        connection.recv(1)

    silent = ScriptedServer(wait)
    with silent, pytest.raises(AlertmanagerError) as making:
        at(silent.url).silence(SILENCE)
    assert making.value.trouble is Trouble.UNSURE
    silent = ScriptedServer(wait)
    with silent, pytest.raises(AlertmanagerError) as counting:
        at(silent.url).count(())
    assert counting.value.trouble is Trouble.UNREACHABLE


def test_an_endless_answer_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ANSWER_LIMIT", 100_000)
    endless = ScriptedServer(answer(b"[" + b" " * 300_000 + b"]"))
    with endless, pytest.raises(AlertmanagerError, match="too long"):
        at(endless.url).count(())
