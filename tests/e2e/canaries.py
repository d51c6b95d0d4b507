"""Credentials and mobiles that must be seen nowhere, and how to look for them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PART = 12
"""Characters of a credential that are too many to show."""


def canary(name: str) -> str:
    """Return what looks like a credential, of a name."""
    return hashlib.sha256(name.encode()).hexdigest()


BEARER = canary("bearer token")
PASSWORD = canary("password of server.auth")
HMAC = canary("the secret that Grafana signs with")
GUESSED = canary("a credential that is wrong here and perhaps right elsewhere")
PROXY = canary("password of a proxy")
DATABASE = canary("password of a database")
MISPLACED = canary("a credential where none belongs")
OTHER_SECRET = canary("the secret that DingTalk knows")
LINKS = canary("what signs the links of messages")
ALERTMANAGER = canary("a token of Alertmanager")
KNOWN = (
    *(BEARER, PASSWORD, HMAC, GUESSED, PROXY, DATABASE, MISPLACED, OTHER_SECRET),
    *(LINKS, ALERTMANAGER),
)
MOBILES = ("13912345678", "+852-98765432")
MOBILE, ABROAD = MOBILES


def parts(credentials: Iterable[str]) -> Iterator[str]:
    """Yield every part of each credential that is too long to show."""
    for each in (*KNOWN, *credentials):
        for start in range(len(each) - PART + 1):
            yield each[start : start + PART]
