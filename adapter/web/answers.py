"""Answers: errors as short JSON, free of secrets, and those that are not known at once.

Alertmanager logs an error whole at each flush.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from flask import Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
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


def later(decide: Callable[[], Response]) -> WSGIApplication:
    """Return what answers as `decide` says, which is asked as late as WSGI allows.

    A server that begins several requests before it reads any answer lets them wait together.
    `decide` has no request any more, and must not raise.
    """

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
        yield from decide()(environ, start_response)

    return answer
