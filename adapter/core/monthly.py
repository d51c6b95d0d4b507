"""Monthly: what an organisation may send in a month, and how that is paced over its days.

DingTalk counts an organisation's messages by the month of Asia/Shanghai. Each day has an equal
share from the first on; what a day leaves is left for the next. Past it, normal priority waits
together for a while, so that many alerts cost one message; high priority never waits.
"""

from __future__ import annotations

from calendar import monthrange
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import msgspec

from adapter.core.delivery import Notice
from adapter.core.text import escape

if TYPE_CHECKING:
    from datetime import datetime

MONTHS_TURN: Final = ZoneInfo("Asia/Shanghai")
"""Where DingTalk counts."""

PACE: Final = 10
"""How many times `per` normal priority waits at most, past the day's share."""

_TOLD_AT: Final = 5, 4  # four fifths


class Allowance(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what robots may send together in a month.

    `used` is what others had sent of it when this adapter began to count.
    """

    name: str
    messages: int
    used: int = 0
    robots: tuple[str, ...] = ()


def month_of(now: datetime) -> str:
    """Return the month by which DingTalk counts: `2026-11`."""
    return f"{now.astimezone(MONTHS_TURN):%Y-%m}"


def is_past_share(spent: int, messages: int, now: datetime) -> bool:
    """Return whether as much is spent as the days of the month up to today's end may."""
    local = now.astimezone(MONTHS_TURN)
    days = monthrange(local.year, local.month)[1]
    return spent * days >= messages * local.day


def is_nearly_spent(spent: int, messages: int) -> bool:
    """Return whether four fifths of a month's messages are spent."""
    whole, part = _TOLD_AT
    return spent * whole >= messages * part


def nearly_spent_notices(allowance: Allowance, spent: int) -> tuple[Notice, ...]:
    """Return what the robots of a quota are told when four fifths of it are spent."""
    name, most = escape(allowance.name), allowance.messages
    text = (
        f"### ⚠️ 本月钉钉消息额度 {name} 已用 {spent}/{most}\n\n"
        "用完后钉钉会拒绝发送，直到下月（北京时间）。普通告警在超出每日份额后会合并，最多等待 "
        "10 分钟；高优先级告警照常立即发送。\n\n"
        f"{spent} of the {most} messages of quota {name} are used this month. When they are used "
        "up, DingTalk refuses until the month turns. Past each day's share normal alerts are told "
        "together; high priority passes at once."
    )
    title = f"⚠️ 本月消息额度 {allowance.name} {spent}/{most}"
    return tuple(Notice(robot=robot, title=title, text=text) for robot in allowance.robots)
