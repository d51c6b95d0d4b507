"""The six messages, and the refusal for each field that one of them lacks."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from simulator.calls import refusal, send

if TYPE_CHECKING:
    from adapter.simulator import Running

BUTTON = {"title": "详情", "actionURL": "https://example.com/"}
FEED_LINK = {"title": "一", "messageURL": "https://example.com/", "picURL": "https://example.com/p"}
MESSAGES: dict[str, dict[str, Any]] = {
    "text": {"msgtype": "text", "text": {"content": "正文"}},
    "link": {
        "msgtype": "link",
        "link": {"title": "标题", "text": "正文", "messageUrl": "https://example.com/"},
    },
    "markdown": {"msgtype": "markdown", "markdown": {"title": "标题", "text": "正文"}},
    "actionCard": {
        "msgtype": "actionCard",
        "actionCard": {
            "title": "标题",
            "text": "正文",
            "singleTitle": "详情",
            "singleURL": "https://example.com/",
        },
    },
    "buttons": {
        "msgtype": "actionCard",
        "actionCard": {"title": "标题", "text": "正文", "btns": [BUTTON, BUTTON]},
    },
    "feedCard": {"msgtype": "feedCard", "feedCard": {"links": [FEED_LINK]}},
}
FIELDS = [
    ("text", "text", 400201),
    ("text", "text->content", 400202),
    ("link", "link", 400301),
    ("link", "link->text", 400302),
    ("link", "link->title", 400303),
    ("link", "link->messageUrl", 400304),
    ("markdown", "markdown", 400401),
    ("markdown", "markdown->title", 400402),
    ("markdown", "markdown->text", 400403),
    ("actionCard", "actionCard", 400501),
    ("actionCard", "actionCard->title", 400502),
    ("actionCard", "actionCard->text", 400503),
    ("actionCard", "actionCard->singleTitle", 400504),
    ("actionCard", "actionCard->singleURL", 400505),
    ("buttons", "actionCard->btns", 400506),
    ("buttons", "actionCard->btns->title", 400507),
    ("buttons", "actionCard->btns->actionURL", 400508),
    ("feedCard", "feedCard", 400601),
    ("feedCard", "feedCard->links", 400602),
    ("feedCard", "feedCard->links->title", 400603),
    ("feedCard", "feedCard->links->messageURL", 400604),
    ("feedCard", "feedCard->links->picURL", 400605),
]


@pytest.mark.parametrize("name", MESSAGES)
def test_each_of_the_six_is_accepted(simulator: Running, name: str) -> None:
    assert refusal(send(simulator, MESSAGES[name])) == (0, "ok")
    (message,) = simulator.messages()
    assert message.body == MESSAGES[name]
    assert message.title == {"text": "正文", "feedCard": "一"}.get(name, "标题")


@pytest.mark.parametrize("value", [None, "", 7, []])
@pytest.mark.parametrize(("name", "path", "errcode"), FIELDS)
def test_a_missing_field_is_named_with_its_code(
    simulator: Running, name: str, path: str, errcode: int, value: object
) -> None:
    simulator.configure(wording="A")
    body = copy.deepcopy(MESSAGES[name])
    *outer, last = path.split("->")
    place: Any = body
    for step in outer:
        place = place[step]
    for holder in place if isinstance(place, list) else [place]:
        holder[last] = value
        if value is None:
            del holder[last]
    assert refusal(send(simulator, body)) == (errcode, f"miss param : {path}")
    assert simulator.messages() == ()


def test_a_missing_field_is_described_as_it_was_captured(simulator: Running) -> None:
    body = {"msgtype": "markdown", "markdown": {"text": "x"}}
    assert refusal(send(simulator, body))[1] == (
        "错误描述:参数 markdown --》 title 缺失，或者参数格式不正确; 解决方案:请填充上对应参数;"
        "参考链接:请参考本接口对应文档查看参数获取方式，"
        "或者在https://open.dingtalk.com/document/  搜索对应文档;"
    )
    simulator.configure(wording="B")
    assert refusal(send(simulator, body))[1] == (
        "description:参数 markdown --》 title 缺失，或者参数格式不正确; solution:请填充上对应参数;"
        "link:请参考本接口对应文档查看参数获取方式，"
        "或者在https://open.dingtalk.com/document/  搜索对应文档;"
    )
    simulator.configure(wording="A")
    assert b"markdown-\\u003Etitle" in send(simulator, body).content


@pytest.mark.parametrize(
    "kind", ["actioncard", "action_card", "feedcard", "Text", "image", "empty", "", None, 5, []]
)
def test_an_unknown_type_is_refused(simulator: Running, kind: object) -> None:
    errcode, errmsg = refusal(send(simulator, {"msgtype": kind, "text": {"content": "x"}}))
    shown = kind if isinstance(kind, str) else "null"
    assert errcode == 400105
    assert errmsg.startswith(f"错误描述: 不支持类型 msgType:{shown} ;解决方案:请使用支持的类型;")


def test_a_single_button_wins_over_several(simulator: Running) -> None:
    card = {**MESSAGES["actionCard"]["actionCard"], "btns": [{"title": "", "actionURL": ""}]}
    assert refusal(send(simulator, {"msgtype": "actionCard", "actionCard": card})) == (0, "ok")
    half = {**MESSAGES["buttons"]["actionCard"], "singleTitle": "only a title"}
    assert refusal(send(simulator, {"msgtype": "actionCard", "actionCard": half})) == (0, "ok")
    shown = [getattr(each.content, "buttons", ()) for each in simulator.messages()]
    assert [[button.title for button in buttons] for buttons in shown] == [["详情"], ["详情"] * 2]
