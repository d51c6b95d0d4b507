"""Carry one claimed delivery to DingTalk: render, store, send, settle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import structlog

from adapter.core.delivery import (
    Claim,
    Delivery,
    Outcome,
    Sent,
    Unreachable,
    settle,
)
from adapter.core.message import body
from adapter.core.rendering import Renderer, render_notice
from adapter.logs import redaction

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from adapter.clock import Clock
    from adapter.config.settings import RobotSettings
    from adapter.core.delivery import Settlement
    from adapter.core.message import Message

log = structlog.get_logger(__name__)


class Store(Protocol):
    """Keep what a courier must not forget."""

    def freeze(self, claim: Claim, *, message_uuid: str, body: bytes) -> bool:
        """Store the exact message; return whether the lease still held."""
        ...

    def settle(self, claim: Claim, settlement: Settlement, *, now: datetime, error: str) -> bool:
        """Commit what became of a delivery; return whether the lease still held."""
        ...


class Sender(Protocol):
    """Send bytes to a robot."""

    def send(self, robot: RobotSettings, body: bytes) -> Outcome:
        """Post `body` and return what became of it; never raises for the network."""
        ...


class Observer(Protocol):
    """Count what happens."""

    def sent(self, robot: str, msgtype: str, latency: float) -> None:
        """Note a message that DingTalk accepted, `latency` seconds after its webhook."""
        ...

    def failed(self, robot: str, outcome: Outcome) -> None:
        """Note a message that it did not."""
        ...

    def render_failed(self, template: str) -> None:
        """Note a template that failed, so that the built-in text was used."""
        ...


@dataclass(frozen=True, slots=True)
class Equipment:
    """Hold what messages are made and sent with; a reload replaces it whole."""

    robots: Mapping[str, RobotSettings]
    renderer: Renderer


@dataclass(frozen=True, slots=True, kw_only=True)
class Courier:
    """Carry deliveries one at a time; several threads may share it."""

    store: Store
    sender: Sender
    observer: Observer
    clock: Clock
    new_uuid: Callable[[], str]
    jitter: Callable[[], float]

    def deliver(self, claim: Claim, equipment: Equipment) -> None:
        """Take one delivery as far as it goes now and commit what became of it."""
        robot = equipment.robots[claim.robot]
        message_uuid = claim.message_uuid or self.new_uuid()
        content = claim.body
        if content is None:
            content = body(self._render(claim, robot, equipment.renderer), message_uuid)
            if not self.store.freeze(claim, message_uuid=message_uuid, body=content):
                return self._lease_lost(claim)
        if self.clock.now() + robot.timeout > claim.claimed_until:
            return self._lease_lost(claim)
        outcome = self.sender.send(robot, content)
        return self._settle(claim, outcome, message_uuid)

    def _render(self, claim: Claim, robot: RobotSettings, renderer: Renderer) -> Message:
        if not isinstance(claim.payload, Delivery):
            return render_notice(claim.payload, robot.keyword)
        rendered = renderer.render(claim.payload, now=self.clock.now(), keyword=robot.keyword)
        if rendered.failed is not None:
            template = claim.payload.settings.template
            self.observer.render_failed(template)
            log.error("template failed, built-in text used", template=template, why=rendered.failed)
        return rendered.message

    def _settle(self, claim: Claim, outcome: Outcome, message_uuid: str) -> None:
        now = self.clock.now()
        why = redaction(describe(outcome))  # an answer may quote the request and its token
        settlement = settle(
            outcome,
            attempts=claim.attempts,
            throttles=claim.throttles,
            now=now,
            jitter=self.jitter(),
        )
        held = self.store.settle(claim, settlement, now=now, error=why)
        context = log.bind(delivery=claim.id, robot=claim.robot, message=message_uuid)
        if isinstance(outcome, Sent):
            latency = (now - claim.received_at).total_seconds()
            self.observer.sent(claim.robot, "markdown", latency)
            context.info("message sent", attempt=settlement.attempts, latency=round(latency, 3))
        else:
            self.observer.failed(claim.robot, outcome)
            context.warning("message not sent", why=why, next_at=settlement.due_at)
        if not held:
            self._lease_lost(claim)

    def _lease_lost(self, claim: Claim) -> None:
        log.warning("lease ended, delivery goes on elsewhere", delivery=claim.id, robot=claim.robot)


def describe(outcome: Outcome) -> str:
    """Return an outcome in words, for the log and the store."""
    if isinstance(outcome, Sent):
        return ""
    if isinstance(outcome, Unreachable):
        return outcome.reason
    return f"{outcome.errcode} {outcome.errmsg}"
