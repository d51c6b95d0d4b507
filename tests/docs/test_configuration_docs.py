"""The pages on configuration name every key that is read, and say its default truly."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml

from adapter import config
from adapter.config import reader, vocabulary
from adapter.config.problems import Place
from adapter.core.routing import route_group
from support.alerts import make_alert, make_group

if TYPE_CHECKING:
    from adapter.config.reader import Value
    from adapter.config.settings import Settings
    from adapter.core.delivery import Delivery

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = {
    "en": (ROOT / "docs" / "configuration.md").read_text(),
    "zh": (ROOT / "docs" / "zh" / "configuration.md").read_text(),
}
HEADINGS: Final = {vocabulary.ROOT: "config.yml", vocabulary.INCLUDED: "include"}
"""What the pages call a section that the readers call otherwise."""

PATHS: Final = {
    "server": "server",
    "server.auth.hmac": "server.auth.hmac",
    "log": "log",
    "storage": "storage",
    "templates": "templates",
    "severity": "severity",
    "severity.levels": "severity.levels.0",
    "schedules.NAME.ical": "schedules.sre.ical",
    "time_intervals.NAME[]": "time_intervals.nights.0",
    "quotas.NAME": "quotas.company",
    "heartbeats[]": "heartbeats.0",
    "silence": "silence",
    "remind": "route.remind",
    "robots.NAME": "robots.ops",
    "robots.NAME.rate": "robots.ops.rate",
    "route": "route.routes.0",
    "config.yml": "",
}
"""Where each section with defaults stands in WHOLE."""

WHOLE: Final = """
robots: {ops: {access_token: abc, rate: {}}}
route: {robots: [ops], remind: {after: 10m}, routes: [{matchers: [a=b]}]}
server: {external_url: "http://a", auth: {bearer_tokens: [abc], hmac: {secret: abc}}}
log: {}
storage: {}
templates: {}
severity: {levels: [{values: [critical]}]}
schedules: {sre: {ical: {file: sre.ics}}}
time_intervals: {nights: [{weekdays: [sunday]}]}
quotas: {company: {messages: 3000}}
heartbeats: [{name: pipeline, matchers: [a=b]}]
silence: {secret: 0123456789abcdef}
"""

Row = tuple[tuple[str, ...], str, str]
Read = dict[str, set[str]]


def tables(page: str) -> dict[str, list[Row]]:
    """Return the rows (keys, default, example) of each section."""
    found: dict[str, list[Row]] = {}
    for heading, body in re.findall(
        r"^## `(.*?)`\n(.*?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE
    ):
        rows = [line.split("|")[1:4] for line in body.splitlines() if line.startswith("| `")]
        found[heading] = [
            (tuple(re.findall(r"`(\w+)`", keys)), default.strip(" `"), example.strip(" `"))
            for keys, default, example in rows
        ]
    return found


def keys_of(page: str) -> Read:
    return {
        heading: {key for keys, _, _ in rows for key in keys}
        for heading, rows in tables(page).items()
    }


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Read:
    """Return the keys that are asked for in each section, by reading one of each."""
    asked: Read = {}

    class Recording(reader.Section):
        def __init__(self, value: Value, room: str, values: dict[str, Value]) -> None:
            super().__init__(value, room, values)
            self.heading = HEADINGS.get(room, room)
            asked.setdefault(self.heading, set())

        def get(self, key: str) -> Value | None:
            asked[self.heading].add(key)
            return super().get(key)

    monkeypatch.setattr(reader, "Section", Recording)
    config.load(ROOT / "config.example.yml", environ={}, skip_secrets=True)
    (tmp_path / "team.yml").write_text(
        "people: {zhang: {mobile: '13800000001'}}\n"
        "schedules: {sre: {layers: [{rotation: {every: 12h}, start: 2026-11-02T09:00, "
        "people: [zhang]}]}}\n"
    )
    (tmp_path / "config.yml").write_text(
        "include: [team.yml]\nrobots: {ops: {access_token: abc}}\nroute: {robots: [ops]}\n"
    )
    config.load(tmp_path / "config.yml", environ={})
    return asked


def test_a_section_of_each_kind_was_read(read: Read) -> None:
    """What the fixture reads leaves out no section that any reader knows."""
    calls = [
        node.args[0]
        for path in (ROOT / "adapter" / "config").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "section"
    ]
    named = {call.id for call in calls if isinstance(call, ast.Name)}
    texts = {str(call.value) for call in calls if isinstance(call, ast.Constant)}
    assert len(calls) >= 25
    assert texts <= read.keys()
    assert len(read) == len(texts) + len(named), f"beside {sorted(texts)}: {sorted(named)}"


@pytest.mark.parametrize("language", PAGES)
def test_every_key_is_there_and_no_other(language: str, read: Read) -> None:
    """Settings of a route may stand in a robot; the page says them once."""
    settings = read["route"] - {"robots", "matchers", "continue", "routes"}
    assert settings < read["robots.NAME"]
    expected = {**read, "robots.NAME": read["robots.NAME"] - settings}
    assert keys_of(PAGES[language]) == expected


def test_both_languages_show_the_same() -> None:
    assert tables(PAGES["en"]) == tables(PAGES["zh"])


def load(document: Any, folder: Path) -> Settings:  # noqa: ANN401  # YAML
    file = folder / "config.yml"
    file.write_text(yaml.safe_dump(document, allow_unicode=True))
    settings = config.load(file, environ={}, skip_secrets=True)
    placeless = {
        name: replace(schedule, place=Place("")) for name, schedule in settings.schedules.items()
    }
    return replace(settings, schedules=placeless)


DEFAULTS: Final = [
    (heading, key, default)
    for heading, rows in tables(PAGES["en"]).items()
    for (key, *_), default, _ in rows
    if default
]


@pytest.mark.parametrize(
    ("heading", "key", "default"), DEFAULTS, ids=[f"{row[0]}.{row[1]}" for row in DEFAULTS]
)
def test_a_default_is_what_its_absence_means(
    heading: str, key: str, default: str, tmp_path: Path
) -> None:
    """To write it out changes no setting; of a route, no delivery."""
    document = yaml.safe_load(WHOLE)
    if key in ("mention_on", "mention_else"):  # they say nothing where nobody is rung
        document["route"]["mention"] = ["all"]
    absent = load(document, tmp_path)
    assert heading in PATHS, "put this section into WHOLE and PATHS"
    place = document
    for part in filter(None, PATHS[heading].split(".")):
        place = place[int(part) if part.isdigit() else part]
    assert key not in place
    place[key] = yaml.load(default, yaml.BaseLoader)  # noqa: S506  # texts alone: no code, no types
    present = load(document, tmp_path)
    if heading == "route":
        assert deliveries(present) == deliveries(absent)
    else:
        assert present == absent


EVERYTHING: Final = """
include: [team.yml]
robots:
  ops: {access_token: abc, rate: {}, pool: [{access_token: def}], fallback: backup}
  db: {access_token: ghi}
  backup: {access_token: jkl}
