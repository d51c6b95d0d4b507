"""Faults on order: what DingTalk and the network between do wrong, once, N times or until cleared.

A fault whose `accept` is true lets the message through and spoils only the answer, which is how a
message is sent twice by a careless client. The others refuse in DingTalk's stead.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from adapter.simulator.answers import Reply, error_page, json_reply, throttle_reply
from adapter.simulator.errors import BUSY

if TYPE_CHECKING:
    from collections.abc import Sequence

Kind = Literal[
    "660026",
    "130101",
    "410100",
    "450101",
    "90002",
    "90018",
    "status:1111",
    "302",
    "html",
    "5xx",
    "-1",
    "errcode",
    "delay",
    "hang",
    "reset_before_accept",
    "reset_after_accept",
    "truncated",
    "empty",
]

_SPOIL_THE_ANSWER: Final = ("delay", "hang", "reset_after_accept", "truncated", "empty")
_MUTE: Final = {"errcode": None, "errmsg": ""}  # the client can read none


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Order one fault.

    `robot` empty: every token. `times` None: until cleared. `span` is the length of a delay or a
    hang. `status` belongs to `5xx`, `errcode` and `errmsg` to `errcode`. `accept` overrides
    whether the message is let through.
    """

    kind: Kind
    robot: str = ""
    times: int | None = None
    span: timedelta = timedelta(seconds=60)
    status: int = 502
    errcode: int = -1
    errmsg: str = BUSY.short
    accept: bool | None = None

    @property
    def accepts(self) -> bool:
        """Return whether the message is let through before the answer goes wrong."""
        return self.kind in _SPOIL_THE_ANSWER if self.accept is None else self.accept


def take(faults: Sequence[Fault], robot: str) -> tuple[Fault | None, tuple[Fault, ...]]:
    """Return the first fault that concerns a robot, and the faults that are left after it."""
    for index, fault in enumerate(faults):
        if fault.robot not in ("", robot) or fault.times == 0:
            continue
        left = (
            fault if fault.times is None else msgspec.structs.replace(fault, times=fault.times - 1)
        )
        kept = () if left.times == 0 else (left,)
        return fault, (*faults[:index], *kept, *faults[index + 1 :])
    return None, tuple(faults)


def spoil(fault: Fault, reply: Reply) -> Reply:
    """Return what is answered under a fault, where `reply` would have been."""
    changes: dict[str, object] = {}
    match fault.kind:
        case "delay":
            changes = {"delay": fault.span}
        case "hang":
            changes = {**_MUTE, "delay": fault.span, "reset": True}
        case "reset_before_accept" | "reset_after_accept":
            changes = {**_MUTE, "reset": True}
        case "truncated":
            changes = {**_MUTE, "body": reply.body[: len(reply.body) // 2]}
        case "empty":
            changes = {**_MUTE, "body": b""}
        case "-1":
            reply = json_reply(BUSY.errcode, BUSY.short)
        case "errcode":
            reply = json_reply(fault.errcode, fault.errmsg)
        case "5xx":
            reply = error_page(fault.status)
        case kind:
            reply = throttle_reply(kind)
    return msgspec.structs.replace(reply, **changes)
