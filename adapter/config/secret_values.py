"""Read what no problem may quote: a token, a secret, a password, given in place or in a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from adapter.config.files import readable_by_everyone
from adapter.config.problems import Mistake
from adapter.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from adapter.config.reader import Section, Value

T = TypeVar("T")

SKIPPED: Final = Secret("skipped")
"""Stands for a secret that was not looked at."""

_FILE_LIMIT: Final = 64 * 1024
NAMED_FROM: Final = " (a relative name starts from the configuration file)"
"""What helps who named a file that is not there."""


def token(text: str) -> Secret:
    """Read what a header or a query carries: visible ASCII without spaces."""
    if not text:
        raise Mistake("is empty")
    if not text.isascii() or not text.isprintable() or " " in text:
        raise Mistake("holds a space, a line break or a character beyond ASCII; copy it again")
    return Secret(text)


def access_token(text: str) -> Secret:
    """Read an access token alone."""
    if "://" in text:
        raise Mistake("is a whole URL; give it as `webhook`, or only what follows access_token=")
    return token(text)


def password(text: str) -> Secret:
    """Read a password: one line."""
    if not text:
        raise Mistake("is empty")
    if not text.isprintable():
        raise Mistake("holds a line break or another control character; expected one line")
    return Secret(text)


def take_secret(
    section: Section, key: str, parse: Callable[[str], Secret], expected: str = ""
) -> Secret | None:
    """Return the secret that `key` or `key`_file gives, None if neither does or it is wrong.

    With `expected`, to give neither is a problem.
    """
    given = section.only_one(key, f"{key}_file")
    if given is None:
        if expected:
            section.value.missing(key, f"missing; expected {expected}, here or in {key}_file")
        return None
    name, value = given
    return value.read(lambda found: read_secret(name, found, parse, SKIPPED), None)


def read_secret(key: str, value: Value, parse: Callable[[str], T], skipped: T) -> T:
    """Return what `parse` makes of a secret, which a file holds if `key` ends in _file."""
    if key.endswith(("_file", "_files")):
        return secret_file(value, parse, skipped)
    if value.reading.skip_secrets and value.lacks_variables:
        return skipped
    return parse(value.text())


def secret_file(value: Value, parse: Callable[[str], T], skipped: T) -> T:
    """Return what `parse` makes of the text of a file, line breaks at its end left out.

    The name of a file that cannot be read is not told: it may be the secret itself.
    """
    name = value.text()
    if not name:
        raise Mistake("is empty; expected the name of a file")
    if value.reading.skip_secrets:
        return skipped
    path = value.base / name
    try:
        content = value.reading.footprint.read(path, limit=_FILE_LIMIT, regular=True)
    except Mistake as mistake:
        raise Mistake(f"the file that this names {mistake.text}{NAMED_FROM}") from None
    if readable_by_everyone(path):
        value.warn(f"every user of this machine can read the file {value.shown()}; chmod 600")
    try:
        return parse(content.decode("utf-8-sig").rstrip("\r\n"))
    except UnicodeDecodeError:
        raise Mistake("the file that this names holds no UTF-8 text") from None
    except Mistake as mistake:
        raise Mistake(f"the text of this file {mistake.text}") from None
