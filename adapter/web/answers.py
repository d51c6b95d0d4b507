"""Answers: errors as short JSON, free of secrets, and those that are not known at once.

Alertmanager logs an error whole at each flush.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

import msgspec
from flask import Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

BODY_LIMIT: Final = 1024
"""Bytes of an error body at most; Grafana reads no more."""


class Refusal(Exception):  # noqa: N818  # an answer, not a fault
    """Answer a request with an error, from wherever that is decided.

    `body_kept` becomes true when the request's body was kept for a person to look at.
    """

    def __init__(self, code: int, text: str, **headers: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.headers = headers
        self.body_kept = False


def error_answer(code: int, text: str, headers: dict[str, str] | None = None) -> Response:
    """Return `{"error": text}`, cut to fit."""
    while len(body := msgspec.json.encode({"error": text})) > BODY_LIMIT:
        text = text[: len(text) * 3 // 4].rstrip("…") + "…"
    return Response(body, code, headers, content_type="application/json")


class Answer(Protocol):
    """A WSGI application that knows its status."""

    @property
    def status_code(self) -> int:
        """Return it."""
        ...

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse, /
    ) -> Iterable[bytes]:
        """Answer."""
        ...


class Accepted:
    """Answer 200 and a few bytes, without what Flask's responses can beside."""

    status_code: Final = 200

    def __init__(self, body: bytes, content_type: str) -> None:
        self._body = body
        self._content_type = content_type

    def __call__(self, _: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer."""
        length = str(len(self._body))
        start_response("200 OK", [("Content-Type", self._content_type), ("Content-Length", length)])
        return [self._body]


def later(decide: Callable[[], Answer]) -> WSGIApplication:
    """Return what answers as `decide` says, which is asked as late as WSGI allows.

    A server that begins several requests before it reads any answer lets them wait together.
    `decide` has no request any more, and must not raise.
    """

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
        yield from decide()(environ, start_response)

    return answer
