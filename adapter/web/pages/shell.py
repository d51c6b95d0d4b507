"""The shell around every page: who looks, in which language, at what time, and how it is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

import structlog
from flask import Response, g, render_template, request
from jinja2 import ChoiceLoader, FileSystemLoader, PackageLoader, StrictUndefined
from markupsafe import Markup

from adapter.core.delivery import RenderSettings
from adapter.errors import StoreUnavailable
from adapter.phone import FILTERS, TEMPLATES, WORDS
from adapter.web.body import drain
from adapter.web.pages.assets import asset_address
from adapter.web.pages.forms import (
    FIELD,
    LIMIT,
    keep_token,
    read_form,
    require_same_origin,
    require_token,
    token_of,
)
from adapter.web.pages.headers import protect
from adapter.web.pages.login import visitor_of
from adapter.web.pages.refusal import PageRefusal
from adapter.web.pages.words import FIELD as LANGUAGE_FIELD
from adapter.web.pages.words import SHELL, keep_language, language_of, words_in

if TYPE_CHECKING:
    from datetime import datetime

    from flask import Blueprint, Flask

    from adapter.web.backend import Backend
    from adapter.web.pages.words import Language, Pairs

NAVIGATION: Final = (
    ("pages.overview", "overview"),
    ("pages.deliveries", "deliveries"),
    ("pages.oncall", "oncall"),
    ("pages.playground", "playground"),
    ("pages.routes", "routes"),
    ("pages.maintenance", "maintenance"),
)
"""The pages that the navigation names: their endpoints, and their words."""

log = structlog.get_logger(__name__)


def prepare_templates(app: Flask) -> None:
    """Let an application find the templates of the pages, and of messages on them."""
    loaders = [PackageLoader("adapter.web.pages"), FileSystemLoader(TEMPLATES)]
    app.jinja_options = {"loader": ChoiceLoader(loaders), "undefined": StrictUndefined}
    app.jinja_env.filters.update(FILTERS)


class Shell:
    """Admit visitors, read their forms and show them pages."""

    def __init__(
        self, backend: Backend, navigation: tuple[tuple[str, str], ...] = NAVIGATION
    ) -> None:
        self.backend = backend
        self._navigation = navigation

    @property
    def visitor(self) -> str:
        """Return the name of who asks."""
        return str(g.visitor)

    @property
    def language(self) -> Language:
        """Return the language of who asks."""
        return language_of(request)

    def admit(self) -> None:
        """Learn who asks, or raise PageRefusal."""
        g.visitor = visitor_of(request, self.backend.settings.server.page)

    def form(self, limit: int = LIMIT) -> dict[str, str]:
        """Return the fields of a form that a page of ours has made, or raise PageRefusal."""
        external = urlsplit(self.backend.settings.server.external_url).netloc
        require_same_origin(request, {external} - {""})
        fields = read_form(request, self.backend.clock, limit)
        require_token(request, fields)
        return fields

    def guard(self, blueprint: Blueprint) -> None:
        """Have a blueprint answer refusals as pages."""

        @blueprint.errorhandler(PageRefusal)
        def refused(refusal: PageRefusal) -> Response:
            drain(request, self.backend.clock)
            return self._refused(refusal)

        @blueprint.errorhandler(StoreUnavailable)
        def unavailable(error: StoreUnavailable) -> Response:
            log.warning("a page could not be shown", path=request.path, why=str(error))
            return self._refused(PageRefusal(503, "no_store"))

    def show(
        self, template: str, words: Pairs, *, code: int = 200, bare: bool = False, **values: object
    ) -> Response:
        """Return a page; `bare` is for who has not logged in: no navigation, no form."""
        token = "" if bare else token_of(request)
        html = render_template(
            template,
            language=self.language,
            words=words_in(self.language, SHELL, WORDS, words),
            visitor="" if bare else g.get("visitor", ""),
            navigation=() if bare else self._navigation,
            asset=asset_address,
            csrf=_field(token),
            in_other_language=_in_other_language(self.language),
            when=self.when,
            **values,
        )
        response = Response(html, code, content_type="text/html; charset=utf-8")
        keep_language(response, request)
        if token:
            keep_token(response, request, token)
        return protect(response)

    def when(self, instant: datetime) -> str:
        """Return an instant as people at home read it: on the clock of the root route's zone."""
        return instant.astimezone(self.zone).strftime("%Y-%m-%d %H:%M:%S")

    @property
    def zone(self) -> ZoneInfo:
        """Return the root route's zone."""
        name = self.backend.settings.route.settings.timezone or RenderSettings().timezone
        return ZoneInfo(name)

    def _refused(self, refusal: PageRefusal) -> Response:
        response = self.show(
            "refusal.html", refusal.words, code=refusal.code, bare=True, key=refusal.key
        )
        response.headers.update(refusal.headers)
        return response


def _field(token: str) -> Markup:
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, token)


def _in_other_language(language: Language) -> str:
    """Return this page's address in the other language."""
    other = "en" if language == "zh" else "zh"
    asked = [pair for pair in request.args.items(multi=True) if pair[0] != LANGUAGE_FIELD]
    return "?" + urlencode([*asked, (LANGUAGE_FIELD, other)])
