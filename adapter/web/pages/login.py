"""Who may see the page, and as whom: by a password, or by the word of a trusted proxy.

Where no login is configured the page is for this machine alone. A page of another site can make a
browser ask loopback under a name of its own (DNS rebinding), and a proxy beside the adapter comes
from loopback too: so the name asked for must be loopback's, and no proxy may be on the way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from adapter.web.auth import knows_password, peer_of
from adapter.web.pages.refusal import PageRefusal

if TYPE_CHECKING:
    from flask import Request

    from adapter.config.settings import PageSettings

LOCAL: Final = "local"
"""The name of a visitor who need not log in."""

_NAME_LIMIT: Final = 200
_OF_A_PROXY: Final = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via")
_CHALLENGE: Final = 'Basic realm="alertmanager-dingtalk", charset="UTF-8"'


def visitor_of(request: Request, page: PageSettings) -> str:
    """Return the name of the visitor, or raise PageRefusal."""
    if not page.has_login:
        if _is_local(request):
            return LOCAL
        raise PageRefusal(404, "off")
    if _through_trusted_proxy(request, page):
        name = request.headers.get(page.trusted_header, "").strip()
        if name:
            return _utf8(name)[:_NAME_LIMIT]
    if page.basic is None:
        raise PageRefusal(403, "no_proxy")
    if knows_password(request.headers.get("Authorization", ""), page.basic):
        return page.basic.username
    raise PageRefusal(401, "no_login", {"WWW-Authenticate": _CHALLENGE})


def _through_trusted_proxy(request: Request, page: PageSettings) -> bool:
    peer = peer_of(request)
    trusted = page.trusted_proxies
    return bool(page.trusted_header) and peer is not None and any(peer in each for each in trusted)


def _is_local(request: Request) -> bool:
    peer = peer_of(request)
    proxied = any(name in request.headers for name in _OF_A_PROXY)
    return peer is not None and peer.is_loopback and not proxied and _names_loopback(request.host)


def _names_loopback(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return name == "localhost" or name.endswith(".localhost") or _is_address(name)


def _is_address(name: str) -> bool:
    """Return whether a name is loopback's address; no other site can have that as its name."""
    return name == "::1" or (name.startswith("127.") and name.replace(".", "").isdecimal())


def _utf8(header: str) -> str:
    """Return a header's text: WSGI hands it over as Latin-1."""
    return header.encode("latin-1", "replace").decode("utf-8", "replace")
