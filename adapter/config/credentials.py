"""Read the credentials of a DingTalk robot, and of those of its group that share its load."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from adapter.config.secret_values import (
    SKIPPED,
    access_token,
    read_secret,
    take_secret,
    token,
)
from adapter.config.webhook_url import SKIPPED_CREDENTIAL, Credential, webhook

if TYPE_CHECKING:
    from adapter.config.reader import Section, Value
    from adapter.secret import Secret

CREDENTIALS: Final = ("access_token", "access_token_file", "webhook", "webhook_file")
"""Keys of which a robot has one."""

MISSING: Final = (
    "missing; expected access_token or webhook (the URL that DingTalk shows), "
    "or one of them with _file"
)

_POOL: Final = "[{access_token_file: …, secret_file: …}]"
_TWICE: Final = "is the token of another robot of this pool; each robot of a group has its own"


class Member(NamedTuple):
    """Hold the credentials of one more robot of a group."""

    credential: Credential
    secret: Secret | None


def take_credential(section: Section) -> tuple[bool, Credential | None]:
    """Return whether a credential is given, and which, if it can be used."""
    given = section.only_one(*CREDENTIALS)
    if given is None:
        return False, None
    key, value = given
    parse = webhook if key.startswith("webhook") else _token_alone
    return True, value.read(lambda found: read_secret(key, found, parse, SKIPPED_CREDENTIAL), None)


def read_pool(value: Value) -> tuple[Member, ...]:
    """Return the credentials of a pool."""
    members: list[Member] = []
    for item in value.items(_POOL):
        member = item.read(_read_member, None)
        if member is None:
            continue
        if is_known(member.credential.access_token, members):
            item.problem(_TWICE)
        members.append(member)
    return tuple(members)


def is_known(access_token: Secret, members: list[Member]) -> bool:
    """Return whether a token is one of those; one that was not looked at never is."""
    tokens = {member.credential.access_token.reveal() for member in members}
    return access_token is not SKIPPED and access_token.reveal() in tokens


def _read_member(value: Value) -> Member | None:
    with value.section("robots.NAME.pool[]", "access_token: …") as section:
        given, credential = take_credential(section)
        secret = take_secret(section, "secret", token)
        if not (given or section.suggests(*CREDENTIALS)):
            value.missing("access_token", MISSING)
        return Member(credential, secret) if credential else None


def _token_alone(text: str) -> Credential:
    return Credential(access_token(text))
