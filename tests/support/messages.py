"""A message of each kind as DingTalk's documentation describes it, in words of our own."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

HOME = "https://www.dingtalk.com/"
PICTURE = "https://img.example.com/a/b.png?size=720&from=robot"
FORCED = "dingtalk://dingtalkclient/page/link?url=https%3A%2F%2Fwww.dingtalk.com%2F&pc_slide=false"
CARD_TEXT = f"![封面]({PICTURE})\n\n### 一间咖啡厅的来历\n\n二十年前的设想，**今天**开门。"

EXAMPLES: Mapping[str, dict[str, Any]] = MappingProxyType(
    {
        "text": {
            "msgtype": "text",
            "text": {"content": "今晚八点发布，@13800000001 请留意"},
            "at": {"atMobiles": ["13800000001"], "atUserIds": ["lee"], "isAtAll": False},
        },
        "text to all": {
            "msgtype": "text",
            "text": {"content": "今晚八点发布"},
            "at": {"isAtAll": True},
        },
        "link": {
            "msgtype": "link",
            "link": {
                "text": "新的一版来了：群机器人可以发送六种消息，这里逐一说明。",
                "title": "发布说明",
                "picUrl": "",
                "messageUrl": f"{HOME}notes?version=2&lang=zh",
            },
        },
        "link with a picture": {
            "msgtype": "link",
            "link": {"title": "a", "text": "b", "messageUrl": FORCED, "picUrl": "@lADOpwk3K80C0M0"},
        },
        "markdown": {
            "msgtype": "markdown",
            "markdown": {
                "title": "杭州天气",
                "text": "#### 杭州天气 @13800000001  \n  > 9 度，西北风一级\n\n"
                f"> ![风景]({PICTURE})\n\n> ###### 十点二十分 [天气]({HOME})\n",
            },
            "at": {"atMobiles": ["13800000001"], "atUserIds": ["lee"], "isAtAll": False},
        },
        "actionCard, whole-card jump": {
            "msgtype": "actionCard",
            "actionCard": {
                "title": "一间咖啡厅的来历",
                "text": CARD_TEXT,
                "btnOrientation": "0",
                "singleTitle": "阅读全文",
                "singleURL": HOME,
            },
        },
        "actionCard, independent jump": {
            "msgtype": "actionCard",
            "actionCard": {
                "title": "一间咖啡厅的来历",
                "text": f"{CARD_TEXT}\n\n @13800000001 ",
                "hideAvatar": "0",
                "btnOrientation": "1",
                "btns": [
                    {"title": "内容不错", "actionURL": HOME},
                    {"title": "不感兴趣", "actionURL": FORCED},
                ],
            },
            "at": {"atMobiles": ["13800000001"]},
        },
        "feedCard": {
            "msgtype": "feedCard",
            "feedCard": {
                "links": [
                    {"title": "列车向前一", "messageURL": HOME, "picURL": PICTURE},
                    {"title": "列车向前二", "messageURL": FORCED, "picURL": PICTURE},
                ]
            },
        },
    }
)
"""By what each shows; all six kinds are here."""
