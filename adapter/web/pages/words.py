"""The visitor's language: asked for by a link, kept in a cookie, or else as the browser prefers.

A page's words are pairs, Chinese and English, by name. A page adds its own to those of every page.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Literal, TypeGuard

if TYPE_CHECKING:
    from flask import Request, Response

Language = Literal["zh", "en"]
Pairs = Mapping[str, tuple[str, str]]

LANGUAGES: Final[tuple[Language, ...]] = ("zh", "en")
COOKIE: Final = "adapter_language"
FIELD: Final = "lang"

_YEAR: Final = 365 * 86_400

SHELL: Final[Pairs] = {
    "adapter": ("告警投递", "Alert delivery"),
    "skip": ("跳到正文", "Skip to content"),
    "pages": ("页面", "Pages"),
    "other_language": ("English", "中文"),
    "overview": ("概览", "Overview"),
    "deliveries": ("投递", "Deliveries"),
    "oncall": ("值班", "On call"),
    "decisions": ("处理记录", "Who decided what"),
    "did_retry": ("重新发送了", "had sent again:"),
    "did_discard": ("放弃了", "gave up:"),
    "did_swap": ("换了班", "swapped a shift:"),
    "did_undo": ("撤销了换班", "undid a swap:"),
    "pending": ("等待", "waits"),
    "deferred": ("延后", "deferred"),
    "sent": ("已发送", "sent"),
    "superseded": ("被更新的状态取代", "superseded"),
    "dead": ("死信", "dead"),
    "discarded": ("已放弃", "discarded"),
    "playground": ("模板调试", "Templates"),
    "routes": ("路由测试", "Routes"),
    "maintenance": ("计划维护", "Maintenance"),
    "visitor": ("登录者", "Logged in as"),
    "offline": ("连接中断，显示的可能已过时", "Connection lost; what is shown may be old"),
    "refused": ("无法完成", "That did not work"),
    "home": ("回到概览", "Back to the overview"),
}


def language_of(request: Request) -> Language:
    """Return the language of a request; Chinese where nothing else is wanted."""
    for word in (request.args.get(FIELD), request.cookies.get(COOKIE)):
        if _known(word):
            return word
    preferred = (tag.partition("-")[0].lower() for tag in request.accept_languages.values())
    return next(filter(_known, preferred), "zh")


def keep_language(response: Response, request: Request) -> None:
    """Have the browser keep a language that was asked for."""
    asked = request.args.get(FIELD)
    if _known(asked) and request.cookies.get(COOKIE) != asked:
        response.set_cookie(
            COOKIE, asked, max_age=_YEAR, httponly=True, samesite="Lax", secure=request.is_secure
        )


def words_in(language: Language, *pairs: Pairs) -> dict[str, str]:
    """Return every word in one language."""
    index = LANGUAGES.index(language)
    return {name: pair[index] for each in pairs for name, pair in each.items()}


def _known(word: str | None) -> TypeGuard[Language]:
    return word in LANGUAGES
