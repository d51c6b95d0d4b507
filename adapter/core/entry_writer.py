"""EntryWriter: one alert in one line, by its template or, where that fails, without one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from adapter.core.alert_view import among_others
from adapter.core.budget import Budget, Rendering, TooMuchError
from adapter.core.fitting import size_of
from adapter.core.own_pages import pages_of
from adapter.core.plain_message import SHORT_BYTES, VALUE_BYTES, plain_entry, plain_failure
from adapter.core.template_parts import TemplateEntries

if TYPE_CHECKING:
    from adapter.core.batch import Entry
    from adapter.core.calls import Call
    from adapter.core.delivery import RenderSettings
    from adapter.core.reader import Readers
    from adapter.core.template_blocks import Run
    from adapter.core.template_set import TemplateSet
    from adapter.core.words import Words

_VALUES: Final = (400, VALUE_BYTES, SHORT_BYTES)
"""Bytes of one value that are shown; the next is tried when a line is too long."""

_LONG: Final = 1_500
"""Bytes from which a line is too long: the last one that has no room leaves that much empty."""


class EntryWriter:
    """Write entries in lines of at most half of `room`.

    A template that failed is not asked again: each failure may cost as much as a whole message.
    """

    def __init__(self, templates: TemplateSet, readers: Readers, room: int) -> None:
        self._templates = templates
        self._readers = readers
        self._longest_line = room // 2
        self._budget = Budget()
        self._known: dict[tuple[int, int], TemplateEntries] = {}
        self._looks: dict[tuple[RenderSettings, int], _Look] = {}
        self._failures: dict[str, str] = {}

    @property
    def failed(self) -> str | None:
        """Return where the first template failed, and how; None if none did."""
        return next(iter(self._failures.values()), None)

    def write(self, entry: Entry, call: Call) -> str:
        """Return an alert in one line, with whom it rings."""
        settings = entry.delivery.settings
        if settings.template not in self._failures:
            try:
                return self._by_template(entry, call)
            except Exception as error:  # noqa: BLE001  # a template may raise anything
                self._failures[settings.template] = self._templates.fault(settings, error)
        return call.beside(plain_line(entry, self._readers))

    def note(self, entry: Entry) -> str:
        """Return that the template of this entry failed, or nothing."""
        settings = entry.delivery.settings
        if settings.template not in self._failures:
            return ""
        return plain_failure(self._readers.of(settings, SHORT_BYTES), settings.template)

    def _by_template(self, entry: Entry, call: Call) -> str:
        for longest in _VALUES:
            line = self._template(entry, longest).entry(entry.alert, call)
            if size_of(line) <= _LONG:
                return call.beside(line)
        if size_of(line) > self._longest_line:
            raise TooMuchError("a line that takes most of a message")
        return call.beside(line)

    def _template(self, entry: Entry, longest: int) -> TemplateEntries:
        key = entry.delivery_id, longest
        if key not in self._known:
            look = self._look(entry.delivery.settings, longest)
            group, pages = entry.delivery.group, pages_of(self._readers, [entry])
            self._known[key] = TemplateEntries(look.run, group, look.rendering, pages)
        return self._known[key]

    def _look(self, settings: RenderSettings, longest: int) -> _Look:
        key = settings, longest
        if key not in self._looks:
            run = self._templates.get(settings).run()
            reader = self._readers.of(settings, longest)
            self._looks[key] = _Look(run, Rendering(reader, self._budget))
        return self._looks[key]


class _Look(NamedTuple):
    """Hold what writes the lines of all alerts that are to look alike."""

    run: Run
    rendering: Rendering


class PlainWriter:
    """Write entries without template, annotations and URLs, for what DingTalk refused with them."""

    def __init__(self, readers: Readers, words: Words) -> None:
        self._readers = readers
        self._words = words

    def write(self, entry: Entry, call: Call) -> str:
        """Return an alert in one line, with whom it rings."""
        return call.beside(plain_line(entry, self._readers))

    def note(self, _entry: Entry) -> str:
        """Return that details are withheld, and why."""
        return self._words.withheld


def plain_line(entry: Entry, readers: Readers) -> str:
    """Return an alert in one line without a template, so short that it always has room."""
    line = _plain_line(entry, readers, VALUE_BYTES)
    return line if size_of(line) <= _LONG else _plain_line(entry, readers, SHORT_BYTES)


def _plain_line(entry: Entry, readers: Readers, longest: int) -> str:
    reader = readers.of(entry.delivery.settings, longest)
    view = among_others(entry.alert, entry.delivery.group, reader)
    return plain_entry(view, reader)
