"""The playground: a template is edited beside the message that it makes. Nothing is kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from flask import Response, request

from adapter.core.message import BODY_LIMIT
from adapter.core.message_json import decode_message
from adapter.core.template_trial import LONGEST, TrialError
from adapter.logs import redaction
from adapter.phone import content_of
from adapter.web.pages.headers import protect
from adapter.web.pages.refusal import PageRefusal
from adapter.web.pages.trying import CHOICES, subjects, trial_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Blueprint

    from adapter.core.template_trial import Tried
    from adapter.phone import Content
    from adapter.web.backend import Backend
    from adapter.web.pages.shell import Shell
    from adapter.web.pages.words import Pairs

WORDS: Final[Pairs] = {
    "what_it_is": (
        "在这里改模板，旁边就是群里的样子。什么都不保存：下载文件，放进 templates.directory。",
        "Edit a template beside its message. Nothing is kept: download it for templates.directory.",
    ),
    "start_from": ("从已有模板开始", "Start from a template"),
    "new": ("新模板", "a new one"),
    "open": ("打开", "Open"),
    "name": ("名称", "Name"),
    "text": ("模板", "Template"),
    "subject": ("用什么试", "Try it on"),
    "recent": ("最近收到的", "What came last"),
    "samples": ("样例", "Samples"),
    "bare": ("没有标签的告警", "an alert without labels"),
    "alerts": ("{} 条告警", "{} alerts"),
    "robot": ("机器人（样例）", "Robot (of samples)"),
    "message": ("消息类型", "Message"),
    "language": ("语言", "Language"),
    "as_routed": ("按路由", "as routed"),
    "markdown": ("markdown", "markdown"),
    "action_card": ("卡片", "ActionCard"),
    "zh": ("中文", "Chinese"),
    "en": ("英文", "English"),
    "show": ("预览", "Preview"),
    "download": ("下载文件", "Download the file"),
    "preview": ("预览", "Preview"),
    "nothing_yet": ("点“预览”看消息。", "Press Preview to see the message."),
    "mistakes": ("模板有误", "Mistakes in the template"),
    "line": ("第 {} 行", "line {}"),
    "replaced": (
        "模板没能渲染这条消息：真发时会改用内置格式，如下。",
        "The template failed on this: the built-in text would be sent in its place, as below.",
    ),
    "in_the_list": ("会话列表里", "In the list of chats"),
    "bytes": ("请求体字节", "Bytes of the request"),
    "told": ("讲到的告警", "Alerts told"),
    "told_of": ("{} / {}，其余在后面的消息里", "{} of {}, the rest in further messages"),
    "rings": ("会 @", "Rings"),
    "nobody": ("无人", "nobody"),
    "no_room": ("放不下、不会 @", "No room to ring"),
    "nobody_meant": ("找不到人", "Mean nobody"),
    "request": ("请求体", "The request"),
    "slow": (
        "这个模板用了太多时间或内存，已中止。",
        "This template took too much time or memory, and was ended.",
    ),
    "busy": ("别人也在试，请稍后再点一次。", "Others are trying too; press again in a moment."),
    "broken": ("试渲染失败，原因在日志里。", "The trial failed; the log says why."),
}

NEW: Final = """\
{% extends "default.j2" %}
{% block title %}{{ super() }}{% endblock %}
{% block footer %}{{ super() }}{% endblock %}
"""
"""What a new template begins with."""

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LAYOUT: Final = "layout"
_USUAL_NAME: Final = "mine"


@dataclass(frozen=True, slots=True)
class Preview:
    """Show what came of a trial; `content` is None where no phone could show it."""

    tried: Tried
    content: Content | None
    request: str
    size: int
    alerts: int


def add_playground(shell: Shell, blueprint: Blueprint) -> None:
    """Add `/playground`, and the file that it offers."""

    @blueprint.route("/playground", methods=("GET", "POST"))
    def playground() -> Response:
        if request.method != "POST":
            return _show(shell, _start(request.args.get("template", ""), shell.backend))
        fields = _fields(shell)
        try:
            preview, why = _preview(fields, shell.backend), ""
        except TrialError as error:
            preview, why = None, error.why
        return _show(shell, fields, preview, why)

    @blueprint.post("/playground/file")
    def file() -> Response:
        fields = _fields(shell)
        response = protect(Response(fields["text"], content_type="text/plain; charset=utf-8"))
        response.headers["Content-Disposition"] = f'attachment; filename="{fields["name"]}.j2"'
        return response


def _start(name: str, backend: Backend) -> dict[str, str]:
    """Return what is in the form at first: a template that there is, or a new one."""
    text = None if name == _LAYOUT else backend.templates.get(f"{name}.j2")
    return {"name": _USUAL_NAME, "text": NEW} if text is None else {"name": name, "text": text}


def _fields(shell: Shell) -> dict[str, str]:
    """Return what was written, with a name that a file can have."""
    fields = shell.form(4 * LONGEST)
    name, text = fields.get("name", ""), fields.get("text", "").replace("\r\n", "\n")
    if len(text) > LONGEST:
        raise PageRefusal(413, "too_large")
    usable = _NAME.fullmatch(name) is not None and name != _LAYOUT
    return {**fields, "name": name if usable else _USUAL_NAME, "text": text}


def _preview(fields: Mapping[str, str], backend: Backend) -> Preview:
    trial = trial_of(fields, fields["name"], backend)
    tried = backend.workbench.try_out(trial)
    shown = redaction(tried.body)
    message, _ = decode_message(shown.encode())
    return Preview(
        tried=tried,
        content=content_of(message),
        request=shown,
        size=len(tried.body.encode()),
        alerts=len(trial.delivery.group.alerts),
    )


def _show(
    shell: Shell, fields: Mapping[str, Any], preview: Preview | None = None, why: str = ""
) -> Response:
    backend = shell.backend
    names = sorted(name.removesuffix(".j2") for name in backend.templates)
    return shell.show(
        "playground.html",
        WORDS,
        fields={"subject": "", "robot": "", "message": "", "language": "", **fields},
        templates=[name for name in names if name != _LAYOUT],
        subjects=subjects(backend.records),
        robots=list(backend.settings.robots),
        choices=CHOICES,
        preview=preview,
        why=why,
        limit=BODY_LIMIT,
    )
