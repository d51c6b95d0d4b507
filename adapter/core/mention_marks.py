"""Marks: the `@…` without which DingTalk rings nobody, and still answers ok.

In markdown and on an ActionCard whoever is named in `at` must also stand in the text as
`@<mobile>` or `@<user id>`, with white space or another mark on both sides. In plain text DingTalk
adds what is missing. A link or feed card rings nobody. Source: DingTalk "robot message types".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from adapter.core.message import ActionCardMessage, MarkdownMessage, TextMessage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from adapter.core.message import At, Message

_MOBILE: Final = re.compile(r"1\d{10}|\+\d{1,4}-\d{4,14}")


def silent_mentions(message: Message) -> Iterator[str]:
    """Yield a sentence for each target of `at` that rings nobody; it names none, only its place."""
    at = message.at
    if at is None or not (at.is_at_all or _targets(at)):
        return
    if not isinstance(message, TextMessage | MarkdownMessage | ActionCardMessage):
        yield "`at` rings nobody: DingTalk mentions in text, markdown and actionCard only"
    elif not at.is_at_all:
        missing = missing_marks(message)
        for path, target in _named(at):
            if path.startswith("at.atMobiles") and not _MOBILE.fullmatch(target):
                yield f"`{path}` rings nobody: expected 11 digits, or +COUNTRY-NUMBER"
            elif target in missing:
                yield f"`{path}` rings nobody: the text lacks its `@…` between spaces"


def missing_marks(message: Message) -> tuple[str, ...]:
    """Return the targets that the text of a message lacks and needs to ring them."""
    at = message.at
    if at is None or at.is_at_all or not isinstance(message, MarkdownMessage | ActionCardMessage):
        return ()
    words = (word for word in _markdown(message).split() if word.startswith("@"))
    present = {mark for word in words for mark in word.split("@")}
    return tuple(target for target in _targets(at) if target not in present)


def with_marks(message: Message) -> Message:
    """Return the message with the marks that it needs at its end."""
    missing = missing_marks(message)
    end = "\n\n" + " ".join(f"@{target}" for target in missing) if missing else ""
    match message:
        case MarkdownMessage(markdown=shown):
            return replace(message, markdown=replace(shown, text=shown.text + end))
        case ActionCardMessage(action_card=card):
            return replace(message, action_card=replace(card, text=card.text + end))
        case _:
            return message


def _markdown(message: Message) -> str:
    if isinstance(message, MarkdownMessage):
        return message.markdown.text
    return message.action_card.text if isinstance(message, ActionCardMessage) else ""


def _named(at: At) -> Iterator[tuple[str, str]]:
    """Yield every target of `at` with its place."""
    for name, targets in (("atMobiles", at.at_mobiles), ("atUserIds", at.at_user_ids)):
        for number, target in enumerate(targets or ()):
            yield f"at.{name}[{number}]", target


def _targets(at: At) -> tuple[str, ...]:
    return tuple(dict.fromkeys(target for _, target in _named(at)))
