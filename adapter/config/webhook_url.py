"""Take apart the webhook URL that DingTalk shows when a robot is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import parse_qs

from adapter.config.addresses import http_url
from adapter.config.problems import Mistake
from adapter.config.secret_values import SKIPPED, token

if TYPE_CHECKING:
    from adapter.secret import Secret

_PATH: Final = "/robot/send"
_EXPECTED: Final = (
    "expected the whole URL that DingTalk shows: https://oapi.dingtalk.com/robot/send?…"
)


class Credential(NamedTuple):
    """Hold what lets a message into a group; `api_url` if the webhook said where."""

    access_token: Secret
    api_url: str | None = None


SKIPPED_CREDENTIAL: Final = Credential(SKIPPED)


def webhook(text: str) -> Credential:
    """Read a webhook URL; a timestamp and a sign copied with it are stale and left out."""
    try:
        parts = http_url(text)
    except Mistake:
        raise Mistake(f"is no webhook URL; {_EXPECTED}") from None
    if parts.username is not None or not parts.path.endswith(_PATH):
        raise Mistake(f"is no webhook of a DingTalk robot; {_EXPECTED}")
    tokens = parse_qs(parts.query).get("access_token", [])
    if len(tokens) != 1:
        found = "no access_token" if not tokens else "more than one access_token"
        raise Mistake(f"has {found}; {_EXPECTED}")
    prefix = parts.path.removesuffix(_PATH)
    return Credential(token(tokens[0]), f"{parts.scheme}://{parts.netloc}{prefix}")
