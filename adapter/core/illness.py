"""Illness: why a token cannot send, in one short word and in a person's words.

A token is ill from its first failure until a message passes, or is refused for its content alone.
"""

from __future__ import annotations

from typing import Final, assert_never

from adapter.core.delivery import (
    Broken,
    Exhausted,
    Notice,
    Outcome,
    Refused,
    Sent,
    Throttled,
    TooBig,
    Unreachable,
)
from adapter.core.text import escape

THROTTLED: Final = "throttled"
EXHAUSTED: Final = "exhausted"
UNREACHABLE: Final = "unreachable"
GONE: Final = "gone"
"""No illness: there is no such robot any more."""

BLOCKED: Final = frozenset({THROTTLED, EXHAUSTED, UNREACHABLE})
"""Illnesses that pass by themselves; with any other the robot is broken."""

_TOLD: Final = {
    "token": ("机器人的 access_token 无效", "its access token is not known"),
    "disabled": ("机器人已停用", "it is disabled"),
    "removed": ("机器人已被移出群", "it was removed from its group"),
    "dissolved": ("群已解散", "its group was dissolved"),
    "keyword": ("关键词不匹配", "its keyword is missing"),
    "sign": ("加签不匹配", "its signature does not match"),
    "clock": ("本机时钟偏差过大", "this machine's clock is off"),
    "ip": ("本机 IP 不在白名单", "this address is not in its list"),
    "security": ("机器人的安全设置拒绝", "its security settings refuse"),
    "request": ("api_url 不是机器人接口", "no robot API answers at its api_url"),
    "unknown": ("钉钉返回未知错误码", "DingTalk refuses with an unknown errcode"),
    THROTTLED: ("发送过快被钉钉限流", "DingTalk throttles it"),
    EXHAUSTED: ("本月消息额度已用完", "the month's messages are used up"),
    GONE: ("已从配置中删除", "removed from the configuration"),
    UNREACHABLE: ("无法连接钉钉", "DingTalk cannot be reached through it"),
}


def illness(outcome: Outcome) -> str:
    """Return what a token that brought this outcome suffers from; empty if it is well."""
    match outcome:
        case Sent() | Refused() | TooBig():
            return ""
        case Throttled():
            return THROTTLED
        case Exhausted():
            return EXHAUSTED
        case Unreachable():
            return UNREACHABLE
        case Broken(reason=reason):
            return reason
        case _:
            assert_never(outcome)


def told(reason: str, language: str) -> str:
    """Return an illness in words; one that this version does not know as it is."""
    chinese, english = _TOLD.get(reason, (reason, reason))
    return english if language == "en" else chinese


def for_robot(robot: str, reason: str, language: str) -> str:
    """Return the line of markdown that marks a message which another robot sends for `robot`."""
    name = escape(robot)
    if language == "en":
        return f"for {name}: {told(reason, language)}"
    return f"代 {name} 发送 · for {name}: {told(reason, language)}"


def exhausted_notice(robot: str, fallback: str) -> Notice:
    """Return what the readers of a robot's fallback are told when its month is used up."""
    name = escape(robot)
    return Notice(
        robot=fallback,
        title=f"⚠️ {robot} 本月消息额度已用完 · month used up",
        text=(
            f"### ⚠️ {name} 本月消息额度已用完\n\n"
            f"钉钉以 90030 拒绝了机器人 {name}。它将停发到月底；告警由本机器人代发。"
            "如已购买额度，请重新加载配置（SIGHUP 或 /-/reload）立即重试。\n\n"
            f"DingTalk refuses robot {name} with 90030: the month's messages are used up. It rests "
            "until the month turns, and its alerts come here. If you have bought more, reload the "
            "configuration to try at once."
        ),
    )
