"""Planned maintenance: one silence, made at several Alertmanagers at once, from labels."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from adapter.core.acts import COMMENT_LIMIT, Act, ActKind
from adapter.core.matchers import Matcher, MatcherError
from adapter.core.reminding import Quiet
from adapter.core.silencing import Silence, narrowed
from adapter.core.text import clean, cut
from adapter.core.trouble import AlertmanagerError
from adapter.web.message_pages.words import page_words
from adapter.web.pages.deliveries import instant
from adapter.web.silences import Busy, silence_once

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from flask import Blueprint, Response

    from adapter.config.settings import SourceSettings
    from adapter.core.delivery import Notice
    from adapter.web.pages.shell import Shell
    from adapter.web.pages.words import Pairs

WORDS: Final[Pairs] = {
    "what_it_is": (
        "按标签在一个或几个 Alertmanager 上创建静默，例如为一次计划内的维护。",
        "Silence by labels at one or several Alertmanagers, such as for planned work.",
    ),
    "matchers": ("匹配条件", "Matchers"),
    "where": ("在哪里", "Where"),
    "from": ("从", "From"),
    "to": ("到", "To"),
    "zone": ("时区 {}", "time zone {}"),
    "comment": ("说明", "Comment"),
    "count": ("查看影响", "Count"),
    "make": ("创建静默", "Silence"),
    "mutes": ("现在会静默 {} 条", "would mute {} now"),
    "made": ("已静默，ID {}", "silenced, ID {}"),
    "made_by": ("由 {} 建立，ID {}", "made by {}, ID {}"),
    "busy": ("正在进行，请稍后再提交。", "Being done just now; submit again in a moment."),
    "none": (
        "没有可以创建静默的地方：请为 alertmanagers 的条目写上 url。",
        "There is nowhere to make a silence: give entries of alertmanagers a url.",
    ),
    "no_matcher": (
        '条件看不懂，或什么都匹配；例如 cluster="bj", node=~"a-.*"。',
        'The matchers are not understood, or match everything; such as cluster="bj".',
    ),
    "no_place": ("请选择至少一个 Alertmanager。", "Choose at least one Alertmanager."),
    "bad_span": (
        "时间看不懂，或结束不晚于开始和现在，或超过 31 天。",
        "The end has to follow the start and now, within 31 days; write 2026-11-26T18:00.",
    ),
}

LONGEST: Final = timedelta(days=31)
"""How long planned work may take."""

_USUAL: Final = timedelta(hours=2)
_ONCE: Final = re.compile(r"[A-Za-z0-9_-]{12}")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Hold an Alertmanager, whether it is chosen, and what is told of it."""

    name: str
    chosen: bool
    told: str = ""
    wrong: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """Hold what is to be silenced, where, and from when until when."""

    matchers: tuple[Matcher, ...]
    places: tuple[SourceSettings, ...]
    starts_at: datetime
    ends_at: datetime
    comment: str
    once: str


class Misfit(Exception):  # noqa: N818  # an answer, not a fault
    """Say which of the words tells what is wrong."""


def add_maintenance(shell: Shell, blueprint: Blueprint) -> None:
    """Add `/maintenance`."""

    @blueprint.get("/maintenance")
    def maintenance() -> Response:
        return _Maintenance(shell).page({})

    @blueprint.post("/maintenance")
    def silence_all() -> Response:
        form, page = shell.form(), _Maintenance(shell)
        return page.count(form) if form.get("do") == "count" else page.make(form)


