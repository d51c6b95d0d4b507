"""Target: where an alert goes, and how it is told there, as the routes say that took it.

All of it follows from the configuration, so a router works it out once and keeps it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec.structs import replace

from adapter.core.delivery import RenderSettings, Split
from adapter.core.routes import inherit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from adapter.core.mentions import MentionRule
    from adapter.core.reminding import Remind
    from adapter.core.routes import Match, RouteSettings

_RISING: Final = ("normal", "auto", "high")


class Manner(NamedTuple):
    """Hold what the alerts of one delivery have in common."""

    robot: str
    look: RenderSettings
    priority: str
    split: Split
    defer: tuple[str, ...]
    remind: Remind | None


@dataclass(frozen=True, slots=True, eq=False)  # told apart by identity: there is one of each
class Target:
    """Say where an alert goes, whether it does once it is over, whom it rings there, and why."""

    manner: Manner
    send_resolved: bool
    rules: tuple[MentionRule, ...]
    routes: tuple[str, ...]


def targets_of(
    matches: Iterable[Match], labels: Mapping[str, str], robots: Mapping[str, RouteSettings]
) -> Iterator[Target]:
    """Yield the targets of an alert that these routes took."""
    reached: dict[str, list[RouteSettings]] = {}
    ways: dict[str, list[str]] = {}
    for found in matches:
        for robot in found.robots(labels, robots):
            settings = inherit((*found.layers, robots[robot]))
            reached.setdefault(robot, []).append(settings)
            ways.setdefault(robot, []).append(found.told)
    for robot, said in reached.items():
        rules = dict.fromkeys(settings.rule for settings in said if settings.rule)
        told_over = said[0].send_resolved is not False
        routes = dict.fromkeys(ways[robot])
        yield Target(_manner(robot, said), told_over, tuple(rules), tuple(routes))


def _highest(said: Iterable[RouteSettings]) -> str:
    """Return the priority that makes the most of an alert: `auto` may make it high."""
    return max((settings.priority or "auto" for settings in said), key=_RISING.index)


def _manner(robot: str, said: Sequence[RouteSettings]) -> Manner:
    """Return how a robot is to tell alerts, with the default where nothing is said."""
    first = said[0]
    return Manner(
        robot=robot,
        look=look_of(first),
        priority=_highest(said),
        split=Split(first.split or Split.GROUP),
        defer=first.defer or (),
        remind=_remind(first),
    )


def _remind(said: RouteSettings) -> Remind | None:
    """Return how a robot reminds; whom it rings is whom the alert rings, if nothing is said."""
    remind = said.remind
    if remind is None or not remind.times:
        return None
    return remind if remind.targets else replace(remind, targets=said.mention or ())


def look_of(settings: RouteSettings) -> RenderSettings:
    """Return how a message is to look, with the built-in default where nothing is said."""
    said = {
        name: value
        for name in RenderSettings.__struct_fields__
        if (value := getattr(settings, name)) is not None
    }
    return RenderSettings(**said)
