"""Who may post webhooks. Comparisons take the same time whatever is wrong."""

from __future__ import annotations

import base64
import binascii
import hmac
import io
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, Final

from adapter.web.answers import Refusal
from adapter.web.body import TooLarge, read_body
from adapter.web.signature import signed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Request

    from adapter.clock import Clock
    from adapter.config.settings import AuthSettings, BasicAuth, ServerSettings
    from adapter.secret import Secret

_NO_CREDENTIALS: Final = (
    "no or wrong credentials; set http_config.authorization (or basic_auth) "
    "of this receiver, or the Authorization header, to what server.auth expects"
)
_WRONG_SIGNATURE: Final = (
    "wrong signature; set the HMAC secret and the timestamp header of Grafana's contact point "
    "to what server.auth.hmac expects, and the clocks to the same time"
)


def require_credentials(request: Request, server: ServerSettings, clock: Clock) -> None:
    """Refuse a request without credentials that suffice, where any are configured."""
    auth = server.auth
    if not auth.required or _authorized(request.headers.get("Authorization", ""), auth):
        return
    text = _NO_CREDENTIALS
    if auth.hmac is not None and auth.hmac.header in request.headers:
        body = _read_signed(request, server.max_body, clock)
        if signed(request, auth.hmac, body, clock.now()):
            return
        text = _WRONG_SIGNATURE
    raise Refusal(
        401,
        text,
        **{"WWW-Authenticate": ", ".join(f'{name} realm="webhooks"' for name in _schemes(auth))},
    )


def require_certificate(request: Request, server: ServerSettings) -> None:
    """Refuse a webhook without a client's certificate, where one is needed."""
    if server.client_certificates and request.environ.get("SSL_CLIENT_VERIFY") != "SUCCESS":
        raise Refusal(
            401,
            "a webhook needs a client certificate; set http_config.tls_config.cert_file and "
            "key_file of this receiver to one that server.tls.client_ca_file has signed",
        )


def require_operator(request: Request, server: ServerSettings, clock: Clock) -> None:
    """Refuse a request to operate the adapter: credentials, or loopback where there are none."""
    require_credentials(request, server, clock)
    peer = peer_of(request)
    if not server.auth.required and not (peer is not None and peer.is_loopback):
        raise Refusal(403, "without server.auth this is served to loopback only; configure it")


def _read_signed(request: Request, limit: int, clock: Clock) -> bytes:
    """Return the whole body, without which nothing is proven, and put it back.

    What is too large to be checked is from anybody, so it is not kept.
    """
    try:
        body = read_body(request, limit, clock)
    except TooLarge as refusal:
        raise Refusal(refusal.code, refusal.text) from None
    request.environ["wsgi.input"] = io.BytesIO(body)
    return body


def _schemes(auth: AuthSettings) -> Iterator[str]:
    if auth.bearer_tokens:
        yield "Bearer"
    if auth.basic is not None:
        yield "Basic"
    if auth.hmac is not None:
        yield "HMAC"


def _authorized(header: str, auth: AuthSettings) -> bool:
    scheme, _, value = header.partition(" ")  # WSGI hands headers over as Latin-1
    if scheme.lower() == "bearer":  # every token is compared, so that the time tells nothing
        given = value.strip().encode("latin-1")
        return sum(_same(given, token) for token in auth.bearer_tokens) > 0
    return auth.basic is not None and knows_password(header, auth.basic)


def knows_password(header: str, basic: BasicAuth) -> bool:
    """Return whether an `Authorization` header holds this user name and its password."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return False
    username, _, password = _decoded(value.strip()).partition(":")
    named = hmac.compare_digest(username.encode(), basic.username.encode())
    return _same(password.encode(), basic.password) and named


def _same(given: bytes, expected: Secret) -> bool:
    return hmac.compare_digest(given, expected.reveal().encode())


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""


def peer_of(request: Request) -> IPv4Address | IPv6Address | None:
    """Return the address that a request comes from, as IPv4 where a dual-stack socket maps it."""
    try:
        found = ip_address(request.remote_addr or "")
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found
