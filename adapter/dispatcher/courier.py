"""Take one turn for a robot: plan, render, store, send, settle."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Protocol

import msgspec
import structlog

from adapter.core.advice import advice
from adapter.core.batch import Form, Limits
from adapter.core.batching import plan
from adapter.core.delivery import Idle, Outcome, Post, Sent, Unreachable
from adapter.core.directory import Directory
from adapter.core.illness import EXHAUSTED, exhausted_notice, for_robot
from adapter.core.message import body, msgtype_of
from adapter.core.message_keyword import with_keyword
from adapter.core.monthly import PACE
from adapter.core.notice_message import tell_notice
from adapter.core.settling import settle
from adapter.core.turn import Launch, OpenBatch, StoredNotice
from adapter.core.who import OnDuty
from adapter.logs import redaction

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from adapter.clock import Clock
    from adapter.config.settings import RobotSettings
    from adapter.core.batch import Batch
    from adapter.core.mentions import Wanted
    from adapter.core.notice_message import RenderedNotice
    from adapter.core.rendering import RenderedBatch, Renderer
    from adapter.core.turn import Settlement, Turn
    from adapter.dispatcher.memory import Memory

log = structlog.get_logger(__name__)


class Store(Protocol):
    """Keep what a courier must not forget."""

    def launch(self, turn: Turn, launch: Launch, *, now: datetime) -> bool:
        """Store a message and charge its request; return whether the lease still held."""
        ...

    def wanted_by_digest(self, robot: str, batch: Batch) -> tuple[Wanted, ...]:
        """Return whom all that a digest counts asks for."""
        ...

    def relaunch(self, turn: Turn, batch_id: str, *, now: datetime) -> bool:
        """Charge the repetition of an open message; return whether the lease still held."""
        ...

    def settle(
        self, turn: Turn, batch_id: str, settlement: Settlement, *, now: datetime, outcome: str
    ) -> bool:
        """Commit what became of a message and its token; return whether the lease still held."""
        ...

    def give_back(self, turn: Turn) -> None:
        """End a turn in which nothing was sent."""
        ...


class Sender(Protocol):
    """Send bytes to a robot."""

    def send(self, robot: RobotSettings, body: bytes) -> Outcome:
        """Post `body` and return what became of it; never raises for the network."""
        ...


class Observer(Protocol):
    """Count what happens."""

    def sent(self, robot: str, msgtype: str, *, form: Form, alerts: int, latency: float) -> None:
        """Note a message that DingTalk accepted, `latency` seconds after its oldest webhook."""
        ...

    def failed(self, robot: str, outcome: Outcome) -> None:
        """Note a message that it did not."""
        ...

    def render_failed(self, template: str) -> None:
        """Note a template that failed, so that the built-in text was used."""
        ...

    def unresolved(self, mentions: int) -> None:
        """Note mentions of a message that mean nobody."""
        ...


@dataclass(frozen=True, slots=True)
class Equipment:
    """Hold what messages are made and sent with; a reload replaces it whole.

    `heirs` are names of robots, by the one that is gone and for which they send.
    """

    robots: Mapping[str, RobotSettings]
    renderer: Renderer
    directory: Directory = Directory()  # noqa: RUF009  # a frozen value
    heirs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Courier:
    """Take turns one at a time; several threads may share it."""

    store: Store
    sender: Sender
    observer: Observer
    clock: Clock
    memory: Memory
    new_uuid: Callable[[], str]
    jitter: Callable[[], float]

    def take(
        self, turn: Turn, robot: RobotSettings, equipment: Equipment
    ) -> datetime | Idle | None:
        """Send what a turn holds and commit what became of it; return when to look again.

        None: at once. Idle: nothing was to be sent.
        """
        if turn.open is not None:
            held = self.store.relaunch(turn, turn.open.id, now=self.clock.now())
            return self._send(turn, robot, turn.open, held=held)
        launch = self._prepare(turn, robot, equipment)
        if isinstance(launch, Idle):
            self.store.give_back(turn)
            return launch
        if launch.notice_id:
            turn = msgspec.structs.replace(
                turn, head=(), held=None
            )  # it tells none of these alerts
        held = self.store.launch(turn, launch, now=self.clock.now())
        return self._send(turn, robot, launch, held=held)

    def _prepare(self, turn: Turn, robot: RobotSettings, equipment: Equipment) -> Launch | Idle:
        if turn.notice is not None and not turn.head and turn.held is None:
            return self._notice(turn, turn.notice, robot, equipment)
        now, message_id = self.clock.now(), self.new_uuid()
        limits = Limits(
            digest_after=robot.digest_after,
            max_age=robot.max_age,
            pace=robot.rate.per * PACE if turn.paced else timedelta(0),
            senders=turn.senders,
            digests=turn.digests,
        )
        totals = msgspec.structs.replace(turn.totals, last=self.memory.last(turn.robot))
        planned = plan(turn.head, totals, turn.quota, now, limits, turn.held)
        if planned.batch is None and turn.notice is not None:
            return self._notice(turn, turn.notice, robot, equipment)
        if planned.batch is None:
            return Idle(planned.wake_at)
        batch = _plainly(planned.batch, turn, now)
        part = self.memory.part(turn.robot, batch)
        render = partial(
            equipment.renderer.render_batch,
            batch,
            now=now,
            keyword=robot.keyword,
            room=turn.room,
            who=self._who(turn, batch, equipment.directory, now),
            note=_note(turn, batch.entries[0].delivery.settings.language),
            name=message_id,
        )
        rendered = render(part=part)
        ends = rendered.told == len(batch.entries)
        if ends and part != (last := self.memory.part(turn.robot, batch, ends=True)):
            rendered = render(part=last)  # it was planned as more messages than it took
        if rendered.failed is not None:
            self._render_failed(batch.entries[0].delivery.settings.template, rendered.failed)
        self._tell_unheard(turn.robot, rendered)
        self.memory.note(turn.robot, batch, now, ends=ends)
        self.memory.rings(turn.robot, batch, message_id, rendered.rung, now)
        content = body(rendered.message, message_id)
        return Launch.of(batch, rendered.told, message_id, content)

    def _who(self, turn: Turn, batch: Batch, directory: Directory, now: datetime) -> OnDuty:
        digest = batch.form is Form.DIGEST
        return OnDuty(
            directory,
            now,
            turn.announced,
            digested=self.store.wanted_by_digest(turn.robot, batch) if digest else (),
            earlier=self.memory.rung(turn.robot, batch),
        )

    def _tell_unheard(self, robot: str, rendered: RenderedBatch | RenderedNotice) -> None:
        if rendered.missing:
            self.observer.unresolved(len(rendered.missing))
            log.warning("mentions that mean nobody", robot=robot, mentions=rendered.missing)
        if rendered.left_out:
            left_out = [contact.masked for contact in rendered.left_out]
            log.warning("more people than a message can ring", robot=robot, left_out=left_out)

    def _notice(
        self, turn: Turn, stored: StoredNotice, robot: RobotSettings, equipment: Equipment
    ) -> Launch:
        message_id, asked = self.new_uuid(), stored.notice
        if isinstance(asked, Post):
            content = body(with_keyword(asked.message, robot.keyword), asked.msg_uuid)
        else:
            told = tell_notice(
                asked,
                equipment.directory,
                self.clock.now(),
                keyword=robot.keyword,
                note=_note(turn, asked.language),
            )
            self._tell_unheard(turn.robot, told)
            content = body(told.message, message_id)
        return Launch(
            id=message_id,
            body=content,
            form=Form.FULL,
            alerts=0,
            oldest_received_at=stored.received_at,
            notice_id=stored.id,
        )

    def _render_failed(self, template: str, why: str) -> None:
        self.observer.render_failed(template)
        log.error("template failed, built-in text used", template=template, why=why)

    def _send(
        self, turn: Turn, robot: RobotSettings, message: Launch | OpenBatch, *, held: bool
    ) -> datetime | None:
        if not held or self.clock.now() + robot.timeout > turn.leased_until:
            log.warning("lease ended before the message was sent", robot=robot.name)
            return turn.leased_until
        return self._settle(turn, robot, message, self.sender.send(robot, message.body))

    def _settle(
        self, turn: Turn, robot: RobotSettings, message: Launch | OpenBatch, outcome: Outcome
    ) -> datetime | None:
        now = self.clock.now()
        why = redaction(describe(outcome))  # an answer may quote the request and its token
        minimal = message.minimal or message.form is Form.DIGEST or not message.alerts
        settlement = settle(outcome, turn, now=now, jitter=self.jitter(), minimal=minimal)
        settlement = _with_notice(settlement, turn, robot)
        held = self.store.settle(turn, message.id, settlement, now=now, outcome=why)
        told = log.bind(robot=turn.robot, message=message.id, alerts=message.alerts)
        if robot.name != turn.robot:
            told = told.bind(sent_by=robot.name)
        if isinstance(outcome, Sent):
            self.memory.sent(message.id)
            latency = (now - message.oldest_received_at).total_seconds()
            self.observer.sent(
                robot.name,
                msgtype_of(message.body),
                form=message.form,
                alerts=message.alerts,
                latency=latency,
            )
            told.info("message sent", form=message.form, latency=round(latency, 3))
        else:
            self.observer.failed(robot.name, outcome)
            told.warning(
                "message not sent",
                why=why,
                next_step=advice(outcome),
                next_at=settlement.rests_until,
            )
        if not held:
            told.warning("lease ended before the answer came; the message goes out again")
        return settlement.rests_until


def _plainly(batch: Batch, turn: Turn, now: datetime) -> Batch:
    """Return the batch without URLs and annotations while DingTalk refuses those of this robot."""
    if turn.plain_until is None or turn.plain_until <= now or batch.form is Form.DIGEST:
        return batch
    return msgspec.structs.replace(batch, form=Form.FULL, minimal=True)


def _note(turn: Turn, language: str) -> str:
    """Return what marks a message that another robot's token sends."""
    return for_robot(turn.robot, turn.stands_in_for, language) if turn.stands_in_for else ""


def _with_notice(settlement: Settlement, turn: Turn, robot: RobotSettings) -> Settlement:
    """Return the settlement with a word to the fallback if the month has just been used up."""
    if settlement.ill != EXHAUSTED or turn.ill == EXHAUSTED or not robot.fallback:
        return settlement
    notice = exhausted_notice(robot.name, robot.fallback)
    return msgspec.structs.replace(settlement, notices=(notice,))


def describe(outcome: Outcome) -> str:
    """Return an outcome in words, for the log and the store."""
    if isinstance(outcome, Sent):
        return ""
    if isinstance(outcome, Unreachable):
        return outcome.reason
    return f"{outcome.errcode} {outcome.errmsg}"
