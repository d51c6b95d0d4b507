"""Read DingTalk's answer as an Outcome.

The robot API answers HTTP 200 to nearly everything and says in `errcode`, a number or a string,
what happened. Its texts come in three wordings, so the code decides; only 310000, which stands for
four different refusals, is told apart by words of all three. Source: the robot API's error codes
and captures of its answers since 2019.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from adapter.core.delivery import (
    Broken,
    Exhausted,
    Outcome,
    Refused,
    Sent,
    Throttled,
    TooBig,
    Unreachable,
)
from adapter.core.text import clean

ERRMSG_LIMIT: Final = 300
"""Characters kept of an errmsg: enough for every known wording without its boilerplate link."""

EXHAUSTED: Final = 90030
SECURITY: Final = 310000

_THROTTLED: Final = frozenset({410100, 130101, 660026, 450101, *range(90001, 90020)})
_TOO_BIG: Final = frozenset({460101, 101002})
_BROKEN: Final = {
    300001: "token",
    300005: "token",
    400101: "token",
    400102: "disabled",
    400106: "removed",
    400013: "dissolved",
    40035: "request",
    43002: "request",
    43004: "request",
}
_SECURITY: Final = (
    ("keyword", re.compile(r"keyword|关键词")),
    ("clock", re.compile(r"timestamp(?!必须)|过期")),
    ("sign", re.compile(r"sign|签名")),
    ("ip", re.compile(r"\bip\b|白名单", re.IGNORECASE)),
)
_TOO_FAST: Final = re.compile(r"too fast|too many|限流|频繁", re.IGNORECASE)


def read_answer(status: int, content: bytes) -> Outcome:
    """Return what DingTalk's answer (HTTP status and body) means for the message."""
    if 300 <= status < 400 or status == 429:  # noqa: PLR2004  # HTTP's own ranges
        return Throttled(f"http {status}", "redirected or limited by the gateway")
    if status >= 500:  # noqa: PLR2004  # same
        return Unreachable(f"DingTalk answered HTTP {status}", ambiguous=True)
    fields = _json_object(content)
    if fields is None:
        return _unreadable(status)
    if str(fields.get("status")) == "1111":
        return Throttled("status 1111", "calls from this address are blocked by the gateway")
    code = _number(fields.get("errcode"))
    if code is None:
        return _unreadable(status)
    return _outcome(code, clean(str(fields.get("errmsg", "")))[:ERRMSG_LIMIT])


def _outcome(code: int, errmsg: str) -> Outcome:
    if code == 0:
        return Sent()
    if code == -1:
        return Unreachable("DingTalk is busy (errcode -1)", ambiguous=True)
    kind = _kind(code, errmsg)
    if kind is None:
        return Broken(str(code), errmsg, broken_reason(code, errmsg))
    return kind(str(code), errmsg)


def _kind(code: int, errmsg: str) -> type[Throttled | Exhausted | TooBig | Refused] | None:
    """Return what else than a broken robot a refusal means."""
    if code in _THROTTLED:
        return Throttled
    if code == EXHAUSTED:
        return Exhausted
    if code in _TOO_BIG:
        return TooBig
    if 430101 <= code <= 430104 or 400200 <= code <= 400699 or code == 400105:  # noqa: PLR2004
        return Refused
    if code not in _BROKEN and code != SECURITY and _TOO_FAST.search(errmsg):
        return Throttled
    return None


def broken_reason(code: int, errmsg: str) -> str:
    """Return a short word for what is wrong with the robot."""
    if code == 300001 and "param" in errmsg:  # noqa: PLR2004  # DingTalk's code
        return "request"
    if code == SECURITY:
        return next((word for word, mark in _SECURITY if mark.search(errmsg)), "security")
    return _BROKEN.get(code, "unknown")


def _json_object(content: bytes) -> dict[str, object] | None:
    try:
        fields = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return fields if isinstance(fields, dict) else None


def _number(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    try:
        return int(value)
    except ValueError:
        return None


def _unreadable(status: int) -> Outcome:
    if status >= 400:  # noqa: PLR2004  # HTTP's own range
        return Broken(f"http {status}", "no answer of the robot API; is api_url right?", "request")
    return Unreachable("DingTalk's answer was not JSON of the robot API", ambiguous=True)
