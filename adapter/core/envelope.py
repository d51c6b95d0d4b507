"""Envelope: what every message has around its text: a title, the keyword, a place in a series."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from adapter.core.message import (
    BODY_LIMIT,
    TITLE_LIMIT,
    ActionCard,
    ActionCardMessage,
    AlertMessage,
    Button,
    Markdown,
    MarkdownMessage,
    Switch,
    body,
)
from adapter.core.text import cut

if TYPE_CHECKING:
    from adapter.core.delivery import RenderSettings

_BESIDE: Final = " · "
_UUID: Final = "0" * 64  # no longer is what `body()` gets


@dataclass(frozen=True, slots=True)
class Envelope:
    """Make messages of at most `room` bytes that hold `keyword`; `part` is such as (2, 3).

    `note` stands above the text: on whose behalf a message is sent, and why.
    With `buttons` they are ActionCards; `sideways` sets these side by side.
    """

    keyword: str = ""
    room: int = BODY_LIMIT
    part: tuple[int, int] | None = None
    note: str = ""
    buttons: tuple[Button, ...] = ()
    sideways: bool = False

    def with_buttons(self, buttons: tuple[Button, ...], settings: RenderSettings) -> Envelope:
        """Return one that makes ActionCards with these buttons, if there are any."""
        return replace(self, buttons=buttons, sideways=settings.buttons == "horizontal")

    @property
    def mark(self) -> str:
        """Return which message of a series this is, or nothing."""
        return "({}/{})".format(*self.part) if self.part else ""

    def title(self, line: str) -> str:
        """Return a title that is short enough and holds the mark and the keyword."""
        mark = f" {self.mark}" if self.part else ""
        title = cut(line, TITLE_LIMIT - len(mark)) + mark
        if self.keyword in title:
            return title
        end = f"{mark}{_BESIDE}{self.keyword}"
        return cut(line, max(0, TITLE_LIMIT - len(end))) + end

    def text_room(self, title: str) -> int:
        """Return how many bytes of JSON a text may have beside `title`."""
        return self.room - len(body(self.message(title, ""), _UUID))

    def text(self, text: str) -> str:
        """Return a text below the note, with the keyword at its end where it is missing."""
        noted = f"> {self.note}\n\n{text}" if self.note else text
        return noted if self.keyword in noted else f"{noted}\n\n{self.keyword}"

    def message(self, title: str, text: str) -> AlertMessage:
        """Return the message, with what stands around its text."""
        told = self.text(text)
        if not self.buttons:
            return MarkdownMessage(markdown=Markdown(title, told))
        if len(self.buttons) == 1:
            (only,) = self.buttons
            card = ActionCard(title, told, single_title=only.title, single_url=only.action_url)
        else:
            orientation: Switch = "1" if self.sideways else "0"
            card = ActionCard(title, told, btns=self.buttons, btn_orientation=orientation)
        return ActionCardMessage(action_card=card)
