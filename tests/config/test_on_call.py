"""People, calendars and schedules: what is written is what is meant."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from adapter import config
from adapter.config import instants
from adapter.config.settings import IcalSettings
from adapter.core.calendars import Calendar
from adapter.core.oncall import Duty, Layer, on_call
from adapter.core.people import Person
from adapter.core.rotation import Rotation
from adapter.core.spans import Span
from adapter.core.windows import Window
from adapter.secret import Secret

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from adapter.config.settings import Settings

ROBOTS = "robots: {ops: {access_token: abc}}\n"
ROUTE = "route: {robots: [ops]}\n"
PEOPLE = """\
people:
  zhang: {name: 张三, mobile: "13800000001"}
  lee: {mobile: "+852-12345678", away: [{from: 2026-12-24, to: 2026-12-27}]}
  wang: {user_id: manager4220}
"""
LAYER = "- {rotation: daily, start: 2026-11-02T09:00, people: [zhang, lee]}"
SHANGHAI = ZoneInfo("Asia/Shanghai")
HOUR = timedelta(hours=1)


def read(directory: Path, text: str, **others: str) -> Settings:
    for name, other in others.items():
        (directory / f"{name}.yml").write_text(other)
    path = directory / "config.yml"
    path.write_text(ROBOTS + text)
    return config.load(path, environ={})


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def test_people(tmp_path: Path) -> None:
    leave = Span(at("2026-12-24T00:00"), at("2026-12-28T00:00"))  # the last day is a day of leave
    assert read(tmp_path, PEOPLE + ROUTE).people == {
        "zhang": Person(key="zhang", name="张三", mobile="13800000001"),
        "lee": Person(key="lee", name="lee", mobile="+852-12345678", away=(leave,)),
        "wang": Person(key="wang", name="wang", user_id="manager4220"),
    }


def test_a_schedule(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        PEOPLE
        + """\
calendars:
  cn: {holidays: [2027-01-01], workdays: [2027-01-03]}
schedules:
  sre:
    timezone: Europe/Berlin
    layers:
      - {rotation: weekly, start: 2026-11-02T09:00, people: [zhang, lee]}
      - rotation: {every: 12h}
        start: 2026-11-02T09:00+08:00
        people: [zhang]
        only:
          - {days: [sat, sun], from: 20:00, to: 8:00}
          - {days: workday, calendar: cn}
          - {days: mon, to: "09:00"}
      - {rotation: daily, start: 2026-11-02, people: [wang], only: {calendar: cn}}
    overrides:
      - {from: 2026-12-24 09:00, to: 2026-12-26T09:00:30Z, people: [lee]}
"""
        + ROUTE,
    )
    sre = settings.schedules["sre"]
    berlin = ZoneInfo("Europe/Berlin")
    calendar = Calendar(frozenset({date(2027, 1, 1)}), frozenset({date(2027, 1, 3)}))
    nine, two, midnight = (datetime(2026, 11, 2, hour) for hour in (9, 2, 0))  # noqa: DTZ001  # by a wall clock
    worked = Window(weekdays=frozenset(), calendar=calendar)
    assert sre.schedule.layers == (
        Layer(rotation=Rotation(nine, 7 * 24 * HOUR), people=("zhang", "lee")),
        Layer(
            rotation=Rotation(two, 12 * HOUR),  # 09:00 in Shanghai, as Berlin's clocks show it
            people=("zhang",),
            only=(
                Window(weekdays=frozenset({5, 6}), begins=20 * HOUR, ends=32 * HOUR),
                worked,
                Window(weekdays=frozenset({0}), ends=9 * HOUR),
            ),
        ),
        Layer(rotation=Rotation(midnight, 24 * HOUR), people=("wang",), only=(worked,)),
    )
    until = at("2026-12-26T09:00:30", ZoneInfo("UTC"))
    assert sre.schedule.overrides == (Duty(Span(at("2026-12-24T09:00", berlin), until), ("lee",)),)
    assert (sre.name, sre.timezone) == ("sre", "Europe/Berlin")
    assert on_call(sre.schedule, settings.people, at("2026-12-25T12:00")) == ("wang",)


def test_a_calendar_and_who_is_told(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("webcal://calendar.example.com/x.ics?token=hunter2")
    (tmp_path / "url").chmod(0o600)
    text = """\
schedules:
  db: {ical: {url_file: url}, announce: [ops]}
  web: {ical: {file: web.ics, refresh: 1h}}
"""
    schedules = read(tmp_path, text + ROUTE).schedules
    db, web = schedules["db"].ical, schedules["web"].ical
    assert db == IcalSettings(
        url=Secret("https://calendar.example.com/x.ics?token=hunter2"), path=tmp_path
    )
    assert db is not None
    assert db.refresh == timedelta(minutes=10)
    assert web == IcalSettings(path=tmp_path / "web.ics", refresh=HOUR)
    assert schedules["db"].announce == ("ops",)
    assert web is not None
    assert db.key != web.key


def test_times_are_those_of_the_root_routes_zone(tmp_path: Path) -> None:
    route = "route: {robots: [ops], timezone: America/New_York}\n"
    settings = read(tmp_path, PEOPLE + f"schedules: {{sre: {{layers: [{LAYER[2:]}]}}}}\n" + route)
    new_york = ZoneInfo("America/New_York")
    assert settings.schedules["sre"].schedule.zone == new_york
    assert settings.people["lee"].away[0].starts_at == at("2026-12-24T00:00", new_york)


def test_included_files_add_people_and_schedules(tmp_path: Path) -> None:
    team = f"people: {{chen: {{user_id: chen}}}}\nschedules: {{db: {{layers: [{LAYER[2:]}]}}}}\n"
    settings = read(tmp_path, "include: [team.yml]\n" + PEOPLE + ROUTE, team=team)
    assert set(settings.people) == {"zhang", "lee", "wang", "chen"}
    assert set(settings.schedules) == {"db"}


def test_a_machine_without_zones_goes_by_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> ZoneInfo:
        raise ZoneInfoNotFoundError(name)

    monkeypatch.setattr(instants, "ZoneInfo", missing)
    assert instants.zone_of("Asia/Shanghai") is UTC
