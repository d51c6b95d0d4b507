"""Which requests DingTalk refuses, with what, and in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
import requests

from adapter.simulator import Rate, Running
from simulator.calls import NAMED, OPEN, SIGNED, TEXT, refusal, send

if TYPE_CHECKING:
    from support.clock import FakeClock


def test_a_message_is_accepted_and_stands_in_the_group(simulator: Running) -> None:
    answer = send(simulator)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.content == b'{"errcode":0,"errmsg":"ok"}'
    assert answer.headers["Content-Length"] == str(len(answer.content))
    (message,) = simulator.messages()
    assert (message.robot, message.title, message.body) == ("open", "告警", TEXT)
    assert message.size == len(message.raw) == len(answer.request.body or "")


def test_another_path_is_not_found(simulator: Running) -> None:
    answer = requests.post(f"{simulator.url}/robot/sent", json=TEXT, timeout=10)
    assert (answer.status_code, refusal(answer)) == (404, (404, "请求的URI地址不存在"))


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_another_method_is_refused(simulator: Running, method: str) -> None:
    answer = requests.request(method, f"{simulator.url}/robot/send", timeout=10)
    assert (answer.status_code, refusal(answer)) == (200, (43002, "需要POST请求"))


@pytest.mark.parametrize("query", ["", "?access_token=", "?access_token=%20"])
def test_a_missing_token_is_named(simulator: Running, query: str) -> None:
    answer = requests.post(f"{simulator.url}/robot/send{query}", json=TEXT, timeout=10)
    assert (answer.status_code, refusal(answer)) == (200, (40035, "缺少参数 access_token"))


def test_an_unknown_token_is_refused(simulator: Running) -> None:
    assert refusal(send(simulator, token="nobody")) == (300005, "token is not exist")


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("disabled", (400102, "机器人已停用")),
        ("removed", (400106, "机器人不存在")),
        ("dissolved", (400013, "群已被解散")),
    ],
)
def test_a_robot_that_does_not_work_says_so(
    simulator: Running, state: str, expected: tuple[int, str]
) -> None:
    robot = msgspec.convert(
        {**msgspec.structs.asdict(OPEN), "state": state}, type(OPEN), from_attributes=True
    )
    simulator.configure(robots=(robot,))
    assert refusal(send(simulator)) == expected
    assert simulator.messages() == ()


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_another_content_type_is_refused(simulator: Running, kind: str) -> None:
    headers = {"Content-Type": kind}
    assert refusal(send(simulator, data=b"{}", headers=headers))[0] == 43004
    simulator.configure(content_type_errcode=300001)
    assert refusal(send(simulator, data=b"{}", headers=headers)) == (300001, "param error")


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'"text"', b"null", b"\xff", b'{"a":1}x', b"[" * 9_999, b"NaN"],
)
def test_a_body_that_is_no_json_object_is_refused(simulator: Running, body: bytes) -> None:
    answer = send(simulator, data=body, headers={"Content-Type": "application/json"})
    assert refusal(answer) == (40035, "缺少参数 json")


def test_the_size_of_the_body_is_counted_in_bytes(simulator: Running) -> None:
    def body(size: int) -> bytes:
        frame = '{"msgtype":"text","text":{"content":"警%s"}}'
        return (frame % ("x" * (size - len(frame.encode()) + 2))).encode()

    headers = {"Content-Type": "application/json; charset=utf-8"}
    assert len(body(20_000)) == 20_000
    assert refusal(send(simulator, data=body(20_000), headers=headers)) == (0, "ok")
    for size in 20_001, 70_000, 3_000_000:
        errcode, errmsg = refusal(send(simulator, data=body(size), headers=headers))
        assert (errcode, errmsg) == (
            460101,
            "错误描述: body 大小不合法;解决方案:请保持大小在 20000bytes 以内。",
        )
        assert simulator.requests()[-1].size == size


def test_checks_come_in_the_order_of_the_protocol(simulator: Running) -> None:
    """A request that is wrong in every way is refused for the earliest; mended, for the next."""
    broken = msgspec.structs.replace(
        SIGNED, addresses=("10.0.0.0/8",), keywords=("告警",), state="disabled"
    )
    simulator.configure(robots=(broken,), size_limit=20, rate=Rate(messages=100))
    plain = {"Content-Type": "text/plain"}
    json = {"Content-Type": "application/json"}
    seen = [refusal(send(simulator, robot=SIGNED, data=b"{", headers=plain))[0]]
    works = msgspec.structs.replace(broken, state="enabled")
    simulator.configure(robots=(works,))
    seen += [refusal(send(simulator, robot=SIGNED, data=b"{", headers=plain))[0]]
    seen += [refusal(send(simulator, robot=SIGNED, data=b"{" * 30, headers=json))[0]]
    large = b'{"msgtype": "nonsense"}'
    seen += [refusal(send(simulator, robot=SIGNED, data=large, headers=json))[0]]
    simulator.configure(size_limit=20_000, wording="A")
    answers = [refusal(send(simulator, robot=SIGNED, data=large, headers=json))]
    simulator.configure(robots=(msgspec.structs.replace(works, addresses=()),))
    answers += [refusal(send(simulator, robot=SIGNED, data=large, headers=json))]
    simulator.configure(robots=(msgspec.structs.replace(works, addresses=(), secret=None),))
    answers += [refusal(send(simulator, robot=SIGNED, data=large, headers=json))]
    simulator.configure(robots=(msgspec.structs.replace(OPEN, access_token=SIGNED.access_token),))
    answers += [refusal(send(simulator, robot=SIGNED, data=large, headers=json))]
    assert seen == [400102, 43004, 40035, 460101]
    assert answers == [
        (310000, "ip 127.0.0.1 not in whitelist"),
        (310000, "sign not match"),
        (310000, "keywords not in content"),
        (400105, "不支持的消息类型"),
    ]


def test_denied_links_and_words_are_refused(simulator: Running) -> None:
    simulator.configure(denied_hosts=("evil.example",), denied_words=("casino",))

    def card(url: str) -> object:
        return {
            "msgtype": "actionCard",
            "actionCard": {"title": "t", "text": "x", "singleTitle": "s", "singleURL": url},
        }

    wrapped = "dingtalk://dingtalkclient/page/link?url=https%3A%2F%2Fevil.example%2F"
    for url in "http://evil.example/a", "https://a.evil.example:8/", wrapped:
        assert refusal(send(simulator, card(url)))[0] == 430101
    for url in "http://notevil.example/", "http://evil.example.org/":
        assert refusal(send(simulator, card(url)))[0] == 0
    text = {"msgtype": "markdown", "markdown": {"title": "t", "text": "[x](http://evil.example)"}}
    assert refusal(send(simulator, text))[0] == 430101
    word = {"msgtype": "text", "text": {"content": "the casino"}}
    assert refusal(send(simulator, word)) == (430102, "含有不合适的文本")


def test_a_repeated_message_id_is_ok_and_shown_once(simulator: Running, clock: FakeClock) -> None:
    message = {**TEXT, "msgUuid": "one"}
    assert refusal(send(simulator, message)) == refusal(send(simulator, message)) == (0, "ok")
    assert len(simulator.messages()) == 1
    assert [each.repeated for each in simulator.requests()] == [False, True]
    assert refusal(send(simulator, {**message, "msgUuid": "two"})) == (0, "ok")
    named = send(simulator, message, robot=NAMED)
    assert (refusal(named), len(simulator.messages())) == ((0, "ok"), 3)
    clock.advance(simulator.simulator.settings.uuid_window)
    send(simulator, message)
    assert len(simulator.messages()) == 4


def test_a_refused_message_does_not_use_up_its_id(simulator: Running) -> None:
    nameless = {"msgtype": "markdown", "markdown": {"text": "x"}, "msgUuid": "one"}
    named = {"msgtype": "markdown", "markdown": {"title": "t", "text": "x"}, "msgUuid": "one"}
    assert refusal(send(simulator, nameless))[0] == 400402
    assert refusal(send(simulator, named))[0] == 0
    assert len(simulator.messages()) == 1


def test_the_month_is_over_when_its_messages_are(simulator: Running, clock: FakeClock) -> None:
    simulator.configure(monthly_limit=2)
    message = {**TEXT, "msgUuid": "one"}
    answers = [refusal(send(simulator, message, robot=robot)) for robot in (OPEN, NAMED, OPEN)]
    assert answers == [(0, "ok"), (0, "ok"), (0, "ok")], "a repetition is not counted"
    assert refusal(send(simulator)) == (90030, "webhook over limit")
    clock.advance(clock.now().replace(day=30, hour=16) - clock.now())  # December in China
    assert refusal(send(simulator)) == (0, "ok")


def test_a_robot_may_have_a_month_of_its_own(simulator: Running) -> None:
    simulator.configure(robots=(msgspec.structs.replace(OPEN, monthly_limit=1), NAMED))
    assert [refusal(send(simulator))[0] for _ in range(2)] == [0, 90030]
    assert refusal(send(simulator, robot=NAMED))[0] == 0


def test_errcode_can_be_a_string(simulator: Running) -> None:
    simulator.configure(errcode_as="string")
    assert send(simulator).content == b'{"errcode":"0","errmsg":"ok"}'
    assert send(simulator, token="nobody").json()["errcode"] == "300005"


@pytest.mark.parametrize(
    ("wording", "keyword", "size"),
    [
        ("A", "keywords not in content", "message too long, exceed 20000 bytes"),
        (
            "B",
            (
                "description:关键词不匹配;"
                "solution:请联系群管理员查看此机器人的关键词，并在发送的信息中包含此关键词;"
            ),
            "description: body 大小不合法;solution:请保持大小在 20000bytes 以内;",
        ),
        (
            "C",
            (
                "错误描述:关键词不匹配;"
                "解决方案:请联系群管理员查看此机器人的关键词，并在发送的信息中包含此关键词;"
            ),
            "错误描述: body 大小不合法;解决方案:请保持大小在 20000bytes 以内。",
        ),
    ],
)
def test_refusals_speak_in_three_wordings(
    simulator: Running, wording: str, keyword: str, size: str
) -> None:
    simulator.configure(wording=wording)
    other = {"msgtype": "text", "text": {"content": "x"}}
    large = {"msgtype": "text", "text": {"content": "x" * 20_000}}
    assert refusal(send(simulator, other, robot=NAMED)) == (310000, keyword)
    assert refusal(send(simulator, large)) == (460101, size)
