"""Gauges that are asked from the store at each scrape: right whoever put something there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from prometheus_client.core import GaugeMetricFamily

from adapter.core.illness import BLOCKED
from adapter.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from prometheus_client import Gauge, Metric

    from adapter.core.heartbeats import Heartbeat
    from adapter.core.monthly import Allowance
    from adapter.core.quota import Rate
    from adapter.core.switches import Switch

PREFIX: Final = "alertmanager_dingtalk_"


class Waiting(Protocol):
    """What waits at one robot."""

    @property
    def pending(self) -> int:
        """Return how many deliveries wait."""
        ...

    @property
    def oldest_received_at(self) -> datetime:
        """Return when the oldest of them was received."""
        ...


class Ailing(Protocol):
    """What ails a token."""

    @property
    def reason(self) -> str:
        """Return what it suffers from, in a short word."""
        ...


class Month(Protocol):
    """What was sent of a quota in a month."""

    def spent(self, used: int) -> int:
        """Return all that is spent; `used` was before this adapter began to count."""
        ...


class Queue(Protocol):
    """What the gauges are read from."""

    def queue(self, now: datetime) -> Mapping[str, Waiting]:
        """Return what waits now, by robot."""
        ...

    def resting(self) -> Mapping[str, datetime]:
        """Return until when tokens rest, by their key."""
        ...

    def spent(self, now: datetime) -> Mapping[str, int]:
        """Return how many requests count against the rate of a token, by its key."""
        ...

    def dead(self) -> Mapping[str, int]:
        """Return how many alerts DingTalk would not take, by robot."""
        ...

    def months(self, now: datetime) -> Mapping[str, Month]:
        """Return how many messages were sent in this month of each quota that was ever used."""
        ...

    def ailing(self) -> Mapping[str, Ailing]:
        """Return which tokens could not send at last, and why, by their key."""
        ...


class Switchboard(Protocol):
    """What the gauge of heartbeats is read from."""

    def switches(self) -> Iterable[Switch]:
        """Return what is known of every heartbeat."""
        ...


class Member(Protocol):
    """What the gauges need to know of each robot of a pool."""

    @property
    def token_key(self) -> str:
        """Return under what the token's rate is kept."""
        ...

    @property
    def rate(self) -> Rate:
        """Return how much it may send."""
        ...


class Limited(Member, Protocol):
    """What the gauges of a robot's rate need to know of it."""

    @property
    def allowance(self) -> Allowance | None:
        """Return what the month allows it."""
        ...

    @property
    def members(self) -> Sequence[Member]:
        """Return the robot and its pool."""
        ...


class QueueCollector:
    """Ask the outbox when Prometheus asks."""

    def __init__(
        self,
        queue: Queue,
        now: Callable[[], datetime],
        robots: Callable[[], Mapping[str, Limited]],
        store_up: Gauge,
    ) -> None:
        self._queue = queue
        self._now = now
        self._robots = robots
        self._store_up = store_up

    def describe(self) -> Iterable[Metric]:
        """Return nothing: registering must not read the store."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Return the gauges of the queue; none of them when the store cannot be read."""
        try:
            return (*self._of_queue(), *self._of_rate(), self._of_illness(), self._of_months())
        except StoreUnavailable:
            self._store_up.set(0)
            return ()

    def _of_queue(self) -> Iterable[Metric]:
        pending = self._family("deliveries_pending", "Deliveries that wait.")
        oldest = self._family("oldest_pending_seconds", "Age of the oldest one that waits.")
        dead = self._family("deliveries_dead", "Alerts that DingTalk took in no form.")
        for robot, state in self._queue.queue(self._now()).items():
            pending.add_metric([robot], state.pending)
            age = (self._now() - state.oldest_received_at).total_seconds()
            oldest.add_metric([robot], max(0.0, age))
        for robot, number in self._queue.dead().items():
            dead.add_metric([robot], number)
        return pending, oldest, dead

    def _of_rate(self) -> Iterable[Metric]:
        remaining = self._family("rate_remaining", "Messages that the rate allows at once now.")
        blocked = self._family("blocked_until_timestamp_seconds", "Until when a robot rests.")
        spent, resting = self._queue.spent(self._now()), self._queue.resting()
        for name, robot in self._robots().items():
            keys = {member.token_key: member.rate.messages for member in robot.members}
            left = sum(max(0, most - spent.get(key, 0)) for key, most in keys.items())
            remaining.add_metric([name], left)
            if any(key in resting for key in keys):
                rests = (resting[key].timestamp() if key in resting else 0.0 for key in keys)
                blocked.add_metric([name], max(0.0, min(rests)))
        return remaining, blocked

    def _of_illness(self) -> Metric:
        text = "1 while DingTalk refuses a robot, or one of its pool, whatever it sends."
        broken = self._family("robot_broken", text, "reason")
        ailing = self._queue.ailing()
        for name, robot in self._robots().items():
            reasons = {
                ailing[each.token_key].reason for each in robot.members if each.token_key in ailing
            }
            for reason in sorted(reasons - BLOCKED):
                broken.add_metric([name, reason], 1)
        return broken

    def _of_months(self) -> Metric:
        text = "Messages that count against a quota in this month."
        family = GaugeMetricFamily(f"{PREFIX}monthly_messages", text, labels=["quota"])
        months = self._queue.months(self._now())
        named = [robot.allowance for robot in self._robots().values() if robot.allowance]
        for name, allowance in {each.name: each for each in named}.items():
            month = months.get(name)
            spent = allowance.used if month is None else month.spent(allowance.used)
            family.add_metric([name], spent)
        return family

    def _family(self, name: str, text: str, *labels: str) -> GaugeMetricFamily:
        return GaugeMetricFamily(f"{PREFIX}{name}", text, labels=["robot", *labels])


class HeartbeatCollector:
    """Ask when heartbeats were seen when Prometheus asks."""

    def __init__(
        self,
        switchboard: Switchboard,
        heartbeats: Callable[[], Iterable[Heartbeat]],
        store_up: Gauge,
    ) -> None:
        self._switchboard = switchboard
        self._heartbeats = heartbeats
        self._store_up = store_up

    def describe(self) -> Iterable[Metric]:
        """Return nothing: registering must not read the store."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Return when each value was seen; of several sources the one silent longest counts."""
        family = GaugeMetricFamily(
            f"{PREFIX}heartbeat_last_seen_timestamp_seconds",
            "When a heartbeat was seen last; 0 where never.",
            labels=["heartbeat", "value"],
        )
        names = {each.key: each.name for each in self._heartbeats()}
        oldest: dict[tuple[str, str], float] = {}
        try:
            switches = self._switchboard.switches() if names else ()
        except StoreUnavailable:
            self._store_up.set(0)
            return ()
        for switch in switches:
            if switch.heartbeat in names:
                labels = names[switch.heartbeat], switch.value
                seen_at = 0.0 if switch.seen_at is None else switch.seen_at.timestamp()
                oldest[labels] = min(seen_at, oldest.get(labels, seen_at))
        for labels, seen_at in oldest.items():
            family.add_metric(labels, seen_at)
        return (family,)
