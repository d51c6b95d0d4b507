"""What a message of each type shows."""

from __future__ import annotations

from typing import assert_never

import msgspec

from adapter.core import message as wire


class Text(msgspec.Struct, frozen=True, tag="text"):
    """Show plain text."""

    text: str
    title: str = ""


class Link(msgspec.Struct, frozen=True, tag="link"):
    """Show one link with a picture."""

    title: str
    text: str
    url: str
    picture: str


class Markdown(msgspec.Struct, frozen=True, tag="markdown"):
    """Show markdown; the title only stands in the conversation list."""

    title: str
    text: str


class Button(msgspec.Struct, frozen=True):
    """Lead to a URL."""

    title: str
    url: str


class ActionCard(msgspec.Struct, frozen=True, tag="actionCard"):
    """Show markdown with buttons under it; `whole` when the card has a single one."""

    title: str
    text: str
    buttons: tuple[Button, ...]
    whole: bool
    horizontal: bool


class FeedLink(msgspec.Struct, frozen=True):
    """Show one line of a feed card."""

    title: str
    url: str
    picture: str


class FeedCard(msgspec.Struct, frozen=True, tag="feedCard"):
    """Show several links with pictures."""

    links: tuple[FeedLink, ...]
    text: str = ""

    @property
    def title(self) -> str:
        """Return all titles: a feed card has no other words."""
        return "\n".join(link.title for link in self.links)


Content = Text | Link | Markdown | ActionCard | FeedCard


def content_of(message: wire.Message) -> Content:
    """Return what a message shows that a robot sends."""
    match message:
        case wire.TextMessage(text=text):
            return Text(text.content)
        case wire.LinkMessage(link=link):
            return Link(link.title, link.text, link.message_url, link.pic_url or "")
        case wire.MarkdownMessage(markdown=markdown):
            return Markdown(markdown.title, markdown.text)
        case wire.ActionCardMessage(action_card=card):
            return _card(card)
        case wire.FeedCardMessage(feed_card=feed):
            lines = (FeedLink(each.title, each.message_url, each.pic_url) for each in feed.links)
            return FeedCard(tuple(lines))
        case _:
            assert_never(message)


def _card(card: wire.ActionCard) -> ActionCard:
    whole = card.btns is None
    single = Button(card.single_title or "", card.single_url or "")
    several = tuple(Button(each.title, each.action_url) for each in card.btns or ())
    return ActionCard(
        title=card.title,
        text=card.text,
        buttons=(single,) if whole else several,
        whole=whole,
        horizontal=card.btn_orientation == "1",
    )
