"""What went wrong with a request: told in the log, and answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog

from adapter.errors import StoreUnavailable
from adapter.web.answers import Refusal, error_answer

if TYPE_CHECKING:
    from flask import Response

    from adapter.web.backend import Backend

log = structlog.get_logger(__name__)

WEBHOOKS: Final = ("/alertmanager", "/dingtalk/")
"""How the paths of webhooks begin."""

MESSAGES: Final = "/robots/"
"""How the paths of messages that are asked for begin."""


def tell(path: str, code: int, why: str, *, body_kept: bool = False) -> None:
    """Log what was refused; of its URL only the path, as the query may hold secrets."""
    if path.startswith(WEBHOOKS):
        log.warning("webhook refused", code=code, why=why, path=path, body_kept=body_kept)
    elif path.startswith(MESSAGES):
        log.warning("message refused", code=code, why=why, path=path)


def answer_to(backend: Backend, path: str, error: Exception) -> Response:
    """Return the answer to a request that failed, after telling of it in the log."""
    if isinstance(error, Refusal):
        tell(path, error.code, error.text, body_kept=error.body_kept)
        return error_answer(error.code, error.text, error.headers)
    if isinstance(error, StoreUnavailable):
        backend.store_failed(str(error))
        tell(path, 503, str(error))
        return error_answer(503, str(error))
    log.error("a request failed by a fault of the adapter", path=path, exc_info=error)
    return error_answer(500, "a fault of the adapter; its log has the details")
