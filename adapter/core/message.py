"""DingTalk's six message types as values, and the bytes they become.

Every text that DingTalk receives leaves through `body()`, so the limits of the robot API hold here
or nowhere. Sizes are bytes of the UTF-8 JSON body. The names on the wire are case-sensitive and not
alike: a link has `messageUrl`, a line of a feed card `messageURL`. What is None is not sent. Both
kinds of ActionCard are one type: a whole-card jump has `singleTitle` and `singleURL`, an
independent jump has `btns`. Source: DingTalk "robot message types".
"""

from __future__ import annotations

from typing import Final, Literal, assert_never

import msgspec

BODY_LIMIT: Final = 19_000
"""Bytes a body may have: DingTalk refuses 20,000, and how it counts is not documented."""

TITLE_LIMIT: Final = 64
"""Characters of a title that the conversation list shows."""

Switch = Literal["0", "1"]
"""No or yes, as DingTalk spells it."""


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Be a part of a message; a name that DingTalk does not know is refused."""


class At(Part, frozen=True, rename="camel"):
    """Say whom a message rings."""

    at_mobiles: tuple[str, ...] | None = None
    at_user_ids: tuple[str, ...] | None = None
    is_at_all: bool | None = None


class Text(Part, frozen=True):
    """Show plain text."""

    content: str


class Link(Part, frozen=True):
    """Show one link with a picture, which is a URL or `@mediaId`."""

    title: str
    text: str
    message_url: str = msgspec.field(name="messageUrl")
    pic_url: str | None = msgspec.field(name="picUrl", default=None)


class Markdown(Part, frozen=True):
    """Show `text`, with `title` in the conversation list only."""

    title: str
    text: str


class Button(Part, frozen=True):
    """Lead to a URL."""

    title: str
    action_url: str = msgspec.field(name="actionURL")


class ActionCard(Part, frozen=True):
    """Show markdown with one button for the whole card, or with several."""

    title: str
    text: str
    single_title: str | None = msgspec.field(name="singleTitle", default=None)
    single_url: str | None = msgspec.field(name="singleURL", default=None)
    btns: tuple[Button, ...] | None = None
    btn_orientation: Switch | None = msgspec.field(name="btnOrientation", default=None)
    hide_avatar: Switch | None = msgspec.field(name="hideAvatar", default=None)


class FeedLink(Part, frozen=True):
    """Be one line of a feed card."""

    title: str
    message_url: str = msgspec.field(name="messageURL")
    pic_url: str = msgspec.field(name="picURL")


class FeedCard(Part, frozen=True):
    """Show several links with pictures."""

    links: tuple[FeedLink, ...]


class TextMessage(Part, frozen=True, tag_field="msgtype", tag="text"):
    """Carry plain text."""

    text: Text
    at: At | None = None


class LinkMessage(Part, frozen=True, tag_field="msgtype", tag="link"):
    """Carry a link; it rings nobody, whatever `at` says."""

    link: Link
    at: At | None = None


class MarkdownMessage(Part, frozen=True, tag_field="msgtype", tag="markdown"):
    """Carry markdown, the message type of alerts."""

    markdown: Markdown
    at: At | None = None


class ActionCardMessage(Part, frozen=True, tag_field="msgtype", tag="actionCard"):
    """Carry markdown with buttons."""

    action_card: ActionCard = msgspec.field(name="actionCard")
    at: At | None = None

    @property
    def markdown(self) -> Markdown:
        """Return what it says beside its buttons."""
        return Markdown(self.action_card.title, self.action_card.text)


class FeedCardMessage(Part, frozen=True, tag_field="msgtype", tag="feedCard"):
    """Carry several links; it rings nobody, whatever `at` says."""

    feed_card: FeedCard = msgspec.field(name="feedCard")
    at: At | None = None


Message = TextMessage | LinkMessage | MarkdownMessage | ActionCardMessage | FeedCardMessage
"""Any message of a robot."""

AlertMessage = MarkdownMessage | ActionCardMessage
"""A message that tells alerts."""


def headline(message: Message) -> str:
    """Return the words by which a person knows a message: its title, or its text without one."""
    match message:
        case TextMessage(text=text):
            return text.content
        case LinkMessage(link=link):
            return link.title
        case MarkdownMessage(markdown=markdown):
            return markdown.title
        case ActionCardMessage(action_card=card):
            return card.title
        case FeedCardMessage(feed_card=feed):
            return feed.links[0].title
        case _:
            assert_never(message)


class _Typed(msgspec.Struct, frozen=True):
    msgtype: str = ""


_typed: Final = msgspec.json.Decoder(_Typed).decode


def body(message: Message, message_uuid: str) -> bytes:
    """Return the exact request body: UTF-8 JSON, Chinese unescaped, with its idempotency key.

    `msgUuid` is how DingTalk recognises a repeated request.
    """
    return msgspec.json.encode({**msgspec.to_builtins(message), "msgUuid": message_uuid})


def msgtype_of(content: bytes) -> str:
    """Return the message type of a request body that `body()` made."""
    return _typed(content).msgtype
