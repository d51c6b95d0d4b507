"""What a calendar says: whom its events name, and when they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from recurring_ical_events import CalendarQuery

from adapter.core.oncall import Duty
from adapter.core.people import Person
from adapter.core.spans import Span
from adapter.feeds.ical import MOST_EVENTS, FeedError, read_events
from support.calendars import calendar, event

SHANGHAI = ZoneInfo("Asia/Shanghai")
PEOPLE = {
    person.key: person
    for person in (
        Person(key="zhang", name="张三", mobile="1"),
        Person(key="lee", name="Lee Wong", mobile="1"),
        Person(key="lee-an", name="张三丰", mobile="1"),
    )
}
NOVEMBER = Span(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


def named(event_text: str) -> tuple[str, ...]:
    found = read_events(calendar(event_text), PEOPLE, SHANGHAI, NOVEMBER)
    return found.duties[0].people if found.duties else ()


@pytest.mark.parametrize(
    ("title", "people"),
    [
        ("zhang", ("zhang",)),
        ("张三", ("zhang",)),
        ("值班：张三、lee", ("zhang", "lee")),
        ("张三值班", ("zhang",)),
        ("On call: LEE WONG", ("lee",)),
        ("lee-an", ("lee-an",)),
        ("张三丰", ("lee-an",)),
        ("张三妹", ()),
        ("zhangs day", ()),
        ("", ()),
    ],
)
def test_a_title_names_people_by_key_or_name(title: str, people: tuple[str, ...]) -> None:
    assert named(event(title=title)) == people


@pytest.mark.parametrize(
    "line", ["ATTENDEE:mailto:zhang@example.com", "ATTENDEE;CN=张三:mailto:x@example.com"]
)
def test_who_is_invited_is_named_too(line: str) -> None:
    assert named(event(title="on call with lee", more=line)) == ("lee", "zhang")
    assert named(event(more=f"{line}\r\nATTENDEE:mailto:lee@example.com")) == ("zhang", "lee")


def test_events_repeat_by_the_clock_of_their_zone() -> None:
    text = calendar(
        event(
            title="zhang",
            start="DTSTART;TZID=Europe/Berlin:20261018T090000",
            end="DTEND;TZID=Europe/Berlin:20261018T170000",
            more="RRULE:FREQ=WEEKLY",
        )
    )
    within = Span(datetime(2026, 10, 15, tzinfo=UTC), datetime(2026, 10, 28, tzinfo=UTC))
    found = read_events(text, PEOPLE, SHANGHAI, within).duties
    begins = [duty.span.starts_at for duty in found]
    assert begins == [datetime(2026, 10, 18, 7, tzinfo=UTC), datetime(2026, 10, 25, 8, tzinfo=UTC)]


def test_days_and_times_without_a_zone_are_those_of_the_schedule() -> None:
    day = event(title="zhang", start="DTSTART;VALUE=DATE:20261109", end="DTEND;VALUE=DATE:20261111")
    hours = event(title="lee", start="DTSTART:20261112T090000", end="DTEND:20261112T180000")
    assert read_events(calendar(day, hours), PEOPLE, SHANGHAI, NOVEMBER).duties == (
        Duty(Span(at("2026-11-09T00:00"), at("2026-11-11T00:00")), ("zhang",)),
        Duty(Span(at("2026-11-12T09:00"), at("2026-11-12T18:00")), ("lee",)),
    )


def test_an_event_that_lasts_into_the_span_counts_and_one_beyond_it_does_not() -> None:
    long = event(title="zhang", start="DTSTART:20261001T000000Z", end="DTEND:20261102T000000Z")
    late = event(title="lee", start="DTSTART:20261201T000000Z", end="DTEND:20261202T000000Z")
    over = event(title="lee", start="DTSTART:20261031T120000Z", end="DTEND:20261101T000000Z")
    [duty] = read_events(calendar(long, late, over), PEOPLE, SHANGHAI, NOVEMBER).duties
    assert duty.people == ("zhang",)


def test_what_is_cancelled_is_none_and_what_names_nobody_is_counted() -> None:
    events = event(title="zhang", more="STATUS:CANCELLED"), event(title="whoever")
    assert read_events(calendar(*events), PEOPLE, SHANGHAI, NOVEMBER) == ((), 1)
    assert read_events(calendar(event(title="zhang")), {}, SHANGHAI, NOVEMBER) == ((), 1)


@pytest.mark.parametrize("text", [b"", b"<html>", b"\xff", b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT"])
def test_what_is_no_calendar_is_refused(text: bytes) -> None:
    with pytest.raises(FeedError, match="no iCalendar"):
        read_events(text, PEOPLE, SHANGHAI, NOVEMBER)


def test_an_event_of_many_years_is_read_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    between = CalendarQuery.between

    def counted(query: CalendarQuery, *span: datetime) -> object:
        asked.append(span)
        return between(query, *span)

    monkeypatch.setattr(CalendarQuery, "between", counted)
    ever = event(title="zhang", start="DTSTART:20200101T000000Z", end="DTEND:20991231T000000Z")
    [duty] = read_events(calendar(ever), PEOPLE, SHANGHAI, NOVEMBER).duties
    assert duty.people == ("zhang",)
    assert len(asked) == 32, "a day each, and one more at both ends"


def test_a_calendar_without_end_is_refused() -> None:
    text = calendar(event(title="zhang", more="RRULE:FREQ=MINUTELY"))
    with pytest.raises(FeedError, match=f"more than {MOST_EVENTS} events"):
        read_events(text, PEOPLE, SHANGHAI, Span(at("2026-11-09T00:00"), at("2027-03-01T00:00")))


def test_no_fault_tells_what_stands_in_the_calendar() -> None:
    text = calendar(event(title="zhang", start="DTSTART:hunter2", end="DTEND:13800000001"))
    with pytest.raises(FeedError) as caught:
        read_events(
            text, PEOPLE, SHANGHAI, Span(NOVEMBER.starts_at, NOVEMBER.starts_at + timedelta(1))
        )
    assert "hunter2" not in str(caught.value)
