"""What a link of a message opens. Nothing that only looks at it changes anything."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import structlog
from flask import Blueprint, Response, request
from markupsafe import Markup

from adapter.core.acts import ActKind
from adapter.core.matchers import MatcherError
from adapter.core.message_links import Kind
from adapter.core.reader import zone_of
from adapter.core.silencing import narrowed, written
from adapter.core.trouble import AlertmanagerError
from adapter.errors import StoreUnavailable
from adapter.logs import redaction
from adapter.web.body import drain
from adapter.web.message_pages.acting import Actor, Case, WrongForm, case_of, choices
from adapter.web.message_pages.layout import Watch, fault, page, reader_words
from adapter.web.message_pages.timeline import Story
from adapter.web.pages.forms import read_form, require_same_origin
from adapter.web.pages.refusal import PageRefusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapter.core.life import Timeline
    from adapter.core.message_links import Link, Linker
    from adapter.web.backend import Backend

FORM_LIMIT: Final = 64 * 1024
"""Bytes of a form at most."""

_HIDDEN: Final = Markup('<input type="hidden" name="token" value="{}">')

log = structlog.get_logger(__name__)


def create_message_pages(backend: Backend) -> Blueprint:
    """Return the pages below `/m/`."""
    blueprint = Blueprint("message_pages", __name__)
    address = "/m/<kind>/<subject>/<until>/<sign>"

    @blueprint.get(address)
    def look(kind: str, subject: str, until: str, sign: str) -> Response:
        return _Visit(backend).look(kind, subject, until, sign)

    @blueprint.post(address)
    def act(kind: str, subject: str, until: str, sign: str) -> Response:
        try:
            return _Visit(backend).act(kind, subject, until, sign)
        finally:
            drain(request, backend.clock)

    return blueprint


class _Unusable(Exception):  # noqa: N818  # an answer, not a fault
    """Answer with a page that says why a link opens nothing."""

    def __init__(self, code: int, title: str, text: str) -> None:
        super().__init__(title)
        self.code = code
        self.title = title
        self.text = text


class _Visit:
    """Answer one request."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._words = reader_words()

    def look(self, *parts: str) -> Response:
        """Return what a link opens."""
        try:
            linker, link = self._link(*parts)
            if link.kind is Kind.MESSAGE:
                return self._message(linker, link)
            if link.kind is Kind.ACT:
                return self._confirm(self._case(linker, link), request.args)
            return self._why(linker, link)
        except _Unusable as why:
            return fault(why.code, why.title, why.text)
        except StoreUnavailable as error:
            return self._unavailable(error)

    def act(self, *parts: str) -> Response:
        """Do what a form asks, and return what came of it."""
        words = self._words
        try:
            linker, link = self._link(*parts)
            if link.kind is not Kind.ACT:
                return fault(405, words.nothing_done, words.no_form)
            form = self._form(linker, link)
            case = self._case(linker, link)
            try:
                self._carry_out(case, form)
            except WrongForm as wrong:
                return self._confirm(case, form, wrong)
            return self._confirm(self._case(linker, link), form)
        except _Unusable as why:
            return fault(why.code, why.title, why.text)
        except StoreUnavailable as error:
            return self._unavailable(error)

    def _link(self, *parts: str) -> tuple[Linker, Link]:
        words, linker = self._words, self._backend.settings.linker
        link = linker.read(*parts) if linker else None
        if linker is None or link is None:
            raise _Unusable(404, words.forged, words.forged_next)
        if link.expired(self._backend.clock.now()):
            raise _Unusable(410, words.expired, words.expired_next)
        return linker, link

    def _form(self, linker: Linker, link: Link) -> dict[str, str]:
        """Return the fields of a form that this very page has made."""
        words = self._words
        try:
            require_same_origin(request, {urlsplit(linker.base).netloc})
            form = read_form(request, self._backend.clock, FORM_LIMIT)
        except PageRefusal as refusal:
            told = {403: words.foreign, 415: words.no_form}
            text = told.get(refusal.code, words.too_large)
            raise _Unusable(refusal.code, words.nothing_done, text) from None
        if not linker.is_form_token(link, form.get("token", "")):
            raise _Unusable(403, words.nothing_done, words.stale)
        return form

    def _carry_out(self, case: Case, form: Mapping[str, str]) -> None:
        actor = Actor(self._backend, self._words)
        known = {
            ActKind.ACKNOWLEDGE: actor.acknowledge,
            ActKind.SILENCE: actor.silence,
            ActKind.EXPIRE: actor.expire,
        }
        asked = form.get("do", "")
        if asked not in list(ActKind):
            raise WrongForm(400, self._words.no_form)
        known[ActKind(asked)](case, form)

    def _timeline(self, link: Link) -> Timeline:
        timeline = self._backend.history.timeline(link.delivery)
        if timeline is None:
            raise _Unusable(404, self._words.gone, self._words.gone_next)
        return timeline

    def _case(self, linker: Linker, link: Link) -> Case:
        case = case_of(link, linker, self._timeline(link), self._backend)
        if case is None:
            raise _Unusable(404, self._words.gone, self._words.gone_next)
        return case

    def _story(self, timeline: Timeline) -> Story:
        settings = self._backend.settings
        return Story(timeline, settings.people, settings.style, self._words)

    def _why(self, linker: Linker, link: Link) -> Response:
        timeline = self._timeline(link)
        ends = timeline.received_at + linker.acts_for
        open_now = ends > self._backend.clock.now()
        acts = (
            link.act(life.fingerprint, ends)
            if open_now and life.status == "firing" and life.fingerprint
            else None
            for life in timeline.lives
        )
        handle = [linker.relative(act) if act else "" for act in acts]
        return page("why", words=self._words, story=self._story(timeline), handle=handle)

    def _message(self, linker: Linker, link: Link) -> Response:
        contents = self._backend.history.contents(link.subject)
        if contents is None:
            raise _Unusable(404, self._words.gone, self._words.gone_next)
        settings = self._backend.settings
        watch = Watch(zone_of(settings.route.settings.timezone or "Asia/Shanghai") or UTC)
        links = {part.id: linker.relative(link.why(part.id)) for part in contents.parts}
        return page("message", words=self._words, contents=contents, watch=watch, links=links)

    def _confirm(
        self, case: Case, given: Mapping[str, str], wrong: WrongForm | None = None
    ) -> Response:
        """Return the page on which a person decides, or sees what was decided."""
        token = _HIDDEN.format(case.linker.form_token(case.link))
        silenced = case.did(ActKind.SILENCE)
        count, uncounted = (0, "") if silenced else self._count(case, given.get("more", ""))
        return page(
            "act",
            wrong.code if wrong else 200,
            words=self._words,
            story=self._story(case.timeline),
            names=list(dict.fromkeys(redaction(alert.name) or "?" for alert in case.alerts)),
            wrong=wrong.text if wrong else "",
            hidden=lambda: token,
            given={name: given.get(name, "") for name in ("who", "more", "comment", "for")},
            acknowledged=case.did(ActKind.ACKNOWLEDGE),
            silenced=silenced,
            muted=[redaction(matcher) for matcher in silenced.matchers] if silenced else [],
            ended=case.did(ActKind.EXPIRE),
            matchers=[redaction(str(matcher)) for matcher in case.own],
            own=case.linker.matchers_token(written(case.own)),
            durations=choices(self._backend.settings.silence.durations, given.get("for", "")),
            count=count,
            uncounted=uncounted,
            why=case.linker.relative(case.link.why(case.timeline.id)),
        )

    def _count(self, case: Case, more: str) -> tuple[int | None, str]:
        """Return how many alerts would be muted now, or why that is not known."""
        if case.source is None:
            return None, ""
        try:
            matchers = narrowed(case.own, more)
            return self._backend.alertmanager(case.source).count(matchers), ""
        except MatcherError as error:
            return None, self._words.no_matcher.format(error)
        except AlertmanagerError as error:
            return None, self._words.trouble[error.trouble].format(error.said)

    def _unavailable(self, error: StoreUnavailable) -> Response:
        log.warning("a link of a message could not be followed", why=str(error))
        return fault(503, self._words.unavailable, self._words.unavailable_next)
