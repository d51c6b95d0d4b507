"""Errors as answers: short, JSON, free of secrets. Alertmanager logs them whole at each flush."""

from __future__ import annotations

from typing import Final

import msgspec
from flask import Response

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
