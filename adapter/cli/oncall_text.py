"""What `oncall` prints: tables for people."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from adapter.cli.outbox_text import plain
from adapter.cli.tables import table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from adapter.cli.oncall_answer import Answer, Answers, Shown

NOBODY: Final = "(nobody)"

_NOT_NEAR: Final = "-"


def told(answers: Answers, timezone: str) -> str:
    """Return who is on call at an instant, or the roster of each schedule."""
    if any(each.shifts is not None for each in answers.schedules):
        return plain("\n\n".join(map(_roster, answers.schedules)))
    rows = [
        (
            each.schedule,
            _people(each.on_call),
            _time(each.since),
            _time(each.until),
            _NOT_NEAR if each.next is None else _people(each.next),
            each.timezone,
        )
        for each in answers.schedules
    ]
    head = ("SCHEDULE", "ON CALL", "SINCE", "UNTIL", "THEN", "TIME ZONE")
    return plain(f"{_time(answers.at)} ({timezone})\n\n{table(head, rows)}")


def _roster(answer: Answer) -> str:
    rows = [
        (_time(each.since), _time(each.until), _people(each.on_call))
        for each in answer.shifts or ()
    ]
    return f"{answer.schedule} ({answer.timezone})\n{table(('FROM', 'TO', 'ON CALL'), rows)}"


def _people(people: Iterable[Shown]) -> str:
    return ", ".join(f"{each.name} {each.rings}" for each in people) or NOBODY


def _time(iso: str | None) -> str:
    return _NOT_NEAR if iso is None else datetime.fromisoformat(iso).strftime("%a %Y-%m-%d %H:%M")
