"""Read a request's body within bounds.

Werkzeug cuts a chunked body silently at its limit and runs the view, so the limit is kept here.
What is too large is read to its end all the same, within other bounds, and thrown away: a sender
that is still writing would see a broken pipe instead of the answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from adapter.web.answers import Refusal

if TYPE_CHECKING:
    from flask import Request

    from adapter.clock import Clock

DISCARD_LIMIT: Final = 64 * 1024 * 1024
"""Bytes read and thrown away at most before an error is answered."""

DISCARD_SECONDS: Final = 5.0
"""Seconds that may take at most."""

_CHUNK: Final = 64 * 1024


class Input(Protocol):
    """A WSGI input."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes; none at the end."""
        ...


class TooLarge(Refusal):
    """Refuse a body above the limit; `start` is what was read of it."""

    def __init__(self, limit: int, start: bytes) -> None:
        super().__init__(
            413,
            f"the body is larger than server.max_body ({limit} bytes); "
            "raise it, or set max_alerts in Alertmanager's webhook_configs",
        )
        self.start = start


def read_body(request: Request, limit: int, clock: Clock) -> bytes:
    """Return the body, or raise TooLarge after throwing the rest away."""
    stream: Input = request.environ["wsgi.input"]
    body = _read(stream, _expected(request, limit) + 1)
    if len(body) > limit:
        _discard(stream, clock)
        raise TooLarge(limit, body)
    return body


def drain(request: Request, clock: Clock) -> None:
    """Throw a body away before an error is answered."""
    _discard(request.environ["wsgi.input"], clock)


def _expected(request: Request, limit: int) -> int:
    length = request.content_length
    return limit if length is None else min(length, limit)


def _read(stream: Input, size: int) -> bytes:
    parts = []
    while size > 0 and (part := stream.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _discard(stream: Input, clock: Clock) -> None:
    deadline = clock.monotonic() + DISCARD_SECONDS
    left = DISCARD_LIMIT
    while left > 0 and clock.monotonic() < deadline:
        part = stream.read(_CHUNK)
        if not part:
            return
        left -= len(part)
