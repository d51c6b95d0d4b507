"""Recall what gunicorn made of a head: a client that is kept sends the same one each time.

Only the length of the body differs, and that has been read already (`adapter.serving.arrival`). So
the parser stays the authority: what it has not seen, byte for byte but for the digits of that
length, it is asked about. A recollection belongs to one connection, since a head means another
thing from another client.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Final

from gunicorn.http.unreader import IterUnreader

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

    from gunicorn.http.message import Request

HEAD_LIMIT: Final = 4096
"""Bytes of a head that is remembered."""

_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]+)", re.IGNORECASE)


class Recollection:
    """Hold a head without the digits of its body's length, and what it meant."""

    __slots__ = ("_environ", "_front", "_rest", "_shortest", "request")

    def __init__(self, head: bytes, request: Request, environ: WSGIEnvironment) -> None:
        found = _LENGTH.search(head)
        start, end = (0, 0) if found is None else found.span(1)
        self._front, self._rest = head[:start], head[end:]
        self._shortest = len(self._front) + len(self._rest) + 1
        self._environ = environ
        self.request = request
        request.body = None  # it holds the bytes of the first
        request.unreader = IterUnreader(())

    def fits(self, head: bytes) -> bool:
        """Return whether a head means the same."""
        return (
            len(head) >= self._shortest
            and head.startswith(self._front)
            and head.endswith(self._rest)
            and head[len(self._front) : len(head) - len(self._rest)].isdigit()
        )

    def environ(self, body: bytes) -> WSGIEnvironment:
        """Return the environment of another request with this head, and its own body."""
        length = str(len(body))
        return {**self._environ, "CONTENT_LENGTH": length, "wsgi.input": io.BytesIO(body)}
