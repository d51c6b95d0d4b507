"""Fitting: the parts of a message put together so that it is no larger than DingTalk takes.

Every alert gets its line before any is told in full: how many comes before how much. Parts are
never cut; values are, before they are escaped, so no link and no escape breaks in two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from adapter.core.text import json_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from adapter.core.alert_view import AlertView
    from adapter.core.calls import Call
    from adapter.core.message import Button
    from adapter.core.words import Words

FULL_ALERTS: Final = 10
"""How many alerts a message tells in full; a group of more is read as a list."""

FULL_OF_MANY: Final = 3
"""How many of a larger group are told in full, so that a reader sees what it is about."""

_GUESSES: Final = 4
"""Tries to find how many alerts fit by their size; then the range that is left is halved."""

_JOINT: Final = "\n\n"  # DingTalk swallows a single line break
_JOINT_SIZE: Final = json_size(_JOINT)


class Parts(Protocol):
    """Make the parts of one message as markdown; an empty part is left out."""

    @property
    def paragraphs(self) -> Sequence[Sequence[AlertView]]:
        """Return the alerts in the order in which they are told, by the paragraphs that do."""
        ...

    @property
    def call(self) -> Call:
        """Return whom they ring."""
        ...

    def title(self) -> str:
        """Return what the conversation list shows, as markdown."""
        ...

    def group(self) -> str:
        """Return what is told of the group as a whole."""
        ...

    def alert(self, alert: AlertView) -> str:
        """Return one alert in full."""
        ...

    def paragraph(self, alerts: Sequence[AlertView]) -> str:
        """Return one alert in one line, or several that differ only in their subject."""
        ...

    def footer(self) -> str:
        """Return what ends the message."""
        ...

    def buttons(self) -> tuple[Button, ...]:
        """Return the buttons of an ActionCard; none of a message that is not to be one."""
        ...


@dataclass(frozen=True, slots=True)
class Around:
    """Hold what the adapter itself says around the parts.

    `truncated` alerts were left out by their sender; `link` leads to what has no room; `mark` says
    which message of a series this is; `note` is a sentence below the heading; `last` ends it all.
    """

    words: Words
    truncated: int = 0
    link: str = ""
    mark: str = ""
    note: str = ""
    last: str = ""

    def opening(self, group: str) -> str:
        """Return what is told of the group, with the mark at the end of its first line."""
        first, newline, more = group.partition("\n")
        return " ".join(filter(None, (first, self.mark))) + newline + more

    def more(self, count: int) -> str:
        """Return the line that stands for `count` alerts that have no room."""
        told = self.words.more.format(count)
        return f"{told}{self.words.colon}{self.link}" if self.link else told

    def cut_off(self) -> str:
        """Return what the sender left out, or nothing."""
        return self.words.truncated.format(self.truncated) if self.truncated else ""


@dataclass(frozen=True, slots=True)
class Fitted:
    """Hold the text that tells the first `told` alerts; `whole`: it leaves out no detail."""

    parts: Parts
    text: str
    told: int
    whole: bool


def fit(parts: Parts, around: Around, room: int) -> str | None:
    """Return the message's text in at most `room` bytes of JSON; None if no alert has room."""
    draft = _Draft(parts, around, room)
    if draft.left < 0 or (parts.paragraphs and not draft.told):
        return None
    if draft.missing:
        return draft.text(around.more(draft.missing))
    draft.tell_in_full()
    return draft.text()


def fit_first(
    make: Callable[[int], Parts], count: int, around: Around, room_of: Callable[[Parts], int]
) -> Fitted | None:
    """Return the text of as many of the first alerts as get a line; None if not even one does.

    `make` makes the parts of so many of the first of `count` alerts: what they have in common, and
    so how long each is, depends on how many they are.
    """
    best: _Draft | None = None
    most, too_many, tried, tries = 0, count + 1, count, 0
    while most < tried < too_many:
        parts = make(tried)
        draft, tries = _Draft(parts, around, room_of(parts)), tries + 1
        if draft.missing:
            too_many, tried = tried, draft.told
        else:
            best, most, tried = draft, tried, tried + draft.more_to_try
            if tried == most:
                break
        middle = (most + too_many) // 2
        tried = min(max(tried, most + 1), too_many - 1) if tries < _GUESSES else middle
    if best is None:
        return None
    whole = best.tell_in_full()
    return Fitted(best.parts, best.text(), most, whole)


def size_of(paragraph: str) -> int:
    """Return the bytes of JSON that a paragraph takes among others."""
    return json_size(paragraph) + _JOINT_SIZE if paragraph else 0


def paragraphs(*told: str) -> str:
    """Return a text of these paragraphs; empty ones are left out."""
    return _JOINT.join(filter(None, told))


class _Draft:
    """Put one message together: a line for each alert that has room, then some in full."""

    def __init__(self, parts: Parts, around: Around, room: int) -> None:
        self.parts = parts
        self._head = [around.opening(parts.group()), around.note]
        self._tail = [around.cut_off(), parts.footer(), around.last]
        fixed = [*self._head, *self._tail, parts.call.closing("")]
        self._room = room - parts.call.at_growth - sum(map(size_of, fixed))
        self.left = self._room
        self._lines: list[str] = []
        self.told = 0
        self._count = sum(map(len, parts.paragraphs))
        self._take_lines(size_of(around.more(self._count)))

    @property
    def missing(self) -> int:
        """Return how many alerts have none."""
        return self._count - self.told

    @property
    def more_to_try(self) -> int:
        """Return how many more lines of ordinary length would have room."""
        spent = self._room - self.left
        return self.left * self.told // spent if spent else 0

    def _take_lines(self, reserve: int) -> None:
        """Take the lines that have room, with `reserve` for the word that there are more."""
        for alerts in self.parts.paragraphs:
            line = self.parts.paragraph(alerts)
            size = size_of(line)
            if self.left - size < (reserve if self.told + len(alerts) < self._count else 0):
                break
            self.left -= size
            self._lines.append(line)
            self.told += len(alerts)

    def tell_in_full(self) -> bool:
        """Replace lines from the first on by the alert in full; return whether all had room."""
        taken = self.parts.paragraphs[: len(self._lines)]
        single = [number for number, alerts in enumerate(taken) if len(alerts) == 1]
        for number in single if len(single) <= FULL_ALERTS else single[:FULL_OF_MANY]:
            full = self.parts.alert(taken[number][0])
            more = size_of(full) - size_of(self._lines[number])
            if more > self.left:
                return False
            self.left -= more
            self._lines[number] = full
        return True

    def text(self, more: str = "") -> str:
        """Return the text; `more` stands for alerts that it does not tell."""
        told = paragraphs(*self._head, *self._lines, more, *self._tail)
        return paragraphs(told, self.parts.call.closing(told))


def paragraphs_that_fit(text: str, room: int) -> str:
    """Return the first paragraphs of `text` that have room."""
    kept: list[str] = []
    for paragraph in _paragraphs(text):
        room -= size_of(paragraph)
        if room < 0:
            break
        kept.append(paragraph)
    return _JOINT.join(kept)


def _paragraphs(text: str) -> Iterable[str]:
    return filter(None, (paragraph.strip("\n") for paragraph in text.split(_JOINT)))
