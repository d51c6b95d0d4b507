"""Rendering: a delivery and its template become the message that is sent.

Whatever the alerts hold and however a template fails, there is a message, and it fits.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from adapter.core.budget import Budget, Rendering, TooMuchError
from adapter.core.fitting import Rest, fit, paragraphs_that_fit
from adapter.core.group_view import GroupView
from adapter.core.links import all_alerts_url, markdown_link
from adapter.core.message import BODY_LIMIT, TITLE_LIMIT, Markdown, MarkdownMessage, body
from adapter.core.plain_message import VALUE_BYTES, PlainParts
from adapter.core.reader import Reader
from adapter.core.template_check import TemplateProblem, check
from adapter.core.template_env import Sandbox
from adapter.core.template_parts import TemplateParts, place_of
from adapter.core.text import clean, cut, cut_bytes, encodable, escape, one_line, plain
from adapter.core.words import words_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, tzinfo

    from adapter.core.delivery import Delivery, Notice

VALUES: Final = (4_000, 800, VALUE_BYTES)
"""Bytes of one value that are shown; the next is tried when the message does not fit."""

_BESIDE: Final = " · "
_UUID: Final = "0" * 64  # no longer is what `body()` gets


@dataclass(frozen=True, slots=True)
class Rendered:
    """Hold a message; `failed` says which template failed, where and how, without any value."""

    message: MarkdownMessage
    failed: str | None = None


class Renderer:
    """Make messages from templates; `sources` are their texts by name, such as `default.j2`."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self._sources = dict(sources)
        self._sandbox = Sandbox(self._sources)

    def problems(self) -> tuple[TemplateProblem, ...]:
        """Return every mistake in the templates, found by reading and by trying each."""
        return check(self._sources, self._sandbox)

    def render(self, delivery: Delivery, *, now: datetime, keyword: str = "") -> Rendered:
        """Return the message of a delivery; by the built-in format if its template fails."""
        name = f"{delivery.settings.template}.j2"
        if name not in self._sources:
            failed = f"{name}: there is no such template"
            return Rendered(_plain_message(delivery, now, keyword), failed)
        try:
            return Rendered(self._message(name, delivery, now, keyword))
        except Exception as error:  # noqa: BLE001  # a template may raise anything; the alert goes out
            failed = self._fault(name, error)
            return Rendered(_plain_message(delivery, now, keyword), failed)

    def _message(
        self, name: str, delivery: Delivery, now: datetime, keyword: str
    ) -> MarkdownMessage:
        template, budget = self._sandbox.get_template(name), Budget()
        for longest in VALUES:
            view, reader = _view(delivery, now, longest)
            parts = TemplateParts(template, view, Rendering(reader, budget))
            title = _title(one_line(parts.title()), keyword)
            text = fit(parts, _rest(delivery, reader), _room(title, keyword))
            if title and text:
                return _message(title, text, keyword)
        raise TooMuchError("the message does not fit or is empty")

    def _fault(self, name: str, error: Exception) -> str:
        """Return where a template failed, and how in one word: more could hold values."""
        file, line = place_of(error, name, self._sources)
        return (
            f"{file}:{line}: {type(error).__name__}" if line else f"{file}: {type(error).__name__}"
        )


def render_notice(notice: Notice, keyword: str = "") -> MarkdownMessage:
    """Return a word of the adapter itself; paragraphs that have no room are left out."""
    title = _title(clean(notice.title).strip(), keyword)
    text = encodable(notice.text).strip() or escape(title)
    room = _room(title, keyword)
    kept = paragraphs_that_fit(text, room) or escape(cut_bytes(plain(text), room // 6, "…"))
    return _message(title, kept, keyword)


def _plain_message(delivery: Delivery, now: datetime, keyword: str) -> MarkdownMessage:
    view, reader = _view(delivery, now, VALUE_BYTES)
    parts = PlainParts(view, reader.words, delivery.settings.template)
    title = _title(one_line(parts.title()), keyword)
    text = fit(parts, _rest(delivery, reader), _room(title, keyword))
    return _message(title, text or escape(title), keyword)


def _view(delivery: Delivery, now: datetime, longest: int) -> tuple[GroupView, Reader]:
    settings = delivery.settings
    reader = Reader(words_of(settings.language), _zone(settings.timezone), now, longest)
    return GroupView(delivery.group, reader), reader


@functools.lru_cache(maxsize=64)
def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # the three ways in which a name is none
        return UTC


def _rest(delivery: Delivery, reader: Reader) -> Rest:
    link = markdown_link(all_alerts_url(delivery.group), reader.words.all_alerts)
    return Rest(reader.words, delivery.group.truncated_alerts, link)


def _title(line: str, keyword: str) -> str:
    """Return a title that is short enough and holds the keyword."""
    title = cut(line, TITLE_LIMIT)
    if keyword in title:
        return title
    return cut(line, max(0, TITLE_LIMIT - len(keyword) - len(_BESIDE))) + _BESIDE + keyword


def _room(title: str, keyword: str) -> int:
    """Return how many bytes of JSON a text may have beside `title`."""
    bare = len(body(_message(title, "", keyword), _UUID))
    return BODY_LIMIT - bare


def _message(title: str, text: str, keyword: str) -> MarkdownMessage:
    told = text if keyword in text else f"{text}\n\n{keyword}"
    return MarkdownMessage(markdown=Markdown(title, told))
