"""Who may post webhooks. Comparisons take the same time whatever is wrong."""

from __future__ import annotations

import base64
import binascii
import hmac
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING

from adapter.web.answers import Refusal

if TYPE_CHECKING:
    from flask import Request

    from adapter.config.settings import AuthSettings
    from adapter.secret import Secret


def require_credentials(request: Request, auth: AuthSettings) -> None:
    """Refuse a request without credentials that suffice, where any are configured."""
    if auth.required and not _authorized(request.headers.get("Authorization", ""), auth):
        schemes = ["Bearer"] * bool(auth.bearer_tokens) + ["Basic"] * (auth.basic is not None)
        raise Refusal(
            401,
            "no or wrong credentials; set http_config.authorization (or basic_auth) "
            "of this receiver, or the Authorization header, to what server.auth expects",
            **{"WWW-Authenticate": ", ".join(f'{name} realm="webhooks"' for name in schemes)},
        )


def require_operator(request: Request, auth: AuthSettings) -> None:
    """Refuse a request to operate the adapter: credentials, or loopback where there are none."""
    require_credentials(request, auth)
    if not auth.required and not _is_loopback(request.remote_addr):
        raise Refusal(403, "without server.auth this is served to loopback only; configure it")


def _authorized(header: str, auth: AuthSettings) -> bool:
    scheme, _, value = header.partition(" ")  # WSGI hands headers over as Latin-1
    value = value.strip()
    if scheme.lower() == "bearer":  # every token is compared, so that the time tells nothing
        return sum(_same(value.encode("latin-1"), token) for token in auth.bearer_tokens) > 0
    if scheme.lower() == "basic" and auth.basic is not None:
        username, _, password = _decoded(value).partition(":")
        named = hmac.compare_digest(username.encode(), auth.basic.username.encode())
        return _same(password.encode(), auth.basic.password) and named
    return False


def _same(given: bytes, expected: Secret) -> bool:
    return hmac.compare_digest(given, expected.reveal().encode())


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""


def _is_loopback(address: str | None) -> bool:
    try:
        found = ip_address(address or "")
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped:  # as a dual-stack socket sees IPv4
        return found.ipv4_mapped.is_loopback
    return found.is_loopback
