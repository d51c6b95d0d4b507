"""The metrics, by the names that dashboards and alert rules use.

Counters are this process's own. Gauges of the queue are asked from the outbox at each scrape, so
they are right whoever put something there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily

from adapter import __version__
from adapter.core.alerts import Status
from adapter.core.delivery import Broken, Outcome, Throttled, Unreachable
from adapter.core.illness import BLOCKED
from adapter.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from prometheus_client import Metric

    from adapter.core.alerts import Alert
    from adapter.core.batch import Form
    from adapter.core.heartbeats import Heartbeat
    from adapter.core.monthly import Allowance
    from adapter.core.quota import Rate
    from adapter.core.switches import Switch

PREFIX: Final = "alertmanager_dingtalk_"
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_LATENCIES: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)
_ERRCODES: Final = frozenset(
    {
        "",  # no answer came
        *("http 301", "http 302", "http 307", "http 308", "http 401", "http 403", "http 404"),
        *("http 405", "http 407", "http 413", "http 429", "status 1111"),
        *map(str, (40035, 43002, 43004, 88, 90002, 90018, 90030, 101002, 130101, 300001, 300005)),
        *map(str, (310000, 400013, 400101, 400102, 400105, 400106, 410100, 450101, 460101)),
        *map(str, (430101, 430102, 430103, 430104, 660026)),
        *map(str, (400201, 400202, 400401, 400402, 400403)),  # fields of text and markdown
    }
)
"""What DingTalk is known to refuse with; anything else is "other", and the log has it whole."""


disable_created_metrics()  # type: ignore[no-untyped-call]  # a `_created` series beside every counter is not in the interface


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


class Metrics:
    """Count what happens; `expose()` is the page that Prometheus scrapes."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.webhooks = self._counter("webhooks", "Webhook requests by the answer given.", "code")
        self.alerts_received = self._counter(
            "alerts_received", "Alerts in accepted webhooks.", "status"
        )
        self._firing, self._resolved = map(self.alerts_received.labels, Status)
        self._accepted = self.webhooks.labels("200")
        self.duplicates = self._counter(
            "deliveries_duplicate", "Deliveries left out because the robot knew this state."
        )
        self.messages_sent = self._counter(
            "messages_sent", "Messages that DingTalk accepted.", "robot", "msgtype"
        )
        self.alerts_delivered = self._counter(
            "alerts_delivered", "Alerts in messages that DingTalk accepted.", "robot", "form"
        )
        self.send_failures = self._counter(
            "send_failures", "Messages that it did not.", "robot", "errcode", "reason"
        )
        self.throttled = self._counter("throttled", "Messages refused for their rate.", "robot")
        self.render_failures = self._counter(
            "render_failures", "Messages for which the built-in text was used.", "template"
        )
        self.mentions_unresolved = self._counter(
            "mentions_unresolved", "Mentions in messages that meant nobody."
        )
        self.store_corruptions = self._counter(
            "store_corruptions", "Corrupt databases moved aside at start."
        )
        self.latency = Histogram(
            f"{PREFIX}delivery_latency_seconds",
            "Seconds from the webhook received to DingTalk's ok.",
            buckets=_LATENCIES,
            registry=self.registry,
        )
        self.store_up = self._gauge("store_up", "1 while the store takes writes.")
        self.reload_successful = self._gauge(
            "config_last_reload_successful", "1 if the last load of the configuration succeeded."
        )
        self.reload_success_at = self._gauge(
            "config_last_reload_success_timestamp_seconds",
            "When the configuration was last loaded successfully.",
        )
        Info(f"{PREFIX}build", "The version that runs.", registry=self.registry).info(
            {"version": __version__}
        )

    def answered(self, code: int) -> None:
        """Note the answer to a webhook."""
        known = code == 200  # noqa: PLR2004  # HTTP's own number
        (self._accepted if known else self.webhooks.labels(str(code))).inc()

    def received(self, alerts: Sequence[Alert]) -> None:
        """Note the alerts of an accepted webhook."""
        firing = [alert.status for alert in alerts].count(Status.FIRING)
        self._firing.inc(firing)
        self._resolved.inc(len(alerts) - firing)

    def sent(self, robot: str, msgtype: str, *, form: Form, alerts: int, latency: float) -> None:
        """Note a message that DingTalk accepted, `latency` seconds after its oldest webhook."""
        self.messages_sent.labels(robot, msgtype).inc()
        self.alerts_delivered.labels(robot, form.value).inc(alerts)
        self.latency.observe(max(0.0, latency))

    def failed(self, robot: str, outcome: Outcome) -> None:
        """Note a message that it did not accept."""
        if isinstance(outcome, Throttled):
            self.throttled.labels(robot).inc()
        errcode, reason = _labels(outcome)
        self.send_failures.labels(robot, errcode, reason).inc()

    def render_failed(self, template: str) -> None:
        """Note a template that failed."""
        self.render_failures.labels(template).inc()

    def unresolved(self, mentions: int) -> None:
        """Note mentions of a message that mean nobody."""
        self.mentions_unresolved.inc(mentions)

    def watch(
        self,
        queue: Queue,
        now: Callable[[], datetime],
        robots: Callable[[], Mapping[str, Limited]],
    ) -> None:
        """Read the gauges of the queue from here at each scrape."""
        self.registry.register(_QueueCollector(queue, now, robots, self.store_up))

    def watch_heartbeats(
        self, switchboard: Switchboard, heartbeats: Callable[[], Iterable[Heartbeat]]
    ) -> None:
        """Read from here at each scrape when heartbeats were seen."""
        self.registry.register(_HeartbeatCollector(switchboard, heartbeats, self.store_up))

    def expose(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"{PREFIX}{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"{PREFIX}{name}", text, labels, registry=self.registry)


class _QueueCollector:
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


class _HeartbeatCollector:
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


def _labels(outcome: Outcome) -> tuple[str, str]:
    """Return errcode and a short reason, both from a closed set, so that series stay few."""
    if isinstance(outcome, Unreachable):
        return "", "unreachable"
    reason = outcome.reason if isinstance(outcome, Broken) else type(outcome).__name__.lower()
    errcode = getattr(outcome, "errcode", "")
    return errcode if errcode in _ERRCODES else "other", reason
