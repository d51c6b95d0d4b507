"""What `send` prints: DingTalk's answer, or where the message waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapter.cli.outbox_text import local

if TYPE_CHECKING:
    from adapter.core.directory import Found
    from adapter.sending import Result


def rings(found: Found) -> str:
    """Return whom a test rings, such that it may be shown, and which mentions mean nobody."""
    people = ", ".join(f"{each.name} {each.masked}".strip() for each in found.contacts)
    missing = f"; nobody is meant by {', '.join(found.missing)}" if found.missing else ""
    return f"rings {people or 'nobody'}{missing}"


def result(found: Result) -> tuple[str, bool]:
    """Return what became of a message, and whether nothing has gone wrong."""
    asked = found.asked
    name = f"{asked.id} for robot {asked.robot} (msgUuid {asked.msg_uuid})"
    if asked.state == "sent":
        return f"sent: DingTalk answered ok; {name}", True
    if asked.state != "pending":
        why = asked.reason or "by `outbox discard`"
        return (
            f"{asked.state}: {why}; {name}\n"
            f"mend what it says and send it anew, or: outbox retry {asked.id}"
        ), False
    said = next((each.outcome for each in reversed(asked.messages) if each.outcome), "")
    if said:
        return (
            f"not sent: {said}\n{name} waits and is tried again{_when(found)}; "
            f"to give it up: outbox discard {asked.id}"
        ), False
    return f"queued: {name} waits for the robot's rate{_when(found)}", True


def _when(found: Result) -> str:
    """Return when and by whom it will be sent, as far as that is known."""
    if found.elsewhere:
        return ", by the running `serve`"
    if found.next_at is None or found.next_at.year > 9_000:  # noqa: PLR2004  # never, for now
        return ", when `serve` runs"
    return f", not before {local(found.next_at)}, when `serve` runs (or use --wait)"
