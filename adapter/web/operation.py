"""The endpoints of operation, as Prometheus has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from adapter.errors import ConfigError
from adapter.logs import redaction
from adapter.metrics import CONTENT_TYPE
from adapter.web.auth import require_operator

if TYPE_CHECKING:
    from adapter.web.backend import Backend


def create_operation(backend: Backend) -> Blueprint:
    """Return /-/healthy, /-/ready, /-/reload and /metrics."""
    blueprint = Blueprint("operation", __name__)

    @blueprint.get("/-/healthy")
    def healthy() -> Response:
        return _text("OK\n") if backend.alive() else _text("a part of the adapter ended\n", 503)

    @blueprint.get("/-/ready")
    def ready() -> Response:
        reason = backend.not_ready()
        return _text(f"{reason}\n", 503) if reason else _text("OK\n")

    @blueprint.route("/-/reload", methods=["POST", "PUT"])
    def reload() -> Response:
        require_operator(request, backend.settings.server, backend.clock)
        try:
            backend.reload()
        except ConfigError as error:
            problems = redaction(str(error))
            return _text(f"the old configuration stays in force:\n{problems}\n", 500)
        return _text("OK\n")

    @blueprint.get("/metrics")
    def metrics() -> Response:
        return Response(backend.metrics.expose(), content_type=CONTENT_TYPE)

    return blueprint


def _text(text: str, code: int = 200) -> Response:
    return Response(text, code, content_type="text/plain; charset=utf-8")
