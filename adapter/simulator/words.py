"""The words of the page, in Chinese and English."""

from __future__ import annotations

from typing import Final, Literal

from adapter.phone import WORDS
from adapter.simulator.mentions import Reason

Language = Literal["zh", "en"]

_PAIRS: Final = {
    **WORDS,
    "all": ("全部消息", "All messages"),
    "simulator": ("钉钉模拟器", "DingTalk simulator"),
    "members": ("群成员", "Members"),
    "robot": ("机器人", "Robot"),
    "rate": ("频率", "Rate"),
    "muted": ("限流至", "muted until"),
    "nothing": (
        "还没有消息。把机器人的 api_url 指向这里，再触发一条告警。",
        "No messages yet. Point a robot's api_url here and let an alert fire.",
    ),
    "empty": ("暂无消息", "no messages"),
    "request": ("原始请求", "Raw request"),
    "answer": ("应答", "Answer"),
    "bytes": ("字节", "bytes"),
    "refused": ("已拒绝", "Refused"),
    "repeated": ("重复的 msgUuid，未再显示", "msgUuid came before; not shown again"),
    "fault": ("注入的故障", "Fault on order"),
    "reset": ("连接被重置", "connection reset"),
    "rings": ("已提醒", "notified"),
    "silent": ("未提醒", "not notified"),
    "everybody": ("所有人", "everybody"),
    "details": ("阅读全文", "Read more"),
    "older": ("仅显示最近的 {} 条请求", "only the newest {} requests are shown"),
    Reason.TYPE: ("此消息类型不支持 @", "this message type cannot mention"),
    Reason.FORMAT: (
        "号码格式不对：大陆 11 位不带 +86，境外 +区号-号码",
        "malformed: 11 digits without +86, or +COUNTRY-NUMBER",
    ),
    Reason.STRANGER: ("不在群里", "not in the group"),
    Reason.EXTERNAL: ("外部群不能 @", "an external group cannot be mentioned"),
    Reason.UNMARKED: ("正文里没有 @ 此人", "the text does not hold the @…"),
    Reason.UNSEPARATED: ("@ 前后缺少空格", "no white space around the @…"),
    Reason.ALL: ("已 @所有人，不再单独解析", "covered by @all"),
    Reason.EXCESS: ("超过 50 人，已截断", "beyond the first fifty"),
    Reason.UNNAMED: ("at 里没有此人，只是文字", "only text: `at` does not name them"),
}


def words(language: Language) -> dict[str, str]:
    """Return every word of the page in one language."""
    index = ("zh", "en").index(language)
    return {str(name): pair[index] for name, pair in _PAIRS.items()}
