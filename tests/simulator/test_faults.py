"""Each fault on order, as a client sees it, and whether the message arrived all the same."""

from __future__ import annotations

import json
import socket
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import requests

from adapter.simulator import Running, SimulatorSettings, running
from simulator.calls import NAMED, OPEN, TEXT, TOKEN, refusal, send
from support.processes import wait_until

if TYPE_CHECKING:
    from adapter.simulator.faults import Kind


@pytest.mark.parametrize(
    ("kind", "status", "start"),
    [
        ("660026", 200, b'{"errcode":660026,'),
        ("130101", 200, b'{"errcode":130101,'),
        ("410100", 200, b'{"errcode":410100,'),
        ("450101", 200, b'{"errcode":450101,'),
        ("90002", 200, b'{"errcode":90002,'),
        ("90018", 200, b'{"errcode":90018,'),
        ("status:1111", 200, b'{"status":1111,'),
        ("302", 302, b""),
        ("html", 200, b"<!doctype html>"),
        ("5xx", 502, b"<html>"),
        ("-1", 200, '{"errcode":-1,"errmsg":"系统繁忙"}'.encode()),
        ("errcode", 200, b'{"errcode":-1,'),
    ],
)
def test_a_refusal_on_order_comes_once_and_lets_nothing_through(
    simulator: Running, kind: Kind, status: int, start: bytes
) -> None:
    simulator.fault(kind, times=1)
    answer = send(simulator)
    assert answer.status_code == status
    assert answer.content.startswith(start)
    assert simulator.messages() == ()
    assert simulator.requests()[-1].fault == kind
    assert refusal(send(simulator)) == (0, "ok")
    assert simulator.simulator.faults == ()


def test_any_errcode_and_status_can_be_ordered(simulator: Running) -> None:
    simulator.fault("errcode", times=1, errcode=400013, errmsg="群已被解散")
    simulator.fault("5xx", times=1, status=504)
    assert refusal(send(simulator)) == (400013, "群已被解散")
    assert send(simulator).status_code == 504


def test_a_fault_lasts_n_times_or_until_cleared(simulator: Running) -> None:
    simulator.fault("-1", times=2)
    assert [refusal(send(simulator))[0] for _ in range(3)] == [-1, -1, 0]
    simulator.fault("-1")
    assert [refusal(send(simulator))[0] for _ in range(3)] == [-1, -1, -1]
    simulator.clear_faults()
    assert refusal(send(simulator))[0] == 0


def test_a_fault_may_concern_one_robot(simulator: Running) -> None:
    simulator.fault("-1", robot="named")
    assert refusal(send(simulator, robot=OPEN))[0] == 0
    assert refusal(send(simulator, robot=NAMED))[0] == -1
    assert refusal(send(simulator, token="nobody"))[0] == 300005


def test_a_spoiled_answer_can_hide_an_accepted_message(simulator: Running) -> None:
    simulator.fault("5xx", times=1, accept=True)
    assert send(simulator).status_code == 502
    assert len(simulator.messages()) == 1


@pytest.mark.parametrize("kind", ["truncated", "empty"])
def test_an_answer_can_be_cut_or_empty(simulator: Running, kind: Kind) -> None:
    simulator.fault(kind, times=1)
    answer = send(simulator)
    assert (answer.status_code, len(simulator.messages())) == (200, 1)
    assert answer.headers["Content-Length"] == str(len(answer.content))
    assert b'{"errcode":0,"errmsg":"ok"}'.startswith(answer.content)
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


@pytest.mark.parametrize(
    ("kind", "arrived"), [("reset_after_accept", 1), ("reset_before_accept", 0)]
)
def test_a_reset_is_a_reset(simulator: Running, kind: Kind, arrived: int) -> None:
    """The kernel says ECONNRESET, not a quiet end; with `msgUuid` the retry shows nothing twice."""
    simulator.fault(kind, times=1)
    body = json.dumps({**TEXT, "msgUuid": "one"}).encode()
    where = urlsplit(simulator.url)
    with socket.create_connection(
        (where.hostname or "", where.port or 0), timeout=10
    ) as connection:
        connection.sendall(
            b"POST /robot/send?access_token=%b HTTP/1.1\r\nHost: dingtalk\r\n"
            b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
            % (TOKEN.encode(), len(body), body)
        )
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
    assert len(simulator.messages()) == arrived
    (recorded,) = simulator.requests()
    assert (recorded.reset, recorded.errcode, recorded.answer) == (True, None, "")
    assert refusal(send(simulator, {**TEXT, "msgUuid": "one"})) == (0, "ok")
    assert len(simulator.messages()) == 1


def test_a_delay_answers_late_and_a_hang_never() -> None:
    with running(SimulatorSettings(robots=(OPEN,))) as simulator:
        simulator.fault("delay", times=1, span=timedelta(milliseconds=300))
        assert send(simulator).elapsed >= timedelta(milliseconds=300)
        for arrived, accept in (2, True), (2, False):
            simulator.fault("hang", times=1, accept=accept)
            with pytest.raises(requests.Timeout):
                send(simulator, timeout=0.3)
            assert len(simulator.messages()) == arrived


def test_clearing_the_faults_ends_a_hang() -> None:
    with running(SimulatorSettings(robots=(OPEN,))) as simulator:
        simulator.fault("hang", times=1)
        where = urlsplit(simulator.url)
        with socket.create_connection((where.hostname or "", where.port or 0), timeout=10) as open_:
            open_.sendall(
                b"POST /robot/send?access_token=%b HTTP/1.1\r\nHost: dingtalk\r\n\r\n"
                % TOKEN.encode()
            )
            wait_until(simulator.requests, what="the request is recorded")
            simulator.clear_faults()
            with pytest.raises(ConnectionResetError):
                open_.recv(1)


def test_a_faulty_request_counts_against_the_rate(simulator: Running) -> None:
    simulator.fault("-1", times=20)
    seen = [refusal(send(simulator))[0] for _ in range(21)]
    assert seen == [-1] * 20 + [660026]
