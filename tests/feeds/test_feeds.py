"""Calendars are kept fresh, and what one told last counts while its source is down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from structlog.testing import capture_logs

from adapter.config.problems import Place
from adapter.config.settings import IcalSettings, ScheduleSettings, Settings
from adapter.core.oncall import Schedule, on_call
from adapter.core.people import Person
from adapter.errors import StoreUnavailable
from adapter.feeds import Feeds
from adapter.feeds.ical import FeedError
from adapter.secret import Secret
from support.calendars import calendar, event
from support.clock import FakeClock
from support.settings import make_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

NOW = datetime(2026, 11, 9, 1, 30, tzinfo=UTC)  # within the event of support.calendars
REFRESH = timedelta(minutes=10)
PEOPLE = {key: Person(key=key, name=key, mobile="1") for key in ("zhang", "lee")}
ZHANG, LEE = (calendar(event(title=key)) for key in PEOPLE)


class Store:
    """Keep values, or fail."""

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}
        self.fails = False

    def get(self, key: str) -> bytes | None:
        if self.fails:
            raise StoreUnavailable("the disk is away")
        return self.values.get(key)

    def put(self, key: str, value: bytes, *, now: datetime) -> None:
        assert now.tzinfo is UTC
        if self.fails:
            raise StoreUnavailable("the disk is away")
        self.values[key] = value


class Source:
    """Give what the test has put there; nothing there is a fault."""

    def __init__(self) -> None:
        self.text: bytes | None = None
        self.reads = 0

    def __call__(self, ical: IcalSettings) -> bytes:
        self.reads += 1
        assert ical.url is not None
        if self.text is None:
            raise FeedError("the source answers 503")
        return self.text


def schedule(name: str = "db", url: str = "https://calendar/1") -> ScheduleSettings:
    return ScheduleSettings(
        name=name,
        schedule=Schedule(zone=UTC),
        timezone="UTC",
        place=Place("config.yml"),
        ical=IcalSettings(url=Secret(url), path=Path()),
    )


def settings(*schedules: ScheduleSettings, people: Mapping[str, Person] = PEOPLE) -> Settings:
    return make_settings(
        people=people, schedules={each.name: each for each in schedules or (schedule(),)}
    )


class Bench:
    """Hold feeds and all they stand on."""

    def __init__(self) -> None:
        self.clock = FakeClock(NOW)
        self.store = Store()
        self.source = Source()
        self.feeds = self.restarted()

    def restarted(self) -> Feeds:
        self.feeds = Feeds(self.store, self.clock, settings(), self.source)
        return self.feeds

    def on_call(self, name: str = "db") -> tuple[str, ...]:
        return on_call(self.feeds.schedules()[name], PEOPLE, NOW)


def test_a_calendar_is_read_at_once_and_then_when_it_is_due() -> None:
    bench = Bench()
    bench.source.text = ZHANG
    assert bench.on_call() == ()
    bench.feeds.step()
    assert bench.on_call() == ("zhang",)
    bench.source.text = LEE
    bench.clock.advance(REFRESH - timedelta(seconds=1))
    bench.feeds.step()
    assert (bench.on_call(), bench.source.reads) == (("zhang",), 1)
    bench.clock.advance(timedelta(seconds=1))
    bench.feeds.step()
    assert (bench.on_call(), bench.source.reads) == (("lee",), 2)


def test_what_it_told_last_counts_while_the_source_is_down_and_after_a_restart() -> None:
    bench = Bench()
    bench.source.text = ZHANG
    bench.feeds.step()
    for text in (None, b"<html>"):
        bench.source.text = text
        bench.clock.advance(REFRESH)
        with capture_logs() as lines:
            bench.feeds.step()
        assert bench.on_call() == ("zhang",)
        assert [line["event"] for line in lines] == ["calendar not read, what it told last counts"]
        assert "https" not in str(lines)
    bench.restarted()
    assert bench.on_call() == ("zhang",)
    assert not any("calendar/1" in key for key in bench.store.values)


def test_a_source_that_was_never_up_leaves_the_rest_alone() -> None:
    bench = Bench()
    bench.feeds.step()
    assert bench.on_call() == ()


def test_a_store_that_fails_costs_only_the_memory() -> None:
    bench = Bench()
    bench.store.fails = True
    bench.source.text = ZHANG
    with capture_logs() as lines:
        bench.restarted().step()
    assert bench.on_call() == ("zhang",)
    assert [line["log_level"] for line in lines] == ["warning", "warning"]


def test_a_reload_keeps_what_is_known_and_forgets_what_is_gone() -> None:
    bench = Bench()
    bench.source.text = ZHANG
    bench.feeds.step()
    plain = ScheduleSettings(
        name="sre", schedule=Schedule(zone=UTC), timezone="UTC", place=Place("config.yml")
    )
    other = schedule("other", "https://calendar/2")
    prepared = bench.feeds.prepare(settings(schedule(), other, plain))
    assert set(bench.feeds.schedules()) == {"db"}, "nothing has changed"
    bench.feeds.adopt(prepared)
    assert (bench.on_call(), bench.on_call("other"), bench.source.reads) == (("zhang",), (), 1)
    bench.feeds.step()
    assert bench.on_call("other") == ("zhang",)
    bench.feeds.adopt(bench.feeds.prepare(settings(schedule(url="https://calendar/3"))))
    assert (set(bench.feeds.schedules()), bench.on_call()) == ({"db"}, ())
    with capture_logs() as lines:
        bench.feeds.adopt(bench.feeds.prepare(settings(people={})))
    assert bench.on_call() == ()
    assert lines[0]["event"] == "events of a calendar name nobody of `people`"


def test_a_calendar_that_is_read_while_the_configuration_changes_changes_nothing() -> None:
    bench = Bench()

    class Slow(Source):
        def __call__(self, ical: IcalSettings) -> bytes:
            new = settings(schedule(url="https://calendar/new"))
            bench.feeds.adopt(bench.feeds.prepare(new))
            return super().__call__(ical)

    slow = Slow()
    slow.text = ZHANG
    bench.feeds = Feeds(bench.store, bench.clock, settings(), slow)
    bench.feeds.step()
    assert bench.on_call() == ()
