"""The keyword: a robot with that security setting refuses every message that lacks it."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from msgspec.structs import replace

from adapter.core.envelope import Envelope
from adapter.core.message import (
    ActionCardMessage,
    FeedCardMessage,
    LinkMessage,
    MarkdownMessage,
    TextMessage,
)

if TYPE_CHECKING:
    from adapter.core.message import Message


def with_keyword(message: Message, keyword: str) -> Message:  # noqa: PLR0911  # a case each
    """Return the message with the keyword in its title and its text, where it is missing.

    It is not documented which of them DingTalk searches. A feed card has titles only.
    """
    if not keyword:
        return message
    envelope = Envelope(keyword)
    match message:
        case TextMessage(text=text):
            return replace(message, text=replace(text, content=envelope.text(text.content)))
        case LinkMessage(link=link):
            words = {"title": envelope.title(link.title), "text": envelope.text(link.text)}
            return replace(message, link=replace(link, **words))
        case MarkdownMessage(markdown=shown):
            words = {"title": envelope.title(shown.title), "text": envelope.text(shown.text)}
            return replace(message, markdown=replace(shown, **words))
        case ActionCardMessage(action_card=card):
            words = {"title": envelope.title(card.title), "text": envelope.text(card.text)}
            return replace(message, action_card=replace(card, **words))
        case FeedCardMessage(feed_card=feed):
            if any(keyword in link.title for link in feed.links):
                return message
            first, *others = feed.links
            first = replace(first, title=f"{first.title} · {keyword}")
            return replace(message, feed_card=replace(feed, links=(first, *others)))
        case _:
            assert_never(message)
