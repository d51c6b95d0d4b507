"""Read `server.auth`: who may post webhooks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from adapter.config.problems import Mistake
from adapter.config.reader import list_of, scalar
from adapter.config.secret_values import SKIPPED, password, read_secret, take_secret, token
from adapter.config.settings import SIGNATURE_HEADER, AuthSettings, BasicAuth, HmacAuth

if TYPE_CHECKING:
    from pathlib import Path

    from adapter.config.reader import Section, Value
    from adapter.secret import Secret

_HEADER: Final = re.compile(r"[A-Za-z0-9-]+")
"""Not `_`: a header with it looks like another one to a WSGI application, and is dropped."""


def read_auth(value: Value) -> AuthSettings:
    """Return the methods by which a sender may prove itself."""
    with value.section("server.auth", "bearer_tokens: [TOKEN]") as section:
        tokens = section.only_one("bearer_tokens", "bearer_token_files")
        basic, hmac = section.get("basic"), section.get("hmac")
        if tokens is None and basic is None and hmac is None:
            value.problem(
                "names no method; give bearer_tokens, bearer_token_files, basic or hmac, "
                "or remove it to let anyone post"
            )
        return AuthSettings(
            bearer_tokens=() if tokens is None else _read_tokens(*tokens),
            bearer_token_files=() if tokens is None else _read_paths(*tokens),
            basic=None if basic is None else basic.read(_read_basic, None),
            hmac=None if hmac is None else hmac.read(_read_hmac, None),
        )


def _read_tokens(key: str, value: Value) -> tuple[Secret, ...]:
    def read(item: Value) -> Secret:
        return read_secret(key, item, token, SKIPPED)

    example = "[FILE]" if key.endswith("_files") else "[TOKEN]"
    return value.read(list_of(read, example), ())


def _read_paths(key: str, value: Value) -> tuple[Path, ...]:
    if not key.endswith("_files"):
        return ()
    return value.read(list_of(_read_path, "[FILE]"), ())


def _read_path(value: Value) -> Path:
    return value.base / value.text()


def _read_basic(value: Value) -> BasicAuth | None:
    with value.section("server.auth.basic", "username: alertmanager") as section:
        return take_basic(section)


def take_basic(section: Section) -> BasicAuth | None:
    """Return the user name and the password of a section; None where one is wrong or missing."""
    username = section.require("username", scalar(_username), "a name such as alertmanager")
    secret = take_secret(section, "password", password, "the password")
    if username is None or secret is None:
        return None
    return BasicAuth(
        username=username,
        password=secret,
        password_file=section.take("password_file", _read_path, None),
    )


def _username(text: str) -> str:
    if not text or ":" in text or not text.isprintable():
        raise Mistake("is no user name; expected one without a colon, such as alertmanager")
    return text


def _read_hmac(value: Value) -> HmacAuth | None:
    with value.section("server.auth.hmac", "secret_file: FILE") as section:
        secret = take_secret(section, "secret", password, "the secret that Grafana signs with")
        header = section.scalar("header", header_name, SIGNATURE_HEADER)
        timestamp_header = section.scalar("timestamp_header", header_name, "")
        if header.lower() == timestamp_header.lower():
            value.problem("header and timestamp_header are the same; name two headers")
        if secret is None:
            return None
        return HmacAuth(
            secret=secret,
            secret_file=section.take("secret_file", _read_path, None),
            header=header,
            timestamp_header=timestamp_header,
        )


def header_name(text: str) -> str:
    """Read the name of a header."""
    if not _HEADER.fullmatch(text):
        raise Mistake("is no name of a header; expected letters, digits and -")
    return text
