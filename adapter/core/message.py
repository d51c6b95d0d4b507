"""DingTalk's messages as values, and the bytes they become.

Every text that DingTalk receives leaves through `body()`, so the limits of the robot API hold here
or nowhere. Sizes are bytes of the UTF-8 JSON body. Source: DingTalk "robot message types".
"""

from __future__ import annotations

from typing import Final

import msgspec

BODY_LIMIT: Final = 19_000
"""Bytes a body may have: DingTalk refuses 20,000, and how it counts is not documented."""

TITLE_LIMIT: Final = 64
"""Characters of a title that the conversation list shows."""


class At(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Say whom a message rings."""

    at_mobiles: tuple[str, ...] = ()
    at_user_ids: tuple[str, ...] = ()
    is_at_all: bool = False


class Markdown(msgspec.Struct, frozen=True):
    """Show `text`, with `title` in the conversation list only."""

    title: str
    text: str


class MarkdownMessage(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="msgtype", tag="markdown"
):
    """Carry markdown, the message type of alerts."""

    markdown: Markdown
    at: At | None = None


Message = MarkdownMessage
"""Any message of a robot; the other types join here."""


def body(message: Message, message_uuid: str) -> bytes:
    """Return the exact request body: UTF-8 JSON, Chinese unescaped, with its idempotency key.

    `msgUuid` is how DingTalk recognises a repeated request.
    """
    fields = {**msgspec.to_builtins(message), "msgUuid": message_uuid}
    if fields.get("at") is None:
        fields.pop("at", None)
    return msgspec.json.encode(fields)
