"""Twenty messages a minute, then ten minutes of silence, counted by token."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.simulator import Rate, Running
from adapter.simulator.counters import Counters
from simulator.calls import NAMED, refusal, send
from support.clock import START, FakeClock

THROTTLED = (660026, "sending too many messages per minute")


def test_the_21st_message_is_refused_and_mutes_for_ten_minutes(
    simulator: Running, clock: FakeClock
) -> None:
    for _ in range(20):
        assert refusal(send(simulator)) == (0, "ok")
        clock.advance(timedelta(seconds=1))
    assert refusal(send(simulator)) == THROTTLED
    muted_at = clock.now()
    assert refusal(send(simulator, robot=NAMED)) == (0, "ok"), "another token is not concerned"
    for minutes in 1, 5, 9.99:
        clock.advance(muted_at + timedelta(minutes=minutes) - clock.now())
        assert refusal(send(simulator)) == THROTTLED
    clock.advance(muted_at + timedelta(minutes=10) - clock.now())
    assert [refusal(send(simulator))[0] for _ in range(21)] == [0] * 20 + [660026]
    assert len(simulator.messages()) == 41


def test_the_window_rolls(simulator: Running, clock: FakeClock) -> None:
    for _ in range(60):
        assert refusal(send(simulator)) == (0, "ok")
        clock.advance(timedelta(seconds=3))


def test_refused_requests_count_too(simulator: Running) -> None:
    for _ in range(20):
        assert refusal(send(simulator, {"msgtype": "text"}))[0] == 400201
    assert refusal(send(simulator)) == THROTTLED


def test_an_unknown_token_is_counted_before_it_is_looked_up(simulator: Running) -> None:
    seen = [refusal(send(simulator, token="test"))[0] for _ in range(22)]
    assert seen == [300005] * 20 + [660026] * 2


def test_a_minute_can_be_shortened(simulator: Running, clock: FakeClock) -> None:
    simulator.configure(rate=Rate(messages=1, per=timedelta(seconds=6)))
    assert [refusal(send(simulator))[0] for _ in range(2)] == [0, 660026]
    clock.advance(timedelta(seconds=59))
    assert refusal(send(simulator))[0] == 660026
    clock.advance(timedelta(seconds=1))
    assert refusal(send(simulator))[0] == 0


@pytest.mark.parametrize(
    ("throttle", "status", "body"),
    [
        ("660026", 200, b'{"errcode":660026,"errmsg":"sending too many messages per minute"}'),
        ("130101", 200, b'{"errcode":130101,"errmsg":"send too fast, exceed 20 times per minute"}'),
        ("410100", 200, '{"errcode":410100,"errmsg":"发送速度太快而限流"}'.encode()),
        ("450101", 200, b'{"errcode":450101,"errmsg":"send too fast"}'),
        (
            "90018",
            200,
            '{"errcode":90018,'
            '"errmsg":"您的服务器调用钉钉开放平台所有接口的请求都被暂时禁用了"}'.encode(),
        ),
        (
            "status:1111",
            200,
            (
                b'{"status":1111,"wait":5,"source":"x5","punish":"deny",'
                b'"uuid":"0123456789abcdef0123456789abcdef"}'
            ),
        ),
        ("302", 302, b""),
        (
            "html",
            200,
            "<!doctype html><html><head><title>访问被阻断</title></head>"
            "<body><h1>405</h1><p>很抱歉，您的访问被阻断了。</p></body></html>".encode(),
        ),
        (
            "5xx",
            502,
            b"<html><head><title>502</title></head><body><h1>502</h1>Tengine</body></html>",
        ),
    ],
)
def test_too_fast_is_said_in_many_ways(
    simulator: Running, throttle: str, status: int, body: bytes
) -> None:
    simulator.configure(throttle=throttle, rate=Rate(messages=0))
    answer = send(simulator)
    assert (answer.status_code, answer.content) == (status, body)
    assert (answer.headers.get("Location") == "/punished") == (status == 302)


@given(
    st.lists(st.floats(0, 30), max_size=200),
    st.integers(1, 5),
)
def test_no_window_ever_admits_more_than_its_rate(gaps: list[float], messages: int) -> None:
    rate = Rate(messages=messages, per=timedelta(seconds=60))
    counters, now, admitted = Counters(), START, []
    for gap in gaps:
        now += timedelta(seconds=gap)
        if counters.admit("t", rate, now):
            admitted.append(now)
        assert 0 <= counters.meter("t", rate, now).sent <= messages
    for index, first in enumerate(admitted):
        assert sum(first <= at < first + rate.per for at in admitted[index:]) <= messages
