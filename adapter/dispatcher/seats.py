"""Seats: which access token may send from which robot's queue.

A robot's own token and those of its pool send from its queue, and those of its fallback while all
of its own are ill. A fallback's fallback is not asked: a robot stands in for those that name it.
What waits for a robot that is configured no more is sent by its heir.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from adapter.core.stranded import Strand
from adapter.core.turn import Relief

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from adapter.config.settings import RobotSettings


NOBODY: Final[Mapping[str, str]] = MappingProxyType({})
GONE: Final = Relief((), timedelta(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """Hold a queue and one token that may send from it; `robot` is whose token that is.

    `peers` are the other tokens of the same pool, `others` those of the robot's fallback, or of the
    robot that this one stands in for (`relief`): all may send from this queue too.
    """

    queue: str
    token: str
    robot: RobotSettings
    peers: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    relief: Relief | None = None

    @property
    def name(self) -> tuple[str, str]:
        """Return what no two seats have in common."""
        return self.queue, self.token


def seats_of(
    robots: Mapping[str, RobotSettings], heirs: Mapping[str, str] = NOBODY
) -> tuple[Seat, ...]:
    """Return all seats, those of a robot's own tokens before its fallback's.

    `heirs` are names, by the robot that is gone.
    """
    own = (seat for robot in robots.values() for seat in _seats(robot, robots))
    inherited = (
        _seat(queue, {each.token_key: each for each in heir.members}, token, relief=GONE)
        for queue, heir in _heirs(robots, heirs)
        for token in dict.fromkeys(each.token_key for each in heir.members)
    )
    return (*own, *inherited)


def strands_of(
    robots: Mapping[str, RobotSettings], heirs: Mapping[str, str] = NOBODY
) -> tuple[Strand, ...]:
    """Return when each queue is stuck: nobody in any of its seats can send."""
    inherited = (
        Strand(
            robot=queue,
            tokens=tuple(member.token_key for member in heir.members),
            after=heir.fallback_after,
        )
        for queue, heir in _heirs(robots, heirs)
    )
    own = (
        Strand(
            robot=robot.name,
            tokens=tuple(member.token_key for member in robot.members),
            relief=tuple(member.token_key for member in _relieving(robot, robots)),
            after=robot.fallback_after,
        )
        for robot in robots.values()
    )
    return (*own, *inherited)


def _heirs(
    robots: Mapping[str, RobotSettings], heirs: Mapping[str, str]
) -> Iterator[tuple[str, RobotSettings]]:
    """Yield each queue whose robot is gone, with its heir; one that came back has none."""
    for queue, heir in heirs.items():
        if queue not in robots and heir in robots:
            yield queue, robots[heir]


def _relieving(
    robot: RobotSettings, robots: Mapping[str, RobotSettings]
) -> tuple[RobotSettings, ...]:
    fallback = robots.get(robot.fallback)
    return () if fallback is None else fallback.members


def _seats(robot: RobotSettings, robots: Mapping[str, RobotSettings]) -> Iterator[Seat]:
    own = {member.token_key: member for member in robot.members}
    relieving = {each.token_key: each for each in _relieving(robot, robots)}
    for token in own:
        relieving.pop(token, None)  # one that both use is the robot's own
    relief = Relief(tuple(own), robot.fallback_after)
    for mine, others, when in ((own, relieving, None), (relieving, own, relief)):
        for token in mine:
            yield _seat(robot.name, mine, token, others=tuple(others), relief=when)


def _seat(
    queue: str,
    pool: Mapping[str, RobotSettings],
    token: str,
    *,
    others: tuple[str, ...] = (),
    relief: Relief | None,
) -> Seat:
    peers = tuple(peer for peer in pool if peer != token)
    return Seat(
        queue=queue, token=token, robot=pool[token], peers=peers, others=others, relief=relief
    )
