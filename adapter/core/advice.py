"""Advice: what a person can do about an outcome, in plain words."""

from __future__ import annotations

from typing import Final

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
from adapter.core.illness import EXHAUSTED, THROTTLED, UNREACHABLE

_BROKEN: Final = {
    "token": "DingTalk knows no such access token: copy the webhook of the robot again, and reload",
    "disabled": "the robot is disabled: enable it in the group's settings",
    "removed": "the robot was removed from the group: add one, configure its webhook, and reload",
    "dissolved": "the group was dissolved: add a robot to another one, configure it, and reload",
    "keyword": "the robot asks for a keyword: set `keyword` to one of those it shows, and reload",
    "sign": "the signature does not match: copy `secret` (加签, begins with SEC) again, and reload",
    "clock": "this machine's clock is more than an hour off: set it right (NTP)",
    "ip": "this address is not in the robot's list: add the address DingTalk sees to it",
    "security": "a security setting of the robot refuses: compare them with the configuration",
    "request": "no robot API answered as expected: is `api_url` right?",
    "unknown": "DingTalk answered an errcode nobody has documented: look it up there",
}

_OTHERS: Final[dict[type, str]] = {
    Sent: "",
    Throttled: "the token rests; does something else use this robot too? Lower its `rate`",
    Exhausted: "the month's messages are used up: buy more, or wait for the month to turn",
    Unreachable: "tried again by itself; look at the network, the proxy and DingTalk's status",
    Refused: "tried again without links and annotations; what is still refused is a dead letter",
    TooBig: "tried again with less in a message",
}


_REMEDIES: Final = {
    **_BROKEN,
    THROTTLED: _OTHERS[Throttled],
    EXHAUSTED: _OTHERS[Exhausted],
    UNREACHABLE: _OTHERS[Unreachable],
}

_CHINESE: Final = {
    "token": "钉钉不认识这个 access_token：重新复制机器人的 webhook，再加载配置",
    "disabled": "机器人已停用：在群设置里启用它",
    "removed": "机器人已被移出群：新加一个，配置它的 webhook，再加载配置",
    "dissolved": "群已解散：在别的群加机器人，配置后再加载",
    "keyword": "机器人要求关键词：把 keyword 设为机器人显示的关键词之一，再加载配置",
    "sign": "签名不符：重新复制 secret（加签，以 SEC 开头），再加载配置",
    "clock": "本机时钟差了一小时以上：请校准（NTP）",
    "ip": "本机地址不在机器人的白名单里：把钉钉看到的地址加进去",
    "security": "被机器人的安全设置拒绝：对照安全设置与配置",
    "request": "对面的回答不像钉钉的机器人接口：api_url 写对了吗？",
    "unknown": "钉钉返回了没有文档的错误码：到钉钉查这个码",
    THROTTLED: "机器人在休息；别的程序也在用它吗？可调低 rate",
    EXHAUSTED: "本月的消息已用完：购买，或等到下月",
    UNREACHABLE: "会自行重试；请看网络、代理与钉钉的状态",
}


def remedy(reason: str, language: str = "en") -> str:
    """Return the next step for what a token suffers from."""
    steps = _CHINESE if language == "zh" else _REMEDIES
    return steps.get(reason, steps["unknown"])


def advice(outcome: Outcome) -> str:
    """Return the next step; empty where there is nothing to do."""
    if isinstance(outcome, Broken):
        return remedy(outcome.reason)
    return _OTHERS[type(outcome)]
