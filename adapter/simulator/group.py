"""The group chat as it was recorded: messages that arrived, and every request with its answer."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote

import msgspec

from adapter.phone.content import Content
from adapter.simulator.mentions import Mention
from adapter.simulator.settings import mask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from adapter.simulator.answers import Reply
    from adapter.simulator.protocol import Accepted, Request


class ChatMessage(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one message of the group.

    `body` is the request as JSON, `raw` its bytes, `size` how many. `notified` are the members
    that rang; `mentions` says of each target whether it rang, and why not.
    """

    number: int
    received_at: datetime
    robot: str
    content: Content
    body: dict[str, object]
    raw: bytes
    size: int
    msg_uuid: str
    mentions: tuple[Mention, ...]
    notified: tuple[str, ...]

    @property
    def title(self) -> str:
        """Return what the conversation list shows."""
        words = self.content.title or self.content.text
        return next((line.strip() for line in words.splitlines() if line.strip()), "")

    @property
    def text(self) -> str:
        """Return the message's text, markdown as it was sent."""
        return self.content.text


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one request and its answer; token and signature are masked in `query`.

    `errcode` is None where the answer had none. `message` is the message that the request became,
    `repeated` whether it was one that had come before, `fault` the fault it met.
    """

    number: int
    received_at: datetime
    method: str
    path: str
    query: str
    content_type: str
    address: str
    raw: bytes
    size: int
    robot: str
    status: int
    errcode: int | None
    errmsg: str
    answer: str
    reset: bool
    fault: str
    repeated: bool
    message: ChatMessage | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Hold what became of one request, to be recorded."""

    request: Request
    reply: Reply
    received_at: datetime
    robot: str
    accepted: Accepted | None
    repeated: bool
    fault: str


class Chat:
    """Remember the newest requests, in order."""

    def __init__(self) -> None:
        self._exchanges: deque[Exchange] = deque()
        self._number = 0

    def record(self, event: Event, kept: int) -> None:
        """Remember one request, and its message if it became one."""
        self._number += 1
        self._exchanges.append(_exchange(self._number, event))
        while len(self._exchanges) > kept:
            self._exchanges.popleft()

    def clear(self) -> None:
        """Forget everything; the numbers go on."""
        self._exchanges.clear()

    def exchanges(self) -> tuple[Exchange, ...]:
        """Return the remembered requests, oldest first."""
        return tuple(self._exchanges)

    def messages(self) -> Iterator[ChatMessage]:
        """Yield the remembered messages, oldest first."""
        for exchange in tuple(self._exchanges):
            if exchange.message is not None:
                yield exchange.message


def _exchange(number: int, event: Event) -> Exchange:
    request, reply = event.request, event.reply
    return Exchange(
        number=number,
        received_at=event.received_at,
        method=request.method,
        path=request.path,
        query=_masked(request.query),
        content_type=request.content_type,
        address=request.address,
        raw=request.body,
        size=request.size,
        robot=event.robot,
        status=reply.status,
        errcode=reply.errcode,
        errmsg=reply.errmsg,
        answer="" if reply.reset else reply.body.decode(errors="replace"),
        reset=reply.reset,
        fault=event.fault,
        repeated=event.repeated,
        message=_message(number, event),
    )


def _message(number: int, event: Event) -> ChatMessage | None:
    if event.accepted is None:
        return None
    return ChatMessage(
        number=number,
        received_at=event.received_at,
        robot=event.robot,
        content=event.accepted.content,
        body=dict(event.accepted.body),
        raw=event.request.body,
        size=event.request.size,
        msg_uuid=event.accepted.uuid,
        mentions=event.accepted.mentions,
        notified=event.accepted.notified,
    )


def _masked(query: str) -> str:
    """Return a query with its token shortened and every value unknown to DingTalk hidden."""
    pairs = parse_qsl(query, keep_blank_values=True)
    return "&".join(f"{quote(name)}={_shown(name, value)}" for name, value in pairs)


def _shown(name: str, value: str) -> str:
    if name == "access_token":
        return mask(value)
    return value if name == "timestamp" and value.isdigit() else "***"
