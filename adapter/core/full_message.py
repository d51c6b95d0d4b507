"""The full message: one group, or several one after the other, each by its own template."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

from adapter.core.budget import TooMuchError
from adapter.core.entry_writer import plain_line
from adapter.core.fitting import Around, paragraphs, size_of
from adapter.core.group_writer import group_of, settings_of
from adapter.core.merged_heading import delay_note
from adapter.core.own_pages import why_link
from adapter.core.text import one_line
from adapter.core.words import words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from adapter.core.batch import Entry
    from adapter.core.calls import Calls
    from adapter.core.envelope import Envelope
    from adapter.core.fitting import Parts
    from adapter.core.group_writer import GroupWriter
    from adapter.core.line_message import LineWriter
    from adapter.core.merged_heading import MergedHeading
    from adapter.core.message import AlertMessage
    from adapter.core.reader import Readers

_BETWEEN: Final = "────────"
"""What stands between groups: DingTalk shows a rule of markdown as its source."""

_NEARLY_FULL: Final = 11
"""A message of which less than this part is free is full enough."""


def tell_group(
    entries: Sequence[Entry], writer: GroupWriter, envelope: Envelope, readers: Readers
) -> tuple[AlertMessage, int]:
    """Return a message of as many of the first entries of one group as have room, and how many."""
    calls = writer.calls
    entries = calls.first_within(entries, apart=False)
    words = words_of(settings_of(entries).language)
    delay = readers.now - min(entry.received_at for entry in entries)
    note = delay_note(words, delay, merged=False)
    last = str(why_link(readers, entries, words))
    around = _around(entries, envelope.mark, note, last)
    section = writer.write(
        entries, around, lambda parts: _room(_card(envelope, entries, parts), parts), must=True
    )
    if section is None:
        line = plain_line(entries[0], readers)
        told = calls.note(calls.of(entries[:1])).beside(line)
        return envelope.message(envelope.title(one_line(line)), told), 1
    calls.note(section.parts.call)
    envelope = _card(envelope, entries, section.parts)
    title = envelope.title(one_line(section.parts.title()))
    return envelope.message(title, section.text), section.told


def tell_groups(
    entries: Sequence[Entry],
    writer: GroupWriter,
    lines: LineWriter,
    heading: MergedHeading,
    *,
    crowded: bool,
) -> AlertMessage:
    """Return a message of as many of the first entries as have room, which `heading` counts.

    What has no room with all its details waits for the next message. Only while much more waits
    (`crowded`) is it cut short, so that every message is full.
    """
    texts: list[str] = []
    left, calls = heading.room, writer.calls
    for each in _runs(entries):
        run = calls.first_within(each, apart=True)
        if not run:
            break
        may_wait = bool(texts) and not (crowded and left > heading.room // _NEARLY_FULL)
        room = left - size_of(_BETWEEN) if texts else left
        section = writer.write(run, _around(run), _always(room), must=not texts)
        whole = section is not None and section.whole and section.told == len(run)
        if may_wait and not whole:
            break
        if section is None:
            rest = calls.first_within(entries[heading.told :], apart=True)
            texts += _lines(rest, lines, heading, room, calls)
            break
        texts.append(section.text)
        left = room - size_of(section.text) - calls.note(section.parts.call).at_growth
        for entry in run[: section.told]:
            heading.add(entry)
        if section.told < len(each):
            break
    return heading.message(f"\n\n{_BETWEEN}\n\n".join(texts))


def _lines(
    entries: Sequence[Entry], lines: LineWriter, heading: MergedHeading, left: int, calls: Calls
) -> list[str]:
    """Return lines of the first entries, as many as have room, as one text."""
    told: list[str] = []
    for entry in entries:
        call = calls.of([entry])
        line = lines.write(entry, call)
        left -= size_of(line) + call.at_growth
        if left < 0:
            break
        calls.note(call)
        told.append(line)
        heading.add(entry)
    return [paragraphs(*told)] if told else []


def _room(envelope: Envelope, parts: Parts) -> int:
    title = one_line(parts.title())
    if not title:
        raise TooMuchError("block title is empty")
    return envelope.text_room(envelope.title(title))


def _card(envelope: Envelope, entries: Sequence[Entry], parts: Parts) -> Envelope:
    return envelope.with_buttons(parts.buttons(), settings_of(entries))


def _always(room: int) -> Callable[[Parts], int]:
    return lambda _: room


def _around(entries: Sequence[Entry], mark: str = "", note: str = "", last: str = "") -> Around:
    words = words_of(settings_of(entries).language)
    return Around(words, group_of(entries).truncated_alerts, mark=mark, note=note, last=last)


def _runs(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    """Yield the entries that stand together and are of one group."""
    for _, run in itertools.groupby(entries, _identity):
        yield tuple(run)


def _identity(entry: Entry) -> object:
    group = entry.delivery.group
    key = (group.source, group.receiver, group.group_key) if group.group_key else entry.delivery_id
    return key, entry.delivery.settings
