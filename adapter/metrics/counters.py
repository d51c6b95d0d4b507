"""What this process counts, and the page that Prometheus scrapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    disable_created_metrics,
    generate_latest,
)

from adapter import __version__
from adapter.core.alerts import Status
from adapter.core.delivery import Broken, Outcome, Throttled, Unreachable
from adapter.metrics.gauges import PREFIX, HeartbeatCollector, QueueCollector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from adapter.core.batch import Form
    from adapter.core.heartbeats import Heartbeat
    from adapter.metrics.gauges import Limited, Queue, Switchboard

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

    def received(self, *, firing: int, resolved: int) -> None:
        """Note the alerts of an accepted webhook."""
        self._firing.inc(firing)
        self._resolved.inc(resolved)

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
        self.registry.register(QueueCollector(queue, now, robots, self.store_up))

    def watch_heartbeats(
        self, switchboard: Switchboard, heartbeats: Callable[[], Iterable[Heartbeat]]
    ) -> None:
        """Read from here at each scrape when heartbeats were seen."""
        self.registry.register(HeartbeatCollector(switchboard, heartbeats, self.store_up))

    def expose(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"{PREFIX}{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"{PREFIX}{name}", text, labels, registry=self.registry)


def _labels(outcome: Outcome) -> tuple[str, str]:
    """Return errcode and a short reason, both from a closed set, so that series stay few."""
    if isinstance(outcome, Unreachable):
        return "", "unreachable"
    reason = outcome.reason if isinstance(outcome, Broken) else type(outcome).__name__.lower()
    errcode = getattr(outcome, "errcode", "")
    return errcode if errcode in _ERRCODES else "other", reason
