"""Forms: what a visitor sends, and whether the visitor's own page sent it.

A browser adds its password to whatever any site makes it send. So a POST must come from a page of
this host, by the browser's own word, and hold what only a page of this host could read: the value
of a cookie.
"""

from __future__ import annotations

import hmac
import re
import secrets
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlsplit

from adapter.web.body import TooLarge, read_body
from adapter.web.pages.refusal import PageRefusal

if TYPE_CHECKING:
    from collections.abc import Collection

    from flask import Request, Response

    from adapter.clock import Clock

COOKIE: Final = "adapter_form"
FIELD: Final = "form_token"
LIMIT: Final = 64 * 1024
"""Bytes of a form at most, where a page does not say otherwise."""

_FIELDS: Final = 200
_FORM: Final = "application/x-www-form-urlencoded"
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{32}")


def token_of(request: Request) -> str:
    """Return the token of this visitor's forms, a new one if there is none yet."""
    given = request.cookies.get(COOKIE, "")
    return given if _TOKEN.fullmatch(given) else secrets.token_urlsafe(24)


def keep_token(response: Response, request: Request, token: str) -> None:
    """Have the browser keep the token, unless it does."""
    if request.cookies.get(COOKIE) != token:
        response.set_cookie(
            COOKIE, token, httponly=True, samesite="Strict", secure=request.is_secure
        )


def read_form(request: Request, clock: Clock, limit: int = LIMIT) -> dict[str, str]:
    """Return the fields of a form, or raise PageRefusal."""
    if request.mimetype != _FORM:
        raise PageRefusal(415, "no_form")
    try:
        body = read_body(request, limit, clock)
        text = body.decode("utf-8", "replace")
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_FIELDS))
    except TooLarge:
        raise PageRefusal(413, "too_large") from None
    except ValueError:  # more fields than any form of ours has
        raise PageRefusal(413, "too_large") from None


def require_token(request: Request, form: dict[str, str]) -> None:
    """Refuse a form that no page shown to this visitor has made."""
    kept, given = request.cookies.get(COOKIE, ""), form.pop(FIELD, "")
    if not _TOKEN.fullmatch(kept) or not hmac.compare_digest(kept.encode(), given.encode()):
        raise PageRefusal(403, "stale")


def require_same_origin(request: Request, own: Collection[str] = ()) -> None:
    """Refuse what a page of another site made the browser send.

    `own` names hosts under which the adapter is reached beside the one asked for. A client that
    says nothing of its origin is no browser.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        if site != "same-origin":
            raise PageRefusal(403, "foreign")
        return
    origin = request.headers.get("Origin")
    if origin is not None and _host(origin) not in {request.host, *own}:
        raise PageRefusal(403, "foreign")


def _host(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""
