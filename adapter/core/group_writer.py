"""GroupWriter: the alerts of one group, by its template or, where that fails, without one."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import msgspec

from adapter.core.alerts import AlertGroup, subset
from adapter.core.budget import Budget, Rendering, TooMuchError
from adapter.core.calls import Call
from adapter.core.delivery import RenderSettings
from adapter.core.fitting import Around, Fitted, Parts, fit_first
from adapter.core.group_view import GroupView
from adapter.core.own_pages import pages_of
from adapter.core.plain_message import SHORT_BYTES, VALUE_BYTES, PlainParts
from adapter.core.template_parts import TemplateParts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from adapter.core.batch import Entry
    from adapter.core.calls import Calls
    from adapter.core.own_pages import OwnPages
    from adapter.core.reader import Reader, Readers
    from adapter.core.template_blocks import Run
    from adapter.core.template_set import TemplateSet

VALUES: Final = (4_000, 800, VALUE_BYTES)
"""Bytes of one value that are shown; the next is tried when the message does not fit."""

PLAIN_VALUES: Final = (VALUE_BYTES, SHORT_BYTES)
"""The same without a template."""

Make = Callable[[AlertGroup, Call, "OwnPages | None"], Parts]


class GroupWriter:
    """Write the groups of one message; `failed` says which template failed, where and how.

    `calls` collects whom the message rings. `alone`: the group is, so the message may be an
    ActionCard.
    """

    def __init__(
        self, templates: TemplateSet, readers: Readers, calls: Calls, *, alone: bool = False
    ) -> None:
        self._templates = templates
        self._readers = readers
        self._alone = alone
        self.calls = calls
        self._budget = Budget()
        self.failed: str | None = None

    def write(
        self,
        entries: Sequence[Entry],
        around: Around,
        room_of: Callable[[Parts], int],
        *,
        must: bool,
    ) -> Fitted | None:
        """Return as many of the first entries of a group as have room; None if not even one has.

        `must`: the message holds nothing else, so to have no room is a fault of the template.
        """
        settings = settings_of(entries)
        try:
            fitted = self._fit(self.by_template(settings), entries, around, room_of)
            if fitted or not must:
                return fitted
            raise TooMuchError("the message does not fit or is empty")  # noqa: TRY301  # told as any
        except Exception as error:  # noqa: BLE001  # a template may raise anything; the alert goes out
            self.failed = self.failed or self._templates.fault(settings, error)
        return self._fit(self.plainly(settings), entries, around, room_of)

    def by_template(self, settings: RenderSettings) -> Iterator[Make]:
        """Yield ways to make the parts of a group by its template, each with shorter values."""
        run = self._templates.get(settings).run()
        for longest in VALUES:
            rendering = Rendering(self._reader(settings, longest), self._budget)
            yield functools.partial(_template_parts, run, rendering)

    def plainly(self, settings: RenderSettings) -> Iterator[Make]:
        """Yield the same without a template."""
        for longest in PLAIN_VALUES:
            reader = self._reader(settings, longest)
            yield functools.partial(_plain_parts, settings.template, reader)

    def _reader(self, settings: RenderSettings, longest: int) -> Reader:
        return self._readers.of(settings, longest, alone=self._alone)

    def _fit(
        self,
        ways: Iterable[Make],
        entries: Sequence[Entry],
        around: Around,
        room_of: Callable[[Parts], int],
    ) -> Fitted | None:
        for make in ways:
            first = functools.partial(self._of_first, make, entries)
            fitted = fit_first(first, len(entries), around, room_of)
            if fitted and fitted.text:
                return fitted
        return None

    def _of_first(self, make: Make, entries: Sequence[Entry], count: int) -> Parts:
        first = entries[:count]
        return make(group_of(first), self.calls.of(first), pages_of(self._readers, first))


def _template_parts(
    run: Run,
    rendering: Rendering,
    group: AlertGroup,
    call: Call,
    pages: OwnPages | None,
) -> TemplateParts:
    return TemplateParts(run, GroupView(group, rendering.reader, pages), rendering, call)


def _plain_parts(
    failed: str, reader: Reader, group: AlertGroup, call: Call, pages: OwnPages | None
) -> PlainParts:
    return PlainParts(GroupView(group, reader, pages), reader, failed, call)


def settings_of(entries: Sequence[Entry]) -> RenderSettings:
    """Return how the entries of a group are to look: as the newest of them."""
    return _newest(entries).delivery.settings


def look_of(entries: Sequence[Entry]) -> RenderSettings:
    """Return how a message of these entries is to look as a whole: as the first of them."""
    return entries[0].delivery.settings if entries else RenderSettings()


def group_of(entries: Sequence[Entry]) -> AlertGroup:
    """Return the group as the newest entry has it, with the alerts of all these entries."""
    group = _newest(entries).delivery.group
    alerts = tuple(entry.alert for entry in entries)
    if alerts == group.alerts:
        return group
    return subset(msgspec.structs.replace(group, alerts=()), alerts)


def _newest(entries: Sequence[Entry]) -> Entry:
    return max(entries, key=lambda entry: entry.delivery_id)
