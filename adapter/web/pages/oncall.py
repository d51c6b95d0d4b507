"""On call: the roster of the next days, and swaps: tonight is somebody else's with three taps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from flask import Response, redirect, request, url_for

from adapter.core.roster import roster
from adapter.core.spans import Span
from adapter.core.swaps import Swap, mistake, tonight
from adapter.web.pages.deliveries import instant
from adapter.web.pages.refusal import PageRefusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime, tzinfo

    from flask import Blueprint
    from werkzeug.wrappers import Response as AnyResponse

    from adapter.core.oncall import Schedule
    from adapter.core.people import Person
    from adapter.web.pages.shell import Shell
    from adapter.web.pages.words import Pairs

WORDS: Final[Pairs] = {
    "days": ("今后七天", "The next seven days"),
    "from": ("从", "From"),
    "to": ("到", "To"),
    "who": ("谁", "Who"),
    "nobody": ("无人", "nobody"),
    "swap_tonight": ("换班：今晚", "Swap tonight"),
    "swap_of": ("{}：谁来顶班？", "{}: who takes over?"),
    "swap_hint": (
        "点一个人就换班；时间预填为今晚，可以先改。会记录由 {} 决定。",
        "Tap a person to swap; the times are tonight's. It is put on record that {} decided so.",
    ),
    "takes_over": ("{} 顶班", "{} takes over"),
    "away": ("此人那时休假。", "That person is on leave then."),
    "no_person": ("没有这个人。", "There is no such person."),
    "no_span": (
        "结束须晚于开始，也须晚于现在。",
        "The end has to follow the start, and now.",
    ),
    "too_long": ("一次最多换 31 天。", "At most 31 days can be swapped at once."),
    "bad_time": (
        "时间看不懂；应为 2026-11-26T18:00 这样的形式。",
        "A time could not be read; write it like 2026-11-26T18:00.",
    ),
    "swaps": ("换班", "Swaps"),
    "swapped_by": ("由 {} 决定于", "decided by {} at"),
    "undo": ("撤销", "Undo"),
    "done_swap": ("已换班。", "The shift is swapped."),
    "done_undo": ("已撤销。", "The swap is undone."),
    "no_schedules": ("没有配置班表（schedules）。", "No schedules are configured."),
    "zone": ("时区 {}", "time zone {}"),
    "back": ("返回", "Back"),
}

AHEAD: Final = timedelta(days=7)
"""How much of the roster is shown."""


@dataclass(frozen=True, slots=True)
class ShownShift:
    """Say who is on call from when until when, in the schedule's zone."""

    starts_at: datetime
    ends_at: datetime
    people: tuple[str, ...]


def add_oncall(shell: Shell, blueprint: Blueprint) -> None:
    """Add `/oncall`, and below it the swaps."""
    backend = shell.backend

    @blueprint.get("/oncall")
    def oncall() -> Response:
        now, schedules = backend.clock.now(), backend.schedules()
        swaps = [swap for swap in backend.records.swaps() if swap.ends_at > now]
        return shell.show(
            "oncall.html",
            WORDS,
            rosters={name: _roster(shell, each, now) for name, each in schedules.items()},
            zones={
                name: settings.timezone for name, settings in backend.settings.schedules.items()
            },
            swaps=[swap for swap in swaps if swap.schedule in schedules],
            names={key: person.name for key, person in backend.settings.people.items()},
            local=lambda at, name: at.astimezone(schedules[name].zone),
            done=request.args.get("done", ""),
        )

    @blueprint.get("/oncall/<schedule>")
    def ask_swap(schedule: str) -> Response:
        zone = _zone_of(backend.schedules(), schedule)
        span = tonight(backend.clock.now(), zone)
        written = _written(span.starts_at, zone), _written(span.ends_at, zone)
        return _form(shell, schedule, zone, written)

    @blueprint.post("/oncall/<schedule>")
    def swap(schedule: str) -> AnyResponse:
        form = shell.form()
        zone = _zone_of(backend.schedules(), schedule)
        written = form.get("since", ""), form.get("until", "")
        starts_at, ends_at = (instant(each, zone) for each in written)
        if starts_at is None or ends_at is None:
            return _form(shell, schedule, zone, written, "bad_time")
        now, person = backend.clock.now(), form.get("person", "")
        span = Span(starts_at, ends_at)
        wrong = mistake(span, backend.settings.people.get(person), now)
        if wrong:
            return _form(shell, schedule, zone, written, wrong)
        backend.swap(
            Swap(
                schedule=schedule,
                person=person,
                starts_at=starts_at,
                ends_at=ends_at,
                who=shell.visitor,
                decided_at=now,
            )
        )
        return redirect(url_for("pages.oncall", done="swap"), 303)

    @blueprint.post("/oncall/swaps/<number>/undo")
    def undo_swap(number: str) -> AnyResponse:
        shell.form()
        known = {str(each.id): each.id for each in backend.records.swaps()}
        if number not in known or not backend.undo_swap(known[number], shell.visitor):
            raise PageRefusal(404, "gone")
        return redirect(url_for("pages.oncall", done="undo"), 303)


def _zone_of(schedules: Mapping[str, Schedule], name: str) -> tzinfo:
    if name not in schedules:
        raise PageRefusal(404, "gone")
    return schedules[name].zone


def _form(
    shell: Shell, schedule: str, zone: tzinfo, span: tuple[str, str], wrong: str = ""
) -> Response:
    return shell.show(
        "swap.html",
        WORDS,
        code=400 if wrong else 200,
        schedule=schedule,
        zone=str(zone),
        since=span[0],
        until=span[1],
        people=shell.backend.settings.people.values(),
        wrong=wrong,
    )


def _roster(shell: Shell, schedule: Schedule, now: datetime) -> list[ShownShift]:
    people = shell.backend.settings.people
    return [
        ShownShift(
            shift.span.starts_at.astimezone(schedule.zone),
            shift.span.ends_at.astimezone(schedule.zone),
            _names(shift.people, people),
        )
        for shift in roster(schedule, people, Span(now, now + AHEAD))
    ]


def _names(keys: Iterable[str], people: Mapping[str, Person]) -> tuple[str, ...]:
    return tuple(people[key].name for key in keys)


def _written(at: datetime, zone: tzinfo) -> str:
    """Return an instant as a field of a form has it."""
    return f"{at.astimezone(zone):%Y-%m-%dT%H:%M}"
