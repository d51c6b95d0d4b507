"""What a simulated DingTalk is like: its robots, its group, its limits and its ways of speaking.

Every value can be changed while it runs. Where DingTalk documents nothing, the default is what the
field reports suggest, and the other readings are switches.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final, Literal

import msgspec

from adapter.errors import AdapterError
from adapter.secret import Secret

Throttle = Literal[
    "660026", "130101", "410100", "450101", "90002", "90018", "status:1111", "302", "html", "5xx"
]
"""The ways in which DingTalk has been seen to say "too fast"."""


class Rate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limit what one token may send: so many in any span `per`, or it is muted for `mute`.

    Shorten `per` to let a minute pass in seconds; the mute follows it (ten times) unless it is set.
    """

    messages: int = 20
    per: timedelta = timedelta(minutes=1)
    mute: timedelta | None = None

    @property
    def muted_for(self) -> timedelta:
        """Return how long a token is muted after one request too many."""
        return self.per * 10 if self.mute is None else self.mute


class Robot(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Describe one robot of the group; all of its security settings must pass."""

    name: str
    access_token: Secret
    secret: Secret | None = None
    keywords: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    state: Literal["enabled", "disabled", "removed", "dissolved"] = "enabled"
    rate: Rate | None = None
    monthly_limit: int | None = None


class Member(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Describe one person of the group; `mobile` is 11 digits, or `+COUNTRY-NUMBER` abroad."""

    name: str
    mobile: str = ""
    user_id: str = ""


DEMO_ROBOT: Final = Robot(
    name="ops",
    access_token=Secret("0123456789abcdef" * 4),
    secret=Secret("SEC" + "fedcba9876543210" * 4),
)
"""The robot of a simulator that was told of none; its credentials open nothing."""

DEMO_MEMBERS: Final = (
    Member(name="张三", mobile="13800000001", user_id="zhangsan"),
    Member(name="李四", mobile="13800000002", user_id="lisi"),
    Member(name="王五", mobile="13800000003", user_id="wangwu"),
    Member(name="Lee", mobile="+852-12345678", user_id="lee"),
)


class SimulatorSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hold everything a simulator can be told.

    `clock_offset` moves the simulator's time. `external` makes the group one with outsiders, where
    nobody can be mentioned. `keyword_scope` says where a keyword must stand: in title or text
    (any), in both, or in the text. `monthly_limit` counts over all robots. `kept` bounds how many
    requests are remembered.
    """

    group: str = "告警群"
    robots: tuple[Robot, ...] = (DEMO_ROBOT,)
    members: tuple[Member, ...] = DEMO_MEMBERS
    external: bool = False
    rate: Rate = Rate()
    throttle: Throttle = "660026"
    wording: Literal["A", "B", "C"] = "C"
    errcode_as: Literal["number", "string"] = "number"
    content_type_errcode: Literal[43004, 300001] = 43004
    size_limit: int = 20_000
    clock_tolerance: timedelta = timedelta(hours=1)
    keyword_scope: Literal["any", "both", "text"] = "any"
    denied_hosts: tuple[str, ...] = ()
    denied_words: tuple[str, ...] = ()
    uuid_window: timedelta = timedelta(hours=1)
    monthly_limit: int | None = None
    clock_offset: timedelta = timedelta()
    kept: int = 10_000

    def robot_of(self, access_token: str) -> Robot | None:
        """Return the robot that owns a token."""
        for robot in self.robots:
            if robot.access_token.reveal() == access_token:
                return robot
        return None

    def rate_of(self, robot: Robot | None) -> Rate:
        """Return the limit of a robot, or of a token that no robot owns."""
        return self.rate if robot is None or robot.rate is None else robot.rate


def parse_robot(text: str) -> Robot:
    """Read `NAME:TOKEN[:SECRET[:KEYWORD]]`, the form of the command line."""
    name, *credentials = (part.strip() for part in text.split(":", 3))
    if not name or not credentials or not credentials[0]:
        raise AdapterError(
            f"a robot has {len(credentials) + 1} part(s), expected NAME:TOKEN[:SECRET[:KEYWORD]]; "
            f"give at least a name and a token, such as ops:0123abcd"
        )
    token, secret, keyword = (*credentials, "", "")[:3]
    return Robot(
        name=name,
        access_token=Secret(token),
        secret=Secret(secret) if secret else None,
        keywords=(keyword,) if keyword else (),
    )


def mask(secret: str) -> str:
    """Return enough of a token to tell it from another, and too little to use it."""
    return f"{secret[:4]}…" if len(secret) >= len("0123456789abcdef") else "***"
