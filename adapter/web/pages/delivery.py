"""A delivery's life: received, routed, told in which messages, answered; and who decided what."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from flask import request

from adapter.web.message_pages.timeline import Story
from adapter.web.message_pages.words import page_words
from adapter.web.pages.refusal import PageRefusal
from adapter.web.pages.shown_message import shown

if TYPE_CHECKING:
    from flask import Blueprint, Response

    from adapter.web.pages.shell import Shell
    from adapter.web.pages.words import Pairs

WORDS: Final[Pairs] = {
    "delivery": ("投递 {}", "Delivery {}"),
    "life": ("经过", "What became of it"),
    "waits": ("还在等待", "It still waits"),
    "rings": ("按配置提醒", "Whom the configuration rings"),
    "messages": ("消息", "Messages"),
    "message_of": ("{}，发往 {}", "{}, to {}"),
    "request": ("发给钉钉的请求", "The request to DingTalk"),
    "unreadable": ("这条消息已不再保存。", "This message is no longer kept."),
    "alerts": ("告警", "Alerts"),
    "firing": ("触发", "firing"),
    "resolved": ("恢复", "resolved"),
    "fingerprint": ("指纹", "Fingerprint"),
    "more": ("还有 {} 条未列出", "{} more are not listed"),
    "retry": ("重新发送", "Send again"),
    "discard": ("放弃", "Give up"),
    "retry_all": ("重新发送全部死信", "Send all dead ones again"),
    "discard_all": ("放弃全部未送达的", "Give up all that was not delivered"),
    "done_retry": ("已放回队列，会尽快重新发送。", "It waits again and is sent as soon as may be."),
    "done_discard": ("已放弃，并已记录。", "It was given up, and that is on record."),
}

_NUMBER: Final = re.compile(r"[0-9]{1,18}", re.ASCII)


def add_delivery(shell: Shell, blueprint: Blueprint) -> None:
    """Add `/deliveries/NAME`."""

    @blueprint.get("/deliveries/<name>")
    def delivery(name: str) -> Response:
        story = story_of(shell, name)
        history, timeline = shell.backend.history, story.timeline
        return shell.show(
            "delivery.html",
            WORDS,
            story=story,
            steps=story.steps(),
            messages=[
                shown(each.message, history.body(each.message.id)) for each in timeline.messages
            ],
            lives=list(zip(timeline.lives, story.alerts(), strict=True)),
            decisions=history.decisions(timeline.id),
            done=request.args.get("done", ""),
        )


def story_of(shell: Shell, number: str) -> Story:
    """Return what became of a delivery, or raise PageRefusal where it is not known."""
    timeline = None
    if _NUMBER.fullmatch(number):
        timeline = shell.backend.history.timeline(int(number))
    if timeline is None:
        raise PageRefusal(404, "gone")
    settings = shell.backend.settings
    return Story(timeline, settings.people, settings.style, page_words(shell.language))
