"""Grafana's signature: HMAC-SHA256 in hex over the raw body, or over `<timestamp>:<body>`."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from flask import Request

    from adapter.config.settings import HmacAuth

WINDOW: Final = timedelta(minutes=5)
"""How far the time of a signature may be from ours, either way."""

_SECONDS: Final = re.compile(r"[0-9]{1,10}")


def signed(request: Request, settings: HmacAuth, body: bytes, now: datetime) -> bool:
    """Return whether the signature is one of this body, and of this time where it has one.

    The bytes are signed as they came: decoding and encoding JSON would change them.
    """
    signer = hmac.new(settings.secret.reveal().encode(), digestmod=hashlib.sha256)
    in_time = True
    if settings.timestamp_header:
        timestamp = request.headers.get(settings.timestamp_header, "")
        in_time = _in_time(timestamp, now)
        signer.update(timestamp.encode("latin-1") + b":")
    signer.update(body)
    given = request.headers.get(settings.header, "").lower()
    return hmac.compare_digest(given.encode("latin-1"), signer.hexdigest().encode()) and in_time


def _in_time(timestamp: str, now: datetime) -> bool:
    if not _SECONDS.fullmatch(timestamp):
        return False
    return abs(now - datetime.fromtimestamp(int(timestamp), UTC)) <= WINDOW