class _Maintenance:
    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._backend = shell.backend
        self._words = page_words(shell.language)
        sources = shell.backend.settings.sources
        self._sources = {name: each for name, each in sources.items() if each.url}

    def count(self, given: Mapping[str, str]) -> Response:
        """Return the form, with what would be muted now."""
        try:
            matchers = _matchers(given)
        except Misfit as misfit:
            return self.page(given, wrong=str(misfit))
        places = [
            self._counted(place, matchers) if place.chosen else place
            for place in self._places(given)
        ]
        return self.page(given, places)

    def make(self, given: Mapping[str, str]) -> Response:
        """Make the silence at each place that is chosen, and return what came of it."""
        try:
            plan = self._plan(given)
        except Misfit as misfit:
            return self.page(given, wrong=str(misfit))
        chosen = {source.name for source in plan.places}
        places = [
            self._made(place, plan) if place.name in chosen else place
            for place in self._places(given)
        ]
        return self.page(given, places)

    def _plan(self, given: Mapping[str, str]) -> Plan:
        matchers = _matchers(given)
        places = tuple(self._sources[place.name] for place in self._places(given) if place.chosen)
        if not places:
            raise Misfit("no_place")
        zone, now = self._shell.zone, self._backend.clock.now()
        starts_at, ends_at = (instant(given.get(name, ""), zone) for name in ("since", "until"))
        if starts_at is None or ends_at is None or ends_at <= max(starts_at, now):
            raise Misfit("bad_span")
        if ends_at - starts_at > LONGEST or not _ONCE.fullmatch(given.get("once", "")):
            raise Misfit("bad_span")
        comment = cut(clean(given.get("comment", "")).strip(), COMMENT_LIMIT)
        return Plan(matchers, places, max(starts_at, now), ends_at, comment, given["once"])

    def _counted(self, place: Place, matchers: Sequence[Matcher]) -> Place:
        try:
            count = self._backend.alertmanager(self._sources[place.name]).count(matchers)
        except AlertmanagerError as error:
            return self._failed(place, error)
        return Place(place.name, place.chosen, self._said("mutes").format(count))

    def _made(self, place: Place, plan: Plan) -> Place:
        source = self._sources[place.name]
        act = Act(
            kind=ActKind.SILENCE,
            delivery=0,
            fingerprint=f"{plan.once}-{place.name}",
            robot="",
            source=place.name,
            who=self._shell.visitor,
            at=self._backend.clock.now(),
            until=plan.ends_at,
            matchers=tuple(map(str, plan.matchers)),
            comment=plan.comment,
        )
        mark = f"[dingtalk {plan.once}]"
        silence = Silence(
            matchers=plan.matchers,
            starts_at=plan.starts_at,
            ends_at=plan.ends_at,
            created_by=act.who,
            comment=f"{plan.comment} {mark}".strip(),
        )

        def tell(_made: Act) -> tuple[list[Notice], Quiet]:
            return [], Quiet(place.name, (), plan.matchers, "silenced")

        try:
            alertmanager = self._backend.alertmanager(source)
            made, fresh = silence_once(
                self._backend, alertmanager, act, silence=silence, mark=mark, tell=tell
            )
        except Busy:
            return Place(place.name, chosen=True, told=self._said("busy"), wrong=True)
        except AlertmanagerError as error:
            return self._failed(place, error)
        if fresh:
            log.info("silenced from the page", at=place.name, who=made.who, silence=made.silence)
            return Place(place.name, chosen=True, told=self._said("made").format(made.silence))
        told = self._said("made_by").format(made.who, made.silence)
        return Place(place.name, chosen=True, told=told)

    def _failed(self, place: Place, error: AlertmanagerError) -> Place:
        told = self._words.trouble[error.trouble].format(error.said)
        return Place(place.name, place.chosen, told, wrong=True)

    def _said(self, word: str) -> str:
        return WORDS[word][self._shell.language == "en"]

    def _places(self, given: Mapping[str, str]) -> list[Place]:
        """Return all places; before anything is asked all of them are chosen."""
        asked = "matchers" in given
        return [Place(name, not asked or f"at_{name}" in given) for name in self._sources]

    def page(
        self, given: Mapping[str, str], places: Sequence[Place] = (), wrong: str = ""
    ) -> Response:
        """Return the form as it was filled in, with what is told of each place."""
        now = self._backend.clock.now().astimezone(self._shell.zone)
        once = given.get("once", "")
        return self._shell.show(
            "maintenance.html",
            WORDS,
            code=400 if wrong else 200,
            places=places or self._places(given),
            wrong=wrong,
            matchers=given.get("matchers", ""),
            since=given.get("since") or f"{now:%Y-%m-%dT%H:%M}",
            until=given.get("until") or f"{now + _USUAL:%Y-%m-%dT%H:%M}",
            comment=given.get("comment", ""),
            once=once if _ONCE.fullmatch(once) else secrets.token_urlsafe(9),
            zone=str(self._shell.zone),
        )


def _matchers(given: Mapping[str, str]) -> tuple[Matcher, ...]:
    """Return what a form asks for; what matches everything is refused, as by Alertmanager."""
    try:
        matchers = narrowed((), given.get("matchers", ""))
    except MatcherError:
        raise Misfit("no_matcher") from None
    if all(matcher.matches({}) for matcher in matchers):
        raise Misfit("no_matcher")
    return matchers
