"""Decisions: send a dead letter again, or give up what was not delivered; confirmed and on record.

A GET only asks; the POST of its form decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import Response, redirect, url_for

from adapter.web.pages.delivery import story_of

if TYPE_CHECKING:
    from flask import Blueprint
    from werkzeug.wrappers import Response as AnyResponse

    from adapter.web.message_pages.timeline import Story
    from adapter.web.pages.shell import Shell
    from adapter.web.pages.words import Pairs

WORDS: Final[Pairs] = {
    "ask_retry": ("重新发送？", "Send it again?"),
    "ask_discard": ("放弃？", "Give it up?"),
    "what_retry": (
        "死信会回到队列，占用机器人的限速，尽快发送。",
        "What is dead waits again, within the robot's rate, and is sent as soon as may be.",
    ),
    "what_discard": (
        "死信和还在等待的告警不会再发送。这个决定不能撤销。",
        "What is dead or waits will not be sent any more. This cannot be undone.",
    ),
    "recorded": ("会记录由 {} 决定。", "It is put on record that {} decided so."),
    "of_delivery": ("投递", "Delivery"),
    "alerts": ("告警", "Alerts"),
    "do_retry": ("重新发送", "Send again"),
    "do_discard": ("放弃", "Give up"),
    "back": ("不，返回", "No, go back"),
    "not_done": ("没有做成：", "It was not done:"),
}


def add_decisions(shell: Shell, blueprint: Blueprint) -> None:
    """Add `/deliveries/NAME/retry` and `/discard`, asked first."""
    backend = shell.backend

    @blueprint.get("/deliveries/<name>/retry")
    def ask_retry(name: str) -> Response:
        return _ask(shell, "retry", name)

    @blueprint.get("/deliveries/<name>/discard")
    def ask_discard(name: str) -> Response:
        return _ask(shell, "discard", name)

    @blueprint.post("/deliveries/<name>/retry")
    def retry(name: str) -> AnyResponse:
        shell.form()
        return _told(shell, "retry", name, backend.retry(name, shell.visitor).problems)

    @blueprint.post("/deliveries/<name>/discard")
    def discard(name: str) -> AnyResponse:
        shell.form()
        return _told(shell, "discard", name, backend.discard(name, shell.visitor).problems)


def _ask(shell: Shell, action: str, name: str, problems: object = (), code: int = 200) -> Response:
    story = story_of(shell, name.partition(".")[0])
    return shell.show(
        "decide.html",
        WORDS,
        code=code,
        action=action,
        name=name,
        story=story,
        alerts=_named(story, name),
        problems=problems,
    )


def _named(story: Story, name: str) -> list[str]:
    """Return the names of the alerts that a name means."""
    lives = story.timeline.lives
    meant = [life for life in lives if life.id == name] if "." in name else lives
    return list(dict.fromkeys(life.name for life in meant))


def _told(shell: Shell, action: str, name: str, problems: object) -> AnyResponse:
    if problems:
        return _ask(shell, action, name, problems, 409)
    delivery = name.partition(".")[0]
    return redirect(url_for("pages.delivery", name=delivery, done=action), 303)
