"""A message as it was sent, for people: numbers of mobiles without their middle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from adapter.core.message_json import decode_message
from adapter.core.people import MASKS, mask
from adapter.errors import PayloadError
from adapter.phone import Content, content_of

if TYPE_CHECKING:
    from adapter.core.life import Message


class _At(msgspec.Struct, rename="camel"):
    at_mobiles: list[str] = msgspec.field(default_factory=list)


class _Called(msgspec.Struct):
    at: _At = msgspec.field(default_factory=_At)


@dataclass(frozen=True, slots=True)
class ShownMessage:
    """Hold a message and what DingTalk showed of it; nothing of one that cannot be read."""

    message: Message
    content: Content | None
    request: str


def shown(message: Message, body: bytes | None) -> ShownMessage:
    """Return a message for people; `body` is the request that was made of it."""
    if body is None:
        return ShownMessage(message, None, "")
    masked = without_mobiles(body)
    try:
        content = content_of(decode_message(masked)[0])
        pretty = msgspec.json.format(masked, indent=2).decode(errors="replace")
    except (PayloadError, msgspec.DecodeError):
        return ShownMessage(message, None, masked.decode(errors="replace"))
    return ShownMessage(message, content, pretty)


def without_mobiles(body: bytes) -> bytes:
    """Return a request without whole numbers: those that it calls, and what looks like one."""
    text = body.decode(errors="replace")
    for mobile in _called(body):
        text = text.replace(mobile, mask(mobile))
    for pattern, instead in MASKS:
        text = pattern.sub(instead, text)
    return text.encode()


def _called(body: bytes) -> list[str]:
    try:
        return [each for each in msgspec.json.decode(body, type=_Called).at.at_mobiles if each]
    except msgspec.DecodeError:
        return []
