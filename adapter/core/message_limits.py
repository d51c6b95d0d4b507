"""Limits: what DingTalk would refuse of a message, or not show, told before it is sent.

An empty string counts as missing, as it does for DingTalk. Source: DingTalk "robot message types"
and the refusals that are known of each field; where it documents no limit, the one here is what
its other robot APIs hold to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

import msgspec

from adapter.core.message import (
    BODY_LIMIT,
    TITLE_LIMIT,
    ActionCard,
    ActionCardMessage,
    FeedCardMessage,
    LinkMessage,
    MarkdownMessage,
    TextMessage,
    body,
)
from adapter.core.message_keyword import with_keyword
from adapter.errors import MessageTooLarge, PayloadError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from adapter.core.message import At, Message

MENTION_LIMIT: Final = 50
"""People that one message mentions."""

BUTTON_LIMIT: Final = 5
"""Buttons of one ActionCard."""

FEED_LIMIT: Final = 10
"""Links of one feed card."""

UUID_LIMIT: Final = 64
"""Characters of a `msgUuid`."""


def check_message(message: Message, message_uuid: str, keyword: str = "") -> None:
    """Raise PayloadError with everything that is wrong with a message.

    MessageTooLarge if it is only its size, with the keyword that its robot asks for.
    """
    found = [*_problems(message), *_uuid(message_uuid)]
    if found:
        raise PayloadError("; ".join(found))
    try:
        size = len(body(with_keyword(message, keyword), message_uuid))
    except UnicodeEncodeError:
        raise PayloadError("the message has half of a surrogate pair, which is no text") from None
    if size > BODY_LIMIT:
        raise MessageTooLarge(
            f"the message takes {size:,} bytes; at most {BODY_LIMIT:,} are sent, since DingTalk "
            "refuses 20,000: shorten it, or send it in parts"
        )


def _problems(message: Message) -> Iterator[str]:
    match message:
        case TextMessage(text=text):
            yield from _missing("text", text)
        case LinkMessage(link=link):
            yield from (*_missing("link", link), *_long("link.title", link.title))
        case MarkdownMessage(markdown=markdown):
            yield from _missing("markdown", markdown)
            yield from _long("markdown.title", markdown.title)
        case ActionCardMessage(action_card=card):
            yield from (*_missing("actionCard", card), *_long("actionCard.title", card.title))
            yield from _jump(card)
        case FeedCardMessage(feed_card=feed):
            yield from _counted("feedCard.links", len(feed.links), FEED_LIMIT)
            for number, line in enumerate(feed.links):
                yield from _missing(f"feedCard.links[{number}]", line)
        case _:
            assert_never(message)
    if message.at is not None:
        yield from _mentions(message.at)


def _jump(card: ActionCard) -> Iterator[str]:
    """Yield what is wrong with the buttons: either a whole-card jump or an independent one."""
    single = card.single_title is not None or card.single_url is not None
    if single and card.btns is not None:
        yield (
            "`actionCard` has singleTitle or singleURL beside btns, which DingTalk would not show: "
            "give either both of the former or btns"
        )
    elif single:
        for name, value in (("singleTitle", card.single_title), ("singleURL", card.single_url)):
            if not value:
                yield f"`actionCard.{name}` is missing: a whole-card jump has a title and a URL"
    elif card.btns is None:
        yield "`actionCard` has no button: give singleTitle and singleURL, or btns"
    else:
        yield from _counted("actionCard.btns", len(card.btns), BUTTON_LIMIT)
        for number, button in enumerate(card.btns):
            yield from _missing(f"actionCard.btns[{number}]", button)


def _missing(path: str, part: msgspec.Struct) -> Iterator[str]:
    """Yield each required text of a part that is empty."""
    for field in msgspec.structs.fields(part):
        if field.required and not getattr(part, field.name):
            yield f"`{path}.{field.encode_name}` is empty, which DingTalk takes for missing"


def _long(path: str, title: str) -> Iterator[str]:
    if len(title) > TITLE_LIMIT:
        yield f"`{path}` has {len(title)} characters; at most {TITLE_LIMIT} are shown"


def _counted(path: str, number: int, limit: int) -> Iterator[str]:
    if not 1 <= number <= limit:
        yield f"`{path}` has {number} entries; expected 1 to {limit}"


def _mentions(at: At) -> Iterator[str]:
    number = len(at.at_mobiles or ()) + len(at.at_user_ids or ())
    if number > MENTION_LIMIT:
        yield f"`at` names {number} people; DingTalk mentions at most {MENTION_LIMIT} in a message"


def _uuid(message_uuid: str) -> Iterator[str]:
    if not (1 <= len(message_uuid) <= UUID_LIMIT and message_uuid.isascii()):
        yield f"`msgUuid` has to have 1 to {UUID_LIMIT} characters of ASCII"
    elif not message_uuid.isprintable() or " " in message_uuid:
        yield "`msgUuid` has to be without spaces and control characters"
