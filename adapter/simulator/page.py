"""The page: the group chat as DingTalk shows it, and beside each message what was asked.

It is built from the parsed tree with everything escaped, loads nothing from elsewhere, and works
without JavaScript; `page.js` only fetches it anew when `/version` changes.
"""

from __future__ import annotations

import re
from datetime import timedelta, timezone
from typing import TYPE_CHECKING, Any, Final

import msgspec
from flask import Blueprint, Response, current_app, render_template, request

from adapter.phone import FILTERS, STYLE, TEMPLATES
from adapter.simulator.mentions import Reason
from adapter.simulator.words import Language, words

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from adapter.simulator.group import ChatMessage
    from adapter.simulator.mentions import Mention
    from adapter.simulator.simulator import Simulator

_SHOWN: Final = 100
_CHINA: Final = timezone(timedelta(hours=8))
_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_MOBILE: Final = re.compile(r"(\+?\d[\d-]{2,6})\d{4}(\d{2,4})")


def page(simulator: Simulator) -> Blueprint:
    """Return the page of a simulator."""
    routes = Blueprint("page", __name__, template_folder=TEMPLATES)
    filters: dict[str, Callable[..., Any]] = {
        **FILTERS,
        "clock": clock,
        "masked": masked,
        "pretty": pretty,
        "chat_text": chat_text,
    }
    for name, function in filters.items():
        routes.add_app_template_filter(function, name)

    @routes.get("/")
    def show() -> Response:
        asked = request.args.get("robot", "")
        language: Language = "en" if _prefers_english() else "zh"
        return _protected(render_template("page.html", **_view(simulator, asked, language)))

    @routes.get("/version")
    def version() -> Response:
        return Response(simulator.version(), mimetype="text/plain")

    @routes.get("/phone.css")
    def style() -> Response:
        return Response(STYLE.read_bytes(), mimetype="text/css")

    @routes.get("/favicon.ico")
    def icon() -> Response:
        return current_app.send_static_file("robot.svg")

    return routes


def clock(instant: datetime) -> str:
    """Return the time of day in China, where DingTalk is."""
    return instant.astimezone(_CHINA).strftime("%H:%M:%S")


def masked(mention: Mention) -> str:
    """Return a target as DingTalk shows it: the name of a member, a mobile without its middle."""
    return mention.member or _MOBILE.sub(r"\1****\2", mention.target)


def chat_text(message: ChatMessage) -> str:
    """Return a text message as DingTalk shows it: mentions by name, added where they are missing.

    The number of a stranger loses its middle; beside `isAtAll` numbers stay as they are.
    """
    text = message.text
    for mention in message.mentions:
        mark, shown = f"@{mention.target}", f"@{masked(mention)}"
        if mention.rings and mark not in text and mention.kind != "all":
            text += f" {shown}"
        elif mention.rings or mention.reason is Reason.STRANGER:
            text = text.replace(mark, shown)
    return text


def pretty(raw: bytes) -> str:
    """Return a request body for reading: indented where it is JSON."""
    try:
        return msgspec.json.format(raw, indent=2).decode(errors="replace")
    except (msgspec.DecodeError, RecursionError):
        return raw.decode(errors="replace")


def _prefers_english() -> bool:
    return request.accept_languages.best_match(("zh", "en"), "zh") == "en"


def _view(simulator: Simulator, asked: str, language: Language) -> dict[str, object]:
    settings = simulator.settings
    exchanges = simulator.requests()
    latest: dict[str, ChatMessage] = {}
    for each in exchanges:
        if each.message:
            latest[each.robot] = each.message
    shown = [each for each in exchanges if asked in ("", each.robot)]
    return {
        "version": simulator.version(),
        "settings": settings,
        "robots": [robot.name for robot in settings.robots],
        "asked": asked,
        "latest": latest,
        "newest": max(latest.values(), key=lambda each: each.number, default=None),
        "meters": simulator.meters(),
        "entries": shown[-_SHOWN:],
        "older": _SHOWN if len(shown) > _SHOWN else 0,
        "language": language,
        "words": words(language),
    }


def _protected(html: str) -> Response:
    response = Response(html, mimetype="text/html")
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    response.headers["Vary"] = "Accept-Language"
    return response
