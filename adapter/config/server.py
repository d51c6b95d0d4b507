"""Read `server`: where webhooks are received and who may post them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from adapter.config.addresses import Address, listen_address
from adapter.config.problems import Mistake
from adapter.config.reader import list_of, scalar
from adapter.config.scalars import duration, size_within, whole_number
from adapter.config.secret_values import SKIPPED, password, read_secret, take_secret, token
from adapter.config.settings import AuthSettings, BasicAuth, ServerSettings

if TYPE_CHECKING:
    from pathlib import Path

    from adapter.config.reader import Section, Value
    from adapter.secret import Secret

_DEFAULT: Final = ServerSettings()
_THREADS: Final = whole_number(1, 1024)
_HIGH_WATER: Final = whole_number(1, 1_000_000_000)
_MAX_BODY: Final = size_within(1024, 1024**3)


def take_server(root: Section) -> ServerSettings:
    """Return the settings of `server`, and warn where anyone can post."""
    settings = root.take("server", _read_server, _DEFAULT)
    address = Address(settings.host, settings.port)
    if not settings.auth.required and not address.is_loopback:
        value = root.get("server") or root.value
        root.value.reading.problems.warn(
            value.key_place or value.place,
            "server.auth",
            f"webhooks are open: whoever reaches {address} can post alerts; "
            "set it, or listen on 127.0.0.1",
        )
    return settings


def _read_server(value: Value) -> ServerSettings:
    with value.section("server", "listen: 0.0.0.0:8060") as section:
        default = Address(_DEFAULT.host, _DEFAULT.port)
        address = section.scalar("listen", listen_address, default)
        return ServerSettings(
            host=address.host,
            port=address.port,
            threads=section.scalar("threads", _THREADS, _DEFAULT.threads),
            max_body=section.scalar("max_body", _MAX_BODY, _DEFAULT.max_body),
            high_water=section.scalar("high_water", _HIGH_WATER, _DEFAULT.high_water),
            dedup_window=section.scalar("dedup_window", duration, _DEFAULT.dedup_window),
            auth=section.take("auth", _read_auth, _DEFAULT.auth),
        )


def _read_auth(value: Value) -> AuthSettings:
    with value.section("server.auth", "bearer_tokens: [TOKEN]") as section:
        tokens = section.only_one("bearer_tokens", "bearer_token_files")
        basic = section.get("basic")
        if tokens is None and basic is None:
            value.problem(
                "names no method; give bearer_tokens, bearer_token_files or basic, "
                "or remove it to let anyone post"
            )
        return AuthSettings(
            bearer_tokens=() if tokens is None else _read_tokens(*tokens),
            bearer_token_files=() if tokens is None else _read_paths(*tokens),
            basic=None if basic is None else basic.read(_read_basic, None),
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
