"""Read `quotas`: what DingTalk allows an organisation in a month."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec

from adapter.config.names import named
from adapter.config.reader import scalar
from adapter.config.scalars import one_of, whole_number
from adapter.core.monthly import Allowance

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from adapter.config.reader import Section, Value
    from adapter.config.settings import RobotSettings

_MESSAGES: Final = whole_number(1, 100_000_000)
_USED: Final = whole_number(0, 100_000_000)
_SPANS: Final = ("month",)


def take_quotas(root: Section) -> Mapping[str, Allowance]:
    """Return the quotas by name; no robot draws on them yet."""
    return root.take("quotas", _read_quotas, {})


def with_robots(robots: Iterable[RobotSettings]) -> dict[str, RobotSettings]:
    """Return robots by name, each of which knows whom it shares its quota with."""
    sharing: dict[str, tuple[str, ...]] = {}
    known = tuple(robots)
    for robot in known:
        if robot.allowance is not None:
            name = robot.allowance.name
            sharing[name] = (*sharing.get(name, ()), robot.name)
    return {robot.name: _knowing(robot, sharing) for robot in known}


def _knowing(robot: RobotSettings, sharing: Mapping[str, tuple[str, ...]]) -> RobotSettings:
    if robot.allowance is None:
        return robot
    allowance = msgspec.structs.replace(robot.allowance, robots=sharing[robot.allowance.name])
    pool = tuple(replace(member, allowance=allowance) for member in robot.pool)
    return replace(robot, allowance=allowance, pool=pool)


def _read_quotas(value: Value) -> Mapping[str, Allowance]:
    entries = named(value, "company: {messages: 3000}")
    return {
        name: entry.read(partial(_read_quota, name=name), Allowance(name=name, messages=1))
        for name, entry in entries
    }


def _read_quota(value: Value, name: str) -> Allowance:
    with value.section("quotas.NAME", "messages: 3000") as section:
        expected = "how many messages a month allows, such as 3000"
        messages = section.require("messages", scalar(_MESSAGES), expected)
        section.scalar("per", one_of(_SPANS), "month")
        return Allowance(name=name, messages=messages or 1, used=section.scalar("used", _USED, 0))
