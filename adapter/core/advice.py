"""Advice: what a person can do about an outcome, in plain words."""

from __future__ import annotations

from typing import Final

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
from adapter.core.illness import EXHAUSTED, THROTTLED, UNREACHABLE

_BROKEN: Final = {
    "token": "DingTalk knows no such access token: copy the webhook of the robot again, and reload",
    "disabled": "the robot is disabled: enable it in the group's settings",
    "removed": "the robot was removed from the group: add one, configure its webhook, and reload",
    "dissolved": "the group was dissolved: add a robot to another one, configure it, and reload",
    "keyword": "the robot asks for a keyword: set `keyword` to one of those it shows, and reload",
    "sign": "the signature does not match: copy `secret` (加签, begins with SEC) again, and reload",
    "clock": "this machine's clock is more than an hour off: set it right (NTP)",
    "ip": "this address is not in the robot's list: add the address DingTalk sees to it",
    "security": "a security setting of the robot refuses: compare them with the configuration",
    "request": "no robot API answered as expected: is `api_url` right?",
    "unknown": "DingTalk answered an errcode nobody has documented: look it up there",
}

_OTHERS: Final[dict[type, str]] = {
    Sent: "",
    Throttled: "the token rests; does something else use this robot too? Lower its `rate`",
    Exhausted: "the month's messages are used up: buy more, or wait for the month to turn",
    Unreachable: "tried again by itself; look at the network, the proxy and DingTalk's status",
    Refused: "tried again without links and annotations; what is still refused is a dead letter",
    TooBig: "tried again with less in a message",
}


_BLOCKED: Final = {
    THROTTLED: _OTHERS[Throttled],
    EXHAUSTED: _OTHERS[Exhausted],
    UNREACHABLE: _OTHERS[Unreachable],
}


def remedy(reason: str) -> str:
    """Return the next step for what a token suffers from."""
    return _BLOCKED.get(reason) or _BROKEN.get(reason, _BROKEN["unknown"])


def advice(outcome: Outcome) -> str:
    """Return the next step; empty where there is nothing to do."""
    if isinstance(outcome, Broken):
        return remedy(outcome.reason)
    return _OTHERS[type(outcome)]
