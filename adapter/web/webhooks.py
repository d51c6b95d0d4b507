"""The webhook: check, decode, route, commit, and only then answer 200.

Alertmanager retries 5xx and broken connections and nothing else, and Grafana retries nothing: so
4xx is only for what can never pass, and whatever a retry can help is 503.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec
import structlog
from flask import Blueprint, Response, request

from adapter.core.heartbeats import sift
from adapter.core.routing import Ended, Router, straight_to
from adapter.core.time_intervals import Deferral
from adapter.core.webhook import decode_webhook, with_source
from adapter.errors import PayloadError, StoreUnavailable
from adapter.web.answers import Refusal
from adapter.web.auth import require_certificate, require_credentials
from adapter.web.body import TooLarge, drain, read_body

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from adapter.config.settings import Settings
    from adapter.core.alerts import AlertGroup
    from adapter.core.delivery import Delivery
    from adapter.core.heartbeats import Beat
    from adapter.web.backend import Backend, Counts

log = structlog.get_logger(__name__)

PATHS = ("/alertmanager", "/dingtalk/")
METHODS = ("POST", "PUT")
FINGERPRINTS_LOGGED = 10
"""Alerts of a webhook that its line in the log names, as `outbox trace` knows them."""

DEFAULT_SOURCE = "default"
"""The entry of `alertmanagers` that stands for a URL without `?source=`."""


def create_webhooks(backend: Backend) -> Blueprint:
    """Return the webhook endpoints."""
    blueprint = Blueprint("webhooks", __name__)
    receiver = _Receiver(backend)

    def routed() -> Response:
        return _accepted(receiver.receive(None))

    def addressed(robot: str) -> Response:
        return _accepted(receiver.receive(robot))

    def compatible(robot: str) -> Response:
        receiver.receive(robot)
        return Response("OK", content_type="text/plain")

    for path, view in (
        ("/alertmanager", routed),
        ("/alertmanager/<robot>", addressed),
        ("/dingtalk/<robot>/send", compatible),
    ):
        blueprint.add_url_rule(
            path, view.__name__, view, methods=METHODS, provide_automatic_options=False
        )
    return blueprint


def _accepted(counts: Counts) -> Response:
    body = {
        "status": "accepted",
        "deliveries": counts.deliveries,
        "duplicates": counts.duplicates,
    }
    return Response(msgspec.json.encode(body), content_type="application/json")


class _Untold(NamedTuple):
    """Hold what a webhook says and no robot is told."""

    beats: tuple[Beat, ...]
    ended: tuple[Ended, ...]


class _Receiver:
    """Take one webhook from its bytes to its commit."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._routing = Routing(backend.settings)
        self._log = log.bind()  # made once: to make a logger takes half as long as a line

    def receive(self, robot: str | None) -> Counts:
        settings = self._backend.settings
        try:
            require_certificate(request, settings.server)
            require_credentials(request, settings.server, self._backend.clock)
            check_target(settings, robot)
            body = read_body(request, settings.server.max_body, self._backend.clock)
        except TooLarge as refusal:
            self._keep(refusal.start, refusal)
            raise
        except Refusal:
            drain(request, self._backend.clock)
            raise
        try:
            group = self._decode(body, settings)
        except Refusal as refusal:
            self._keep(body, refusal)
            raise
        rest, beats = sift(group, settings.heartbeats)
        routing = self._routed_by(settings)
        deliveries = routing.deliveries(rest, robot, self._backend.clock.now())
        untold = _Untold(beats, routing.ended(rest, robot))
        return self._commit(group, deliveries, untold, settings)

    def _routed_by(self, settings: Settings) -> Routing:
        routing = self._routing  # others may replace it meanwhile
        if routing.settings is not settings:
            routing = self._routing = Routing(settings)
        return routing

    def _decode(self, body: bytes, settings: Settings) -> AlertGroup:
        try:
            group = decode_webhook(body)
        except PayloadError as error:
            raise Refusal(400, str(error)) from None
        name = request.args.get("source") if request.query_string else None
        source = settings.sources.get(DEFAULT_SOURCE if name is None else name)
        if source is None and name is None:
            return group
        if source is None:
            known = ", ".join(settings.sources) or "none are configured"
            raise Refusal(400, f"unknown ?source= in the URL; alertmanagers: {known}")
        return with_source(source.links.group(group), source.name, source.labels)

    def _commit(
        self,
        group: AlertGroup,
        deliveries: tuple[Delivery, ...],
        untold: _Untold,
        settings: Settings,
    ) -> Counts:
        store, metrics = self._backend.store, self._backend.metrics
        if deliveries and store.waiting() >= settings.server.high_water:
            raise Refusal(503, "server.high_water is reached; Alertmanager keeps and retries this")
        counts = store.enqueue(
            deliveries,
            now=self._backend.clock.now(),
            dedup_window=settings.server.dedup_window,
            beats=untold.beats,
            ended=untold.ended,
        )
        if counts.deliveries:
            self._backend.wake({delivery.robot for delivery in deliveries})
        metrics.received(group.alerts)
        metrics.duplicates.inc(counts.duplicates)
        self._log.info(
            "webhook accepted",
            fingerprints=[alert.fingerprint for alert in group.alerts[:FINGERPRINTS_LOGGED]],
            receiver=group.receiver,
            source=group.source,
            alerts=len(group.alerts),
            deliveries=counts.deliveries,
            duplicates=counts.duplicates,
            beats=len(untold.beats),
        )
        return counts

    def _keep(self, body: bytes, refusal: Refusal) -> None:
        try:
            self._backend.store.keep_refused(
                body, code=refusal.code, reason=refusal.text, now=self._backend.clock.now()
            )
            refusal.body_kept = True
            self._backend.body_refused(refusal.code, refusal.text)
        except StoreUnavailable as error:
            log.warning("a refused body could not be kept or told", why=str(error))


def check_target(settings: Settings, robot: str | None) -> None:
    """Refuse a request to an unknown robot, and one whose body is compressed."""
    if robot is not None and robot not in settings.robots:
        raise Refusal(404, "unknown robot in the path; use a name of robots: in the configuration")
    if _codings("Content-Encoding") or _codings("Transfer-Encoding") - {"chunked"}:
        raise Refusal(415, "compressed bodies are not read; send the JSON as it is")


def _codings(header: str) -> AbstractSet[str]:
    """Return what was done to the body, as a header names it; `identity` is nothing."""
    value = request.headers.get(header)
    if not value:
        return frozenset()
    named = {word.strip().lower() for word in value.split(",")}
    return named - {"", "identity"}


class Routing:
    """Route by one configuration: what it says is worked out once."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        every = {name: robot.defaults for name, robot in settings.robots.items()}
        self._tree = Router(settings.route, every, settings.scale)
        self._straight = {
            name: Router(straight_to(name), {name: defaults}, settings.scale)
            for name, defaults in every.items()
        }

    def ended(self, group: AlertGroup, robot: str | None) -> tuple[Ended, ...]:
        """Return the alerts of a webhook that are over and of which robots are not told."""
        return self._router(robot).ended(group)

    def _router(self, robot: str | None) -> Router:
        return self._tree if robot is None else self._straight[robot]

    def deliveries(
        self, group: AlertGroup, robot: str | None, now: datetime
    ) -> tuple[Delivery, ...]:
        """Return what a webhook becomes: routed by label, or straight to one robot."""
        return self._router(robot).route(group, Deferral(self.settings.time_intervals, now))
