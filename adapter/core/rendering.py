"""Rendering: deliveries and their templates become the messages that are sent.

Whatever the alerts hold and however a template fails, there is a message, and it fits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from adapter.core.batch import Form
from adapter.core.budget import TooMuchError
from adapter.core.calls import NO_CALL, Calls
from adapter.core.digest import tell_digest
from adapter.core.entry_writer import EntryWriter, PlainWriter
from adapter.core.envelope import Envelope
from adapter.core.fitting import Around, fit, paragraphs_that_fit
from adapter.core.full_message import tell_group, tell_groups
from adapter.core.group_writer import GroupWriter, look_of
from adapter.core.line_message import AllAlerts, tell_lines
from adapter.core.links import all_alerts_url, markdown_link
from adapter.core.merged_heading import MergedHeading
from adapter.core.message import BODY_LIMIT
from adapter.core.own_pages import message_link
from adapter.core.reader import Readers
from adapter.core.style import DEFAULT_STYLE, Style
from adapter.core.template_set import TemplateSet
from adapter.core.text import clean, cut_bytes, encodable, escape, one_line, plain
from adapter.core.who import NOBODY
from adapter.core.words import words_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

    from adapter.core.batch import Batch
    from adapter.core.delivery import Delivery, Notice
    from adapter.core.directory import Contact
    from adapter.core.group_writer import Make
    from adapter.core.message import AlertMessage
    from adapter.core.template_check import TemplateProblem
    from adapter.core.who import Who


CROWD: Final = 20_000
"""Bytes that wait after a message from which on it must be full."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """Hold a message; `failed` says which template failed, where and how, without any value."""

    message: AlertMessage
    failed: str | None = None


@dataclass(frozen=True, slots=True)
class RenderedBatch:
    """Hold a message that tells the first `told` entries of a batch; `failed` as above.

    It rings `rung`; there was no room to ring those `left_out`; the mentions `missing` mean nobody.
    """

    message: AlertMessage
    told: int
    failed: str | None = None
    rung: tuple[Contact, ...] = ()
    left_out: tuple[Contact, ...] = ()
    missing: tuple[str, ...] = ()


class Renderer:
    """Make messages from templates; `sources` are their texts by name, such as `default.j2`."""

    def __init__(self, sources: Mapping[str, str], style: Style = DEFAULT_STYLE) -> None:
        self._templates = TemplateSet(sources, style)
        self._style = style

    def problems(self, names: Collection[str] | None = None) -> tuple[TemplateProblem, ...]:
        """Return every mistake in these templates, or in all; found by reading and by trying."""
        return self._templates.problems(names)

    def render(self, delivery: Delivery, *, now: datetime, keyword: str = "") -> Rendered:
        """Return the message of a delivery; by the built-in format if its template fails."""
        settings, envelope = delivery.settings, Envelope(keyword)
        nobody = Calls(words_of(settings.language), NOBODY, BODY_LIMIT)
        writer = GroupWriter(self._templates, Readers(now, self._style), nobody, alone=True)
        try:
            return Rendered(_by_template(writer.by_template(settings), delivery, envelope))
        except Exception as error:  # noqa: BLE001  # a template may raise anything; the alert goes out
            failed = self._templates.fault(settings, error)
            return Rendered(_plainly(writer.plainly(settings), delivery, envelope), failed)

    def render_batch(  # noqa: PLR0913  # each is of another kind, and named
        self,
        batch: Batch,
        *,
        now: datetime,
        keyword: str = "",
        part: tuple[int, int] | None = None,
        room: int = BODY_LIMIT,
        who: Who = NOBODY,
        note: str = "",
        name: str = "",
    ) -> RenderedBatch:
        """Return a message of as many of the first entries as have room: at least one.

        `part` is such as (2, 3): the second message of three. A digest tells all at once. `who`
        knows whom it rings. `note` is markdown that stands above everything. `name` is what
        the link to all that the message tells calls it.
        """
        words = words_of(look_of(batch.entries).language)
        calls = Calls(words, who, room)
        readers = Readers(now, self._style)
        last = "" if batch.minimal else str(message_link(readers, name, words))
        envelope = Envelope(keyword, room, part, note)
        rendered = self._rendered(batch, envelope, readers, calls, last)
        digest = batch.form is Form.DIGEST
        unheard = calls.unheard(None if digest else batch.entries[: rendered.told])
        return replace(
            rendered,
            message=msgspec.structs.replace(rendered.message, at=calls.at),
            rung=calls.rung,
            left_out=unheard.contacts,
            missing=unheard.missing,
        )

    def _rendered(
        self, batch: Batch, envelope: Envelope, readers: Readers, calls: Calls, last: str
    ) -> RenderedBatch:
        if batch.form is Form.DIGEST:
            message = tell_digest(batch, envelope, readers, calls, last)
            return RenderedBatch(message, len(batch.entries))
        if batch.form is Form.FULL and batch.alone and batch.entries and not batch.minimal:
            groups = GroupWriter(self._templates, readers, calls, alone=True)
            message, told = tell_group(batch.entries, groups, envelope, readers)
            return RenderedBatch(message, told, groups.failed)
        return self._merged(batch, envelope, readers, calls, last)

    def _merged(
        self, batch: Batch, envelope: Envelope, readers: Readers, calls: Calls, last: str
    ) -> RenderedBatch:
        words = words_of(look_of(batch.entries).language)
        merged = not (batch.alone or batch.minimal)
        most = len(batch.entries)
        heading = MergedHeading(words, envelope, readers, merged=merged, most=most, last=last)
        if batch.minimal:
            links = AllAlerts(words, shown=0)
            message = tell_lines(batch.entries, PlainWriter(readers, words), heading, links, calls)
            return RenderedBatch(message, heading.told)
        lines = EntryWriter(self._templates, readers, heading.room)
        if batch.form is Form.FULL:
            groups = GroupWriter(self._templates, readers, calls)
            crowded = _is_crowded(batch, envelope)
            message = tell_groups(batch.entries, groups, lines, heading, crowded=crowded)
            return RenderedBatch(message, heading.told, groups.failed or lines.failed)
        message = tell_lines(batch.entries, lines, heading, AllAlerts(words), calls)
        return RenderedBatch(message, heading.told, lines.failed)


def _is_crowded(batch: Batch, envelope: Envelope) -> bool:
    """Return whether another whole message's worth of alerts waits besides this one's."""
    return sum(count.full_bytes for count in batch.totals.counts) >= envelope.room + CROWD


def render_notice(notice: Notice, keyword: str = "", note: str = "") -> AlertMessage:
    """Return a word of the adapter itself; paragraphs that have no room are left out."""
    envelope = Envelope(keyword, note=note)
    title = envelope.title(clean(notice.title).strip())
    text = encodable(notice.text).strip() or escape(title)
    room = envelope.text_room(title)
    kept = paragraphs_that_fit(text, room) or escape(cut_bytes(plain(text), room // 6, "…"))
    return envelope.message(title, kept)


def _by_template(ways: Iterable[Make], delivery: Delivery, envelope: Envelope) -> AlertMessage:
    for make in ways:
        draft = _try(make, delivery, envelope)
        if draft.line and draft.text:
            return draft.envelope.message(draft.title, draft.text)
    raise TooMuchError("the message does not fit or is empty")


def _plainly(ways: Iterable[Make], delivery: Delivery, envelope: Envelope) -> AlertMessage:
    draft = _try(next(iter(ways)), delivery, envelope)
    return draft.envelope.message(draft.title, draft.text or escape(draft.title))


class _Draft(NamedTuple):
    """Hold the title as it was written and as it is sent, and the text, if it has room."""

    envelope: Envelope
    line: str
    title: str
    text: str | None


def _try(make: Make, delivery: Delivery, envelope: Envelope) -> _Draft:
    group, words = delivery.group, words_of(delivery.settings.language)
    parts = make(group, NO_CALL, None)
    envelope = envelope.with_buttons(parts.buttons(), delivery.settings)
    line = one_line(parts.title())
    title = envelope.title(line)
    link = markdown_link(all_alerts_url(group), words.all_alerts)
    around = Around(words, group.truncated_alerts, link)
    return _Draft(envelope, line, title, fit(parts, around, envelope.text_room(title)))
