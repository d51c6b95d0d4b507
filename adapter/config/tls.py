"""Read `server.tls`: how connections are encrypted, and whose certificates are good."""

from __future__ import annotations

import hashlib
import ssl
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from adapter.config.files import read_bytes, readable_by_everyone
from adapter.config.problems import Mistake
from adapter.config.secret_values import NAMED_FROM
from adapter.config.settings import TlsSettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from adapter.config.reader import Value

_LIMIT: Final = 1024 * 1024
_CERTIFICATE: Final = b"-----BEGIN CERTIFICATE-----"
_KEY: Final = b"PRIVATE KEY-----"
_EXAMPLE: Final = "cert_file: tls.crt, key_file: tls.key"


def read_tls(value: Value) -> TlsSettings | None:
    """Return the settings of `server.tls`; None where they are wrong."""
    with value.section("server.tls", _EXAMPLE) as section:
        certificate = section.require("cert_file", _certificate, "a certificate chain in PEM")
        key = section.require("key_file", _key, "its private key in PEM")
        authority = section.take("client_ca_file", _certificate, None)
        given = section.get("client_ca_file") is not None
    if certificate is None or key is None or (given and authority is None):
        return None
    if value.reading.skip_secrets:
        return TlsSettings(client_certificates=given)
    contents = hashlib.sha256(b"\0".join(map(_content, (certificate, key, authority))))
    return TlsSettings(
        context=_context(certificate, key, authority, contents.hexdigest()),
        client_certificates=given,
    )


def _certificate(value: Value) -> Path:
    return _pem(value, _holds_certificate)


def _key(value: Value) -> Path:
    path = _pem(value, _holds_key)
    if not value.reading.skip_secrets and readable_by_everyone(path):
        value.warn("every user of this machine can read this file; chmod 600")
    return path


def _pem(value: Value, check: Callable[[bytes], None]) -> Path:
    name = value.text()
    if not name:
        raise Mistake("is empty; expected the name of a file")
    path = value.base / name
    if not value.reading.skip_secrets:
        try:
            content = value.reading.footprint.read(path, limit=_LIMIT, regular=True)
        except Mistake as mistake:
            raise Mistake(f"the file that this names {mistake.text}{NAMED_FROM}") from None
        check(content)
    return path


def _holds_certificate(content: bytes) -> None:
    if _CERTIFICATE not in content:
        raise Mistake("the file that this names holds no certificate in PEM")


def _holds_key(content: bytes) -> None:
    if b"ENCRYPTED" in content:
        raise Mistake(
            "the file that this names holds an encrypted key, and nobody can be asked for its "
            "password; decrypt it with `openssl pkey`"
        )
    if _KEY not in content:
        raise Mistake("the file that this names holds no private key in PEM")


def _content(path: Path | None) -> bytes:
    return b"" if path is None else read_bytes(path, limit=_LIMIT)


@lru_cache(maxsize=2)  # the same files make the same context, and connections outlive a reload
def _context(certificate: Path, key: Path, authority: Path | None, _: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    try:
        context.load_cert_chain(certificate, key, password="")
    except OSError as error:
        raise Mistake(f"cert_file and key_file cannot be used: {_why(error)}") from None
    if authority is not None:
        context.verify_mode = ssl.CERT_OPTIONAL  # webhooks require one, metrics and probes do not
        try:
            context.load_verify_locations(authority)
        except OSError as error:
            raise Mistake(f"client_ca_file cannot be used: {_why(error)}") from None
    return context


def _why(error: OSError) -> str:
    if getattr(error, "reason", None) == "KEY_VALUES_MISMATCH":
        return "the key belongs to another certificate"
    return "OpenSSL cannot read them" if isinstance(error, ssl.SSLError) else "unreadable"
