"""The message of a word of the adapter itself, and whom it rings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from adapter.core.calls import Calls
from adapter.core.fitting import paragraphs
from adapter.core.message import BODY_LIMIT, AlertMessage
from adapter.core.rendering import render_notice
from adapter.core.who import OnDuty
from adapter.core.words import words_of

if TYPE_CHECKING:
    from datetime import datetime

    from adapter.core.delivery import Notice
    from adapter.core.directory import Contact, Directory


@dataclass(frozen=True, slots=True)
class RenderedNotice:
    """Hold a message; whom it should ring and cannot, and the mentions that mean nobody."""

    message: AlertMessage
    left_out: tuple[Contact, ...] = ()
    missing: tuple[str, ...] = ()


def tell_notice(
    notice: Notice, directory: Directory, now: datetime, *, keyword: str = "", note: str = ""
) -> RenderedNotice:
    """Return the message, `note` above it; it rings whom its mentions mean now."""
    calls = Calls(
        words_of(notice.language), OnDuty(directory, now, digested=notice.mentions), BODY_LIMIT
    )
    closing = calls.note(calls.of_digest()).closing(notice.text)
    message = render_notice(replace(notice, text=paragraphs(notice.text, closing)), keyword, note)
    unheard = calls.unheard(None)
    return RenderedNotice(replace(message, at=calls.at), unheard.contacts, unheard.missing)
