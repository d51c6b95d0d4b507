"""Seats: which access token may send from which robot's queue.

A robot's own token and those of its pool send from its queue, and those of its fallback while all
of its own are ill. A fallback's fallback is not asked: a robot stands in for those that name it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from adapter.core.stranded import Strand
from adapter.core.turn import Relief

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from adapter.config.settings import RobotSettings


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


def seats_of(robots: Mapping[str, RobotSettings]) -> tuple[Seat, ...]:
    """Return all seats, those of a robot's own tokens before its fallback's."""
    return tuple(seat for robot in robots.values() for seat in _seats(robot, robots))


def strands_of(robots: Mapping[str, RobotSettings]) -> tuple[Strand, ...]:
    """Return when each queue is stuck: nobody in any of its seats can send."""
    return tuple(
        Strand(
            robot=robot.name,
            tokens=tuple(member.token_key for member in robot.members),
            relief=tuple(member.token_key for member in _relieving(robot, robots)),
            after=robot.fallback_after,
        )
        for robot in robots.values()
    )


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
        for token, member in mine.items():
            yield Seat(
                queue=robot.name,
                token=token,
                robot=member,
                peers=tuple(peer for peer in mine if peer != token),
                others=tuple(others),
                relief=when,
            )
