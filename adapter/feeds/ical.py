"""Read an iCalendar text: its events, repeated ones too, and the people that each names."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import recurring_ical_events
from icalendar import Calendar

from adapter.core.oncall import Duty
from adapter.core.spans import Span, instant
from adapter.errors import AdapterError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import tzinfo

    from adapter.core.people import Person

MOST_EVENTS: Final = 5_000
"""Events of one calendar in the time that is looked at."""

_DAY: Final = timedelta(days=1)


class FeedError(AdapterError):
    """Report that a calendar cannot be read; its text holds neither the URL nor an event."""


class Events(NamedTuple):
    """Hold who is on call by a calendar; `unnamed` events name nobody who is known."""

    duties: tuple[Duty, ...]
    unnamed: int


def read_events(text: bytes, people: Mapping[str, Person], zone: tzinfo, within: Span) -> Events:
    """Return the events that touch a span; days and times without a zone are those of `zone`."""
    try:
        found = [_event(event, people, zone) for event in _occurrences(text, within)]
    except FeedError:
        raise
    except Exception as error:  # noqa: BLE001  # the libraries raise anything for what is no calendar
        raise FeedError(
            f"the text is no iCalendar that can be read ({type(error).__name__})"
        ) from None
    near = [
        duty
        for duty in found
        if duty is not None
        and duty.span.starts_at < within.ends_at
        and within.starts_at < duty.span.ends_at
    ]
    duties = tuple(duty for duty in near if duty.people)
    return Events(duties, len(near) - len(duties))


def _occurrences(text: bytes, within: Span) -> Iterator[Any]:
    """Yield the events of a span, and some beyond it.

    They are asked for by the day: an endless repetition does not fill the memory, and an event that
    lasts for years costs no more than a short one.
    """
    query = recurring_ical_events.of(Calendar.from_ical(text.decode("utf-8-sig")))
    # A day without a zone begins up to 14 hours apart; what is too much is left out later.
    at, last = within.starts_at - _DAY, within.ends_at + _DAY
    seen: set[tuple[str, ...]] = set()
    while at < last:
        for event in query.between(at, at + _DAY):
            key = tuple(str(event.get(name)) for name in ("UID", "SUMMARY", "DTSTART", "DTEND"))
            if key in seen:
                continue
            if len(seen) == MOST_EVENTS:
                until = at.date()
                raise FeedError(f"the calendar has more than {MOST_EVENTS} events until {until}")
            seen.add(key)
            yield event
        at += _DAY


def _event(event: Any, people: Mapping[str, Person], zone: tzinfo) -> Duty | None:  # noqa: ANN401  # the libraries' component
    if str(event.get("STATUS", "")).upper() == "CANCELLED":
        return None
    span = Span(_instant(event.start, zone), _instant(event.end, zone))
    return Duty(span, tuple(_named(event, people.values())))


def _instant(when: date | datetime, zone: tzinfo) -> datetime:
    if not isinstance(when, datetime):
        when = datetime.combine(when, time())
    return instant(when, zone) if when.tzinfo is None else when.astimezone(UTC)


def _named(event: Any, people: Iterable[Person]) -> Iterator[str]:  # noqa: ANN401  # same
    """Yield the people whose key or name stands in the title, then those who are invited."""
    attendees = event.get("ATTENDEE", [])
    invited = attendees if isinstance(attendees, list) else [attendees]
    yield from _mentioned(str(event.get("SUMMARY", "")), people)
    for each in invited:
        mail = str(each).casefold().removeprefix("mailto:").partition("@")[0]
        names = {mail, str(each.params.get("CN", "")).casefold()}
        yield from (
            person.key
            for person in people
            if {person.key.casefold(), person.name.casefold()} & names
        )


def _mentioned(title: str, people: Iterable[Person]) -> Iterator[str]:
    """Yield whom a title names, such as `值班：张三、lee`, in the order of the title."""
    names = {name: person.key for person in people for name in (person.key, person.name)}
    longest_first = sorted(names, key=len, reverse=True)
    if not longest_first:
        return
    either = "|".join(map(re.escape, longest_first))
    text = title.replace("值班", " ")  # in Chinese no space stands between it and a name
    for found in re.finditer(rf"(?<![\w-])(?:{either})(?![\w-])", text, re.IGNORECASE):
        yield next(
            key for name, key in names.items() if name.casefold() == found.group().casefold()
        )
