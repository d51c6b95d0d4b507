"""A robot's security settings: caller's address, signature and clock, keyword. All must pass.

Every refusal is 310000; only the text tells which. Source: `dingtalk-protocol.md` sections 1.1, 7.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Final

from adapter.simulator.content import words
from adapter.simulator.errors import ADDRESS, EXPIRED, KEYWORD, SIGNATURE, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapter.secret import Secret
    from adapter.simulator.content import Json
    from adapter.simulator.settings import Robot

_TIMESTAMP: Final = re.compile(r"[0-9]{1,16}")


def check_address(robot: Robot, address: str) -> None:
    """Refuse a caller that stands outside a robot's list."""
    if robot.addresses and not _listed(address, robot.addresses):
        raise Refused(ADDRESS, address)


def check_signature(
    robot: Robot, query: Mapping[str, str], tolerance: timedelta, now: datetime
) -> None:
    """Refuse a signature that is missing, stale or wrong; one that nobody asked for is ignored."""
    if robot.secret is None:
        return
    timestamp, signature = query.get("timestamp", ""), query.get("sign", "")
    if not _TIMESTAMP.fullmatch(timestamp) or not signature:
        raise Refused(SIGNATURE)
    skew = abs(int(timestamp) - _milliseconds(now))
    if skew > tolerance // timedelta(milliseconds=1):
        raise Refused(EXPIRED)
    if not hmac.compare_digest(sign(robot.secret, timestamp).encode(), signature.encode()):
        raise Refused(SIGNATURE)


def check_keyword(robot: Robot, body: Json, scope: str) -> None:
    """Refuse a message that holds none of a robot's keywords."""
    if robot.keywords and not _named(robot.keywords, body, scope):
        raise Refused(KEYWORD)


def sign(secret: Secret, timestamp: str) -> str:
    """Return the Base64 signature of a timestamp, not yet encoded for a URL."""
    key, text = secret.reveal().encode(), f"{timestamp}\n{secret.reveal()}".encode()
    return base64.b64encode(hmac.digest(key, text, hashlib.sha256)).decode()


def _listed(address: str, ranges: tuple[str, ...]) -> bool:
    try:
        caller = ip_address(address)
        return any(caller in ip_network(each, strict=False) for each in ranges)
    except ValueError:
        return False


def _milliseconds(now: datetime) -> int:
    return (now - datetime.fromtimestamp(0, UTC)) // timedelta(milliseconds=1)


def _named(keywords: tuple[str, ...], body: Json, scope: str) -> bool:
    title, text = words(body)
    in_title = any(keyword in title for keyword in keywords)
    in_text = any(keyword in text for keyword in keywords)
    alone = not title or not text  # text has no title, a feed card no text
    match scope:
        case "text":
            return in_text or (not text and in_title)
        case "both" if not alone:
            return in_title and in_text
        case _:
            return in_title or in_text
