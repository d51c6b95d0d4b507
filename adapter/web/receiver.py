"""Receive a webhook: check, decode, route, commit, and only then answer 200.

Alertmanager retries 5xx and broken connections and nothing else, and Grafana retries nothing: so
4xx is only for what can never pass, and whatever a retry can help is 503.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import structlog

from adapter.core.alerts import Status
from adapter.core.heartbeats import sift
from adapter.core.webhook import decode_webhook, with_source
from adapter.errors import PayloadError, StoreUnavailable
from adapter.web.answers import Refusal, later
from adapter.web.auth import require_certificate, require_credentials
from adapter.web.body import TooLarge, drain, read_body
from adapter.web.failures import answer_to
from adapter.web.webhook_routing import Routing

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet
    from wsgiref.types import WSGIApplication

    from flask import Request, Response

    from adapter.config.settings import Settings
    from adapter.core.alerts import AlertGroup
    from adapter.core.delivery import Delivery
    from adapter.core.heartbeats import Beat
    from adapter.core.routing import Ended
    from adapter.web.answers import Answer
    from adapter.web.backend import Backend, Counts, Enqueued

log = structlog.get_logger(__name__)

FINGERPRINTS_LOGGED: Final = 10
"""Alerts of a webhook that its line in the log names, as `outbox trace` knows them."""

DEFAULT_SOURCE: Final = "default"
"""The entry of `alertmanagers` that stands for a URL without `?source=`."""


class _Untold(NamedTuple):
    """Hold what a webhook says and no robot is told."""

    beats: tuple[Beat, ...]
    ended: tuple[Ended, ...]


class _Webhook(NamedTuple):
    """Hold a webhook on its way to its commit, and what is to be said of it after that.

    Not its alerts: several webhooks wait for one commit, and what is freed at once is still at hand
    for the next one.
    """

    enqueued: Enqueued
    robots: frozenset[str]
    fingerprints: list[str]
    receiver: str
    source: str
    alerts: int
    firing: int
    beats: int


class Receiver:
    """Take one webhook from its bytes to its commit.

    It returns before the commit: what the sender is told is decided when that is through.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._routing = Routing(backend.settings)
        self._log = log.bind()  # made once: to make a logger takes half as long as a line

    def answer(
        self, request: Request, robot: str | None, form: Callable[[Counts], Answer]
    ) -> WSGIApplication:
        """Return what answers a webhook, in this form when it is accepted."""
        path = request.path
        try:
            webhook = self._receive(request, robot)
        except Exception as error:  # noqa: BLE001  # what is no refusal is a fault, and told so
            return self._failed(path, error)
        return later(lambda: self._accepted(webhook, path, form))

    def _receive(self, request: Request, robot: str | None) -> _Webhook:
        settings = self._backend.settings
        body = self._read(request, robot, settings)
        try:
            group = _decode(body, request, settings)
        except Refusal as refusal:
            self._keep(body, refusal)
            raise
        rest, beats = sift(group, settings.heartbeats)
        routing = self._routed_by(settings)
        deliveries = routing.deliveries(rest, robot, self._backend.clock.now())
        untold = _Untold(beats, routing.ended(rest, robot))
        return self._begin(group, deliveries, untold, settings)

    def _read(self, request: Request, robot: str | None, settings: Settings) -> bytes:
        try:
            require_certificate(request, settings.server)
            require_credentials(request, settings.server, self._backend.clock)
            check_target(request, settings, robot)
            return read_body(request, settings.server.max_body, self._backend.clock)
        except TooLarge as refusal:
            self._keep(refusal.start, refusal)
            raise
        except Refusal:
            drain(request, self._backend.clock)
            raise

    def _routed_by(self, settings: Settings) -> Routing:
        routing = self._routing  # others may replace it meanwhile
        if routing.settings is not settings:
            routing = self._routing = Routing(settings)
        return routing

    def _begin(
        self,
        group: AlertGroup,
        deliveries: tuple[Delivery, ...],
        untold: _Untold,
        settings: Settings,
    ) -> _Webhook:
        store = self._backend.store
        if deliveries and store.waiting() >= settings.server.high_water:
            raise Refusal(503, "server.high_water is reached; Alertmanager keeps and retries this")
        enqueued = store.begin(
            deliveries,
            now=self._backend.clock.now(),
            dedup_window=settings.server.dedup_window,
            beats=untold.beats,
            ended=untold.ended,
        )
        return _Webhook(
            enqueued,
            robots=frozenset([delivery.robot for delivery in deliveries]),
            fingerprints=[alert.fingerprint for alert in group.alerts[:FINGERPRINTS_LOGGED]],
            receiver=group.receiver,
            source=group.source,
            alerts=len(group.alerts),
            firing=[alert.status for alert in group.alerts].count(Status.FIRING),
            beats=len(untold.beats),
        )

    def _accepted(self, webhook: _Webhook, path: str, form: Callable[[Counts], Answer]) -> Answer:
        """Return what the sender is told, once the webhook is committed or is not to be."""
        try:
            response = form(self._committed(webhook))
        except Exception as error:  # noqa: BLE001  # same
            return self._failed(path, error)
        self._backend.metrics.answered(response.status_code)
        return response

    def _failed(self, path: str, error: Exception) -> Response:
        response = answer_to(self._backend, path, error)
        self._backend.metrics.answered(response.status_code)
        return response

    def _committed(self, webhook: _Webhook) -> Counts:
        metrics = self._backend.metrics
        counts = webhook.enqueued.wait()
        if counts.deliveries:
            self._backend.wake(webhook.robots)
        metrics.received(firing=webhook.firing, resolved=webhook.alerts - webhook.firing)
        metrics.duplicates.inc(counts.duplicates)
        self._log.info(
            "webhook accepted",
            fingerprints=webhook.fingerprints,
            receiver=webhook.receiver,
            source=webhook.source,
            alerts=webhook.alerts,
            deliveries=counts.deliveries,
            duplicates=counts.duplicates,
            beats=webhook.beats,
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


def _decode(body: bytes, request: Request, settings: Settings) -> AlertGroup:
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


def check_target(request: Request, settings: Settings, robot: str | None) -> None:
    """Refuse a request to an unknown robot, and one whose body is compressed."""
    if robot is not None and robot not in settings.robots:
        raise Refusal(404, "unknown robot in the path; use a name of robots: in the configuration")
    coded = _codings(request, "HTTP_CONTENT_ENCODING")
    if coded or _codings(request, "HTTP_TRANSFER_ENCODING") - {"chunked"}:
        raise Refusal(415, "compressed bodies are not read; send the JSON as it is")


def _codings(request: Request, header: str) -> AbstractSet[str]:
    """Return what was done to the body, as a header names it; `identity` is nothing."""
    value: str | None = request.environ.get(header)
    if not value:
        return frozenset()
    named = {word.strip().lower() for word in value.split(",")}
    return named - {"", "identity"}
