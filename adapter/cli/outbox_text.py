"""What `outbox` prints: tables for people, times in this machine's zone."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from adapter.cli.tables import table
from adapter.core.acts import ActKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from adapter.core.acts import Act
    from adapter.core.life import Life, Message
    from adapter.outbox.asked import Asked
    from adapter.outbox.history import Shown, Trace
    from adapter.outbox.listing import Overview
    from adapter.outbox.refusals import Refused


def local(instant: datetime) -> str:
    """Return an instant in this machine's zone, as ISO 8601 writes it."""
    return instant.astimezone().isoformat(timespec="seconds")


def plain(text: str) -> str:
    """Return `text` without what could steer a terminal: labels come from anywhere."""
    return "".join(
        "�" if unicodedata.category(character) == "Cc" and character != "\n" else character
        for character in text
    )


def overview(found: Overview) -> str:
    """Return who cannot send, what waits, what is dead, and which messages were made."""
    waiting = [
        (each.id, each.robot, each.priority, local(each.received_at), _until(each.deferred_until),
         f"{each.left}/{each.alerts}", ", ".join(each.names))
        for each in found.waiting
    ]  # fmt: skip
    dead = [
        (each.id, each.robot, local(each.died_at), each.fingerprint, each.name, each.reason)
        for each in found.dead
    ]
    ill = [
        (_member(each.robot, each.member), each.reason, local(each.since),
         local(each.tried_again_at), each.next_step, each.answer)
        for each in found.ill
    ]  # fmt: skip
    return "\n\n".join(
        (
            _section(
                "robots that cannot send",
                ("ROBOT", "REASON", "SINCE", "TRIED AGAIN", "NEXT STEP", "ANSWER"),
                ill,
            ),
            _section(
                f"waiting: {_some(len(waiting), found.waiting_in_all)}",
                ("ID", "ROBOT", "PRIORITY", "RECEIVED", "DEFERRED UNTIL", "ALERTS LEFT", "WHAT"),
                waiting,
            ),
            _section(
                f"dead letters: {_some(len(dead), found.dead_in_all)}",
                ("ID", "ROBOT", "DIED", "FINGERPRINT", "ALERT", "REASON"),
                dead,
            ),
            _section("other messages that wait or died", ASKED_HEAD, map(_asked, found.asked)),
            _section(
                f"refused webhooks: {_some(len(found.refused), found.refused_in_all)}",
                REFUSED_HEAD,
                map(_refused, found.refused),
            ),
            _section("newest messages", MESSAGE_HEAD, map(_message, found.messages)),
        )
    )


def _member(robot: str, number: int) -> str:
    return f"{robot}, number {number} of its pool" if number else robot


def shown(found: Shown) -> str:
    """Return a message or what was refused with its body, or what became of each alert."""
    if found.refused is not None:
        return f"{table(REFUSED_HEAD, [_refused(found.refused)])}\n\n{found.body}"
    if found.message is None:
        return "\n\n".join((*map(_life, found.lives), *map(asked_life, found.asked)))
    return f"{table(MESSAGE_HEAD, [_message(found.message)])}\n\n{found.body}"


def traced(found: Trace) -> str:
    """Return what became of an alert, each time it came."""
    cut = "(older deliveries were not looked at)\n\n" if found.cut else ""
    return cut + "\n\n".join(map(_life, found.lives))


MESSAGE_HEAD = ("MESSAGE", "ROBOT", "FORM", "ALERTS", "MADE", "STATE", "SETTLED", "OUTCOME")


def _message(message: Message) -> tuple[str, ...]:
    settled = "" if message.settled_at is None else local(message.settled_at)
    unsure = f"{message.attempts} without a clear answer; " if message.attempts else ""
    return (
        message.id,
        message.robot,
        message.form,
        str(message.alerts),
        local(message.created_at),
        message.state,
        settled,
        unsure + message.outcome,
    )


REFUSED_HEAD = ("ID", "RECEIVED", "ANSWER", "BYTES KEPT", "WHY")


def _refused(refused: Refused) -> tuple[str, ...]:
    size = f"the first {refused.kept_bytes}" if refused.truncated else str(refused.kept_bytes)
    return refused.id, local(refused.received_at), str(refused.code), size, refused.reason


ASKED_HEAD = ("ID", "ROBOT", "RECEIVED", "STATE", "TYPE", "TITLE", "MSGUUID", "REASON")
TITLE_SHOWN = 40


def _asked(asked: Asked) -> tuple[str, ...]:
    title = " ".join(asked.title.split())
    return (
        asked.id,
        asked.robot,
        local(asked.received_at),
        asked.state,
        asked.msgtype,
        title if len(title) <= TITLE_SHOWN else f"{title[: TITLE_SHOWN - 1]}…",
        asked.msg_uuid,
        asked.reason,
    )


def asked_life(asked: Asked) -> str:
    """Return what became of a message that somebody asked for."""
    said = [table(ASKED_HEAD, [_asked(asked)])]
    if asked.messages:
        said.append(table(MESSAGE_HEAD, [_message(each) for each in asked.messages]))
    return "\n\n".join(said)


def _life(life: Life) -> str:
    return "\n".join(_lines(life))


def _lines(life: Life) -> Iterator[str]:
    labels = ", ".join(f"{name}={value}" for name, value in sorted(life.labels.items()))
    yield f"{life.id}  {life.name} {life.status}  fingerprint {life.fingerprint}  {labels}"
    yield (
        f"  {local(life.received_at)}  received for robot {life.robot}, priority {life.priority}, "
        f"receiver {life.receiver or '(none)'}, group {life.group_key or '(none)'}"
        + (f", from {life.source}" if life.source else "")
    )
    if life.deferred_until is not None:
        yield f"  {local(life.deferred_until)}  end of its deferral"
    for message in life.messages:
        settled = message.settled_at or message.created_at
        outcome = f": {message.outcome}" if message.outcome else ""
        yield (
            f"  {local(settled)}  {message.how} in message {message.id} ({message.form}, "
            f"{message.alerts} alerts, {message.attempts} attempts without a clear answer), "
            f"{message.state}{outcome}"
        )
    if life.last_resort_at is not None:
        yield f"  {local(life.last_resort_at)}  told to the last resort"
    for act in life.acts:
        yield f"  {local(act.at)}  {_act(act)}"
    ended = "" if life.ended_at is None else f" at {local(life.ended_at)}"
    reason = f": {life.reason}" if life.reason else ""
    yield f"  now {life.state}{ended}{reason}"


def _act(act: Act) -> str:
    if act.kind is ActKind.ACKNOWLEDGE:
        return f"{act.who} said to be on it"
    if act.kind is ActKind.EXPIRE:
        return f"{act.who} ended silence {act.silence}"
    return f"{act.who} made silence {act.silence} until {_until(act.until)}: {act.comment}"


def _until(instant: datetime | None) -> str:
    return "" if instant is None else local(instant)


def _some(shown: int, total: int) -> str:
    return str(total) if shown == total else f"{shown} of {total}"


def _section(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = list(rows)
    return f"{title}\n{table(head, lines)}" if lines else f"{title}\n(none)"
