"""Delivery and Outcome: one alert group on its way to one robot, and what DingTalk made of it.

A refusal is an ordinary answer, so it is a value.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from adapter.core.alerts import AlertGroup
from adapter.core.mentions import MentionRule, Wanted
from adapter.core.message import Message
from adapter.core.priority import Priority
from adapter.core.reminding import Remind
from adapter.core.severity import LABEL
from adapter.core.words import DEFAULT_LANGUAGE


class RenderSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Hold what routing decided about the look of a message."""

    template: str = "default"
    language: str = "zh"
    timezone: str = "Asia/Shanghai"
    message: str = "markdown"  # or action_card
    buttons: str = "vertical"  # or horizontal


class Split(StrEnum):
    """Say what gets a message of its own while the rate allows."""

    GROUP = "group"
    ALERT = "alert"


class Delivery(msgspec.Struct, frozen=True, kw_only=True, gc=False):  # like an Alert, in no cycle
    """Hold the part of one alert group that goes to one robot, how it is to look, whom it rings.

    What is deferred is told in a digest when `deferred_until` has come. `routes` took its alerts.
    """

    robot: str
    group: AlertGroup
    settings: RenderSettings
    priority: Priority = Priority.NORMAL
    severity_label: str = LABEL  # as it was when the alerts were counted
    split: Split = Split.GROUP
    deferred_until: datetime | None = None
    mentions: tuple[MentionRule, ...] = ()
    routes: tuple[str, ...] = ()
    remind: Remind | None = None


class Notice(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="notice"):
    """Hold a word of the adapter itself to one robot (markdown), and whom it rings."""

    robot: str
    title: str
    text: str
    mentions: tuple[Wanted, ...] = ()
    language: str = DEFAULT_LANGUAGE  # of the words around those who are rung


class Post(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="post"):
    """Hold a message of any type that somebody asked to be sent to one robot, as it is.

    `msg_uuid` is DingTalk's idempotency key, and ours.
    """

    robot: str
    message: Message
    msg_uuid: str


class Idle(msgspec.Struct, frozen=True):
    """Say that nothing can be sent before `until`; None: before something new arrives.

    While a token `rests`, what arrives changes nothing.
    """

    until: datetime | None
    rests: bool = False


class Sent(msgspec.Struct, frozen=True):
    """DingTalk accepted the message."""


class Throttled(msgspec.Struct, frozen=True):
    """DingTalk refused because too many messages came; not an attempt."""

    errcode: str
    errmsg: str


class Exhausted(msgspec.Struct, frozen=True):
    """The month's messages are used up (90030)."""

    errcode: str
    errmsg: str


class Unreachable(msgspec.Struct, frozen=True):
    """No usable answer came; `ambiguous` when the message may have been accepted all the same."""

    reason: str
    ambiguous: bool


class Broken(msgspec.Struct, frozen=True):
    """The robot or its settings are at fault, whatever the message; `reason` is a short word."""

    errcode: str
    errmsg: str
    reason: str


class Refused(msgspec.Struct, frozen=True):
    """DingTalk refused this content; another message may pass."""

    errcode: str
    errmsg: str


class TooBig(msgspec.Struct, frozen=True):
    """The body is larger than DingTalk takes."""

    errcode: str
    errmsg: str


Outcome = Sent | Throttled | Exhausted | Unreachable | Broken | Refused | TooBig
