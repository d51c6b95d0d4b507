"""What a link of a message opens. Nothing that only looks at it changes anything."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

import structlog
from flask import Blueprint, Response

from adapter.core.message_links import Kind
from adapter.core.reader import zone_of
from adapter.errors import StoreUnavailable
from adapter.web.message_pages.layout import Watch, fault, page, reader_words
from adapter.web.message_pages.timeline import Story

if TYPE_CHECKING:
    from adapter.core.message_links import Link, Linker
    from adapter.web.backend import Backend

log = structlog.get_logger(__name__)


def create_message_pages(backend: Backend) -> Blueprint:
    """Return the pages below `/m/`."""
    blueprint = Blueprint("message_pages", __name__)
    pages = _Pages(backend)

    @blueprint.get("/m/<kind>/<subject>/<until>/<sign>")
    def look(kind: str, subject: str, until: str, sign: str) -> Response:
        return pages.look(kind, subject, until, sign)

    return blueprint


class _Pages:
    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def look(self, *parts: str) -> Response:
        linker = self._backend.settings.linker
        link = linker.read(*parts) if linker else None
        words = reader_words()
        if linker is None or link is None:
            return fault(404, words.forged, words.forged_next)
        if link.expired(self._backend.clock.now()):
            return fault(410, words.expired, words.expired_next)
        try:
            return self._opened(linker, link)
        except StoreUnavailable as error:
            log.warning("a link of a message could not be opened", why=str(error))
            return fault(503, words.unavailable, words.unavailable_next)

    def _opened(self, linker: Linker, link: Link) -> Response:
        if link.kind is Kind.MESSAGE:
            return self._message(linker, link)
        return self._why(link)

    def _why(self, link: Link) -> Response:
        words, settings = reader_words(), self._backend.settings
        timeline = self._backend.history.timeline(link.delivery)
        if timeline is None:
            return fault(404, words.gone, words.gone_next)
        story = Story(timeline, settings.people, settings.style, words)
        return page("why", words=words, story=story)

    def _message(self, linker: Linker, link: Link) -> Response:
        words, settings = reader_words(), self._backend.settings
        contents = self._backend.history.contents(link.subject)
        if contents is None:
            return fault(404, words.gone, words.gone_next)
        watch = Watch(zone_of(settings.route.settings.timezone or "Asia/Shanghai") or UTC)
        links = {part.id: linker.signed_path(link.why(part.id)) for part in contents.parts}
        return page("message", words=words, contents=contents, watch=watch, links=links)