route: {robots: [ops], remind: {after: 10m}, routes: [{matchers: [a=b]}]}
server:
  auth: {bearer_tokens: [abc], hmac: {secret: abc}, basic: {username: a, password: b}}
  tls: {cert_file: tls.crt, key_file: tls.key}
  page:
    basic: {username: a, password: b}
    trusted_header: X-User
    trusted_proxies: [10.0.0.7]
log: {}
storage: {}
templates: {}
severity: {levels: [{values: [critical]}]}
alertmanagers: {bj: {basic: {username: a, password: b}}}
people:
  zhang: {mobile: "13800000001", away: [{from: 2026-12-24, to: 2026-12-27}]}
  lee: {user_id: lee01}
calendars: {cn: {}}
schedules:
  sre:
    layers:
      - rotation: {every: 24h}
        start: 2026-11-02T09:00
        people: [zhang, lee]
        only: [{days: [workday], calendar: cn, from: "07:00", to: "18:00"}]
    overrides: [{from: 2026-12-24T09:00, to: 2026-12-26T09:00, people: [zhang]}]
  feed: {ical: {file: feed.ics}}
time_intervals: {nights: [{times: [{start_time: "00:00", end_time: "24:00"}]}], off: []}
quotas: {company: {messages: 3000}}
heartbeats: [{name: pipeline, matchers: [a=b], by: [cluster]}]
last_resort: {webhook: "http://a/"}
silence: {secret: 0123456789abcdef}
"""
"""One of each section."""

WHERE: Final = {
    **PATHS,
    "include": "",
    "server.auth": "server.auth",
    "server.auth.basic": "server.auth.basic",
    "server.page": "server.page",
    "server.page.basic": "server.page.basic",
    "server.tls": "server.tls",
    "alertmanagers.NAME": "alertmanagers.bj",
    "alertmanagers.NAME.basic": "alertmanagers.bj.basic",
    "people.NAME": "people.zhang",
    "people.NAME.away": "people.zhang.away.0",
    "calendars.NAME": "calendars.cn",
    "schedules.NAME": "schedules.sre",
    "schedules.NAME.ical": "schedules.feed.ical",
    "schedules.NAME.layers": "schedules.sre.layers.0",
    "schedules.NAME.layers.rotation": "schedules.sre.layers.0.rotation",
    "schedules.NAME.layers.only": "schedules.sre.layers.0.only.0",
    "schedules.NAME.overrides": "schedules.sre.overrides.0",
    "time_intervals.NAME[].times[]": "time_intervals.nights.0.times.0",
    "last_resort": "last_resort",
    "robots.NAME.pool[]": "robots.ops.pool.0",
}
"""Where each section stands in EVERYTHING."""

INSTEAD: Final = {
    "config.yml.last_resort": ("last_resort",),
    "schedules.NAME.ical": ("layers", "overrides"),
    "schedules.NAME.ical.url": ("file",),
    "people.NAME.user_id": ("mobile",),
    "alertmanagers.NAME.bearer_token": ("basic",),
    "schedules.NAME.layers.only.days": ("calendar",),
}
"""What a key stands in place of."""

EXAMPLES: Final = [
    (heading, key, example)
    for heading, rows in tables(PAGES["en"]).items()
    for (key, *_), _, example in rows
    if example
]


@pytest.mark.parametrize(
    ("heading", "key", "example"), EXAMPLES, ids=[f"{row[0]}.{row[1]}" for row in EXAMPLES]
)
def test_an_example_is_valid_where_it_stands(
    heading: str, key: str, example: str, tmp_path: Path
) -> None:
    """Words that other sections define are defined."""
    (tmp_path / "team.yml").write_text("{people: {}}")
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "mine.j2").write_text('{% extends "default.j2" %}')
    document = yaml.load(EVERYTHING, yaml.BaseLoader)  # noqa: S506  # texts alone: no code, no types
    value = yaml.load(example, yaml.BaseLoader)  # noqa: S506  # same
    if heading == "include":
        (tmp_path / "team.yml").write_text(json.dumps({key: value}))
        load(document, tmp_path)
        return
    assert heading in WHERE, "put this section into EVERYTHING and WHERE"
    place = document
    for part in filter(None, WHERE[heading].split(".")):
        place = place[int(part) if part.isdigit() else part]
    for other in INSTEAD.get(f"{heading}.{key}", ()):
        place.pop(other)
    place[key] = merged(place.get(key), value) if heading == "config.yml" else value
    load(document, tmp_path)


def merged(defined: object, value: object) -> object:
    """Return an example beside what the rest of the document needs."""
    if isinstance(defined, dict) and isinstance(value, dict):
        return {**defined, **value}
    return value


def deliveries(settings: Settings) -> list[tuple[Delivery, ...]]:
    robots = {name: robot.defaults for name, robot in settings.robots.items()}
    made = (make_group(make_alert("a", status=status, a="b")) for status in ("firing", "resolved"))
    return [route_group(settings.route, group, robots, settings.scale) for group in made]
