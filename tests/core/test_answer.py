"""Every answer of DingTalk, in all the wordings that were ever captured, becomes an outcome."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.core.answer import read_answer
from adapter.core.delivery import (
    Broken,
    Exhausted,
    Outcome,
    Refused,
    Sent,
    Throttled,
    TooBig,
    Unreachable,
)

LINK = "link:请参考本接口对应文档获得具体要求，或者在https://open.dingtalk.com/document/;"
NO_KEYWORD = (
    "description:关键词不匹配;solution:请联系群管理员查看此机器人的关键词，"
    "并在发送的信息中包含此关键词;"
)
BAD_SIGN = (
    "description:机器人发送签名不匹配;solution:请确认签名和生成签名的时间戳必须都放在调用的网址中，"
    "请确认机器人的密钥加密和填写正确;" + LINK
)
EXPIRED = "description:机器人发送签名过期;solution:签名生成时间和发送时间请保持在 timestampms 以内;"


def answer(code: object, errmsg: str = "x", status: int = 200) -> Outcome:
    return read_answer(status, json.dumps({"errcode": code, "errmsg": errmsg}).encode())


@pytest.mark.parametrize("code", [0, "0"])
def test_ok(code: object) -> None:
    assert answer(code, "ok") == Sent()


@pytest.mark.parametrize("code", [410100, 130101, 660026, 450101, 90002, 90018, "660026"])
def test_throttled(code: object) -> None:
    assert answer(code) == Throttled(str(code), "x")


def test_throttled_by_its_words_where_the_code_is_unknown() -> None:
    assert isinstance(answer(777, "send too fast, exceed 20 times per minute"), Throttled)
    assert isinstance(answer(777, "发送速度太快而限流"), Throttled)


@pytest.mark.parametrize("status", [301, 302, 307, 429])
def test_throttled_by_the_gateway(status: int) -> None:
    assert isinstance(read_answer(status, b""), Throttled)


def test_blocked_by_the_gateway() -> None:
    content = b'{"status":1111,"wait":5,"source":"x5","punish":"deny","uuid":"u"}'
    assert isinstance(read_answer(200, content), Throttled)


def test_the_month_is_used_up() -> None:
    assert answer(90030, "webhook over limit") == Exhausted("90030", "webhook over limit")


@pytest.mark.parametrize("code", [460101, 101002])
def test_too_big(code: int) -> None:
    assert answer(code) == TooBig(str(code), "x")


@pytest.mark.parametrize("code", [430101, 430104, 400105, 400201, 400403, 400503, 400602])
def test_refused_for_its_content(code: int) -> None:
    assert answer(code) == Refused(str(code), "x")


@pytest.mark.parametrize(
    ("code", "errmsg", "reason"),
    [
        (300001, "token is not exist", "token"),
        (300001, "description: robot 不存在；solution:请确认 token 是否正确；", "token"),
        (300001, "param error", "request"),
        (300005, "token is not exist", "token"),
        (400101, "access_token不存在", "token"),
        (400102, "机器人已停用", "disabled"),
        (400106, "机器人不存在", "removed"),
        (400013, "群已被解散", "dissolved"),
        (40035, "缺少参数 json", "request"),
        (43002, "需要POST请求", "request"),
        (43004, "无效的HTTP HEADER Content-Type", "request"),
        (310000, "keywords not in content", "keyword"),
        (310000, NO_KEYWORD, "keyword"),
        (310000, "错误描述:关键词不匹配;解决方案:请联系群管理员查看此机器人的关键词;", "keyword"),
        (310000, "sign not match", "sign"),
        (310000, BAD_SIGN, "sign"),
        (310000, "invalid timestamp", "clock"),
        (310000, EXPIRED, "clock"),
        (310000, "ip 10.0.0.1 not in whitelist", "ip"),
        (310000, "description:ip 不在白名单中;solution:请联系对应群的管理员", "ip"),
        (310000, "something new", "security"),
        (123456, "never seen", "unknown"),
        (88, "ding talk error", "unknown"),
        (404, "请求的URI地址不存在", "unknown"),
    ],
)
def test_broken(code: int, errmsg: str, reason: str) -> None:
    outcome = answer(code, errmsg)
    assert isinstance(outcome, Broken)
    assert outcome.reason == reason


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>busy</html>",
        b"[]",
        b'{"errcode"',
        b"{}",
        b'{"errcode": null}',
        b'{"errcode": true}',
        b'{"errcode": "ok"}',
        b'{"errcode": 1.5}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_unreadable_leaves_the_outcome_open(content: bytes) -> None:
    outcome = read_answer(200, content)
    assert isinstance(outcome, Unreachable)
    assert outcome.ambiguous


@pytest.mark.parametrize(
    ("status", "content"), [(500, b""), (502, b"<html>"), (503, b'{"errcode":0}')]
)
def test_a_server_error_leaves_it_open_too(status: int, content: bytes) -> None:
    assert read_answer(status, content) == Unreachable(f"DingTalk answered HTTP {status}", True)


def test_busy_leaves_it_open_too() -> None:
    assert answer(-1, "系统繁忙") == Unreachable("DingTalk is busy (errcode -1)", True)


def test_another_server_at_the_address_is_told() -> None:
    outcome = read_answer(404, b"not found")
    assert isinstance(outcome, Broken)
    assert outcome.reason == "request"


def test_an_errcode_counts_even_with_a_client_error_status() -> None:
    assert isinstance(answer(300005, status=400), Broken)


def test_a_long_errmsg_is_cut() -> None:
    outcome = answer(400403, "长" * 1000)
    assert isinstance(outcome, Refused)
    assert len(outcome.errmsg) == 300


def test_an_errmsg_is_one_line_that_every_store_keeps_and_every_terminal_shows() -> None:
    outcome = answer(400403, "a\0b\x1b[31m\r\nc")
    assert isinstance(outcome, Refused)
    assert outcome.errmsg == "a b [31m c"


@given(st.integers(100, 599), st.binary(max_size=200))
def test_any_answer_is_understood(status: int, content: bytes) -> None:
    read_answer(status, content)


@given(st.integers(), st.text(max_size=50))
def test_only_zero_is_ok(code: int, errmsg: str) -> None:
    assert isinstance(answer(code, errmsg), Sent) == (code == 0)
