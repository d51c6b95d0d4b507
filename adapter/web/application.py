"""The Flask application: blueprints together, and every error as a short answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from adapter.web.answers import error_answer
from adapter.web.body import drain
from adapter.web.failures import WEBHOOKS, answer_to, tell
from adapter.web.message_pages import create_message_pages
from adapter.web.messages import create_messages
from adapter.web.operation import create_operation
from adapter.web.pages import create_pages
from adapter.web.pages.assets import create_assets
from adapter.web.pages.shell import Shell, prepare_templates
from adapter.web.receiver import Receiver
from adapter.web.webhooks import Shortcut, create_webhooks

if TYPE_CHECKING:
    from adapter.web.backend import Backend


def create_app(backend: Backend) -> Flask:
    """Return the WSGI application that serves `backend`."""
    app = Flask("adapter", static_folder=None)
    prepare_templates(app)
    app.url_map.merge_slashes = False  # a redirect would turn Alertmanager's POST into a GET
    receiver = Receiver(backend)
    app.register_blueprint(create_webhooks(receiver))
    app.wsgi_app = Shortcut(app.wsgi_app, receiver)  # type: ignore[method-assign]  # as Flask says
    app.register_blueprint(create_messages(backend))
    app.register_blueprint(create_message_pages(backend))
    app.register_blueprint(create_operation(backend))
    app.register_blueprint(create_assets())
    app.register_blueprint(create_pages(Shell(backend)))
    _answer_errors(app, backend)

    @app.after_request
    def count(response: Response) -> Response:
        if _is_webhook() and request.routing_exception is not None:  # others count themselves
            backend.metrics.answered(response.status_code)
        return response

    return app


def _answer_errors(app: Flask, backend: Backend) -> None:
    @app.errorhandler(HTTPException)
    def routing(error: HTTPException) -> Response:
        code = error.code or 500
        text = _explain(code, error)
        tell(request.path, code, text)
        drain(request, backend.clock)
        return error_answer(code, text, _allowed(error))

    @app.errorhandler(Exception)
    def failed(error: Exception) -> Response:
        return answer_to(backend, request.path, error)


def _is_webhook() -> bool:
    return request.path.startswith(WEBHOOKS)


def _allowed(error: HTTPException) -> dict[str, str]:
    """Return the header that names the methods served, in the same order each time."""
    methods = getattr(error, "valid_methods", None)
    return {"Allow": ", ".join(sorted(methods))} if methods else {}


def _explain(code: int, error: HTTPException) -> str:
    if code == 404:  # noqa: PLR2004  # HTTP's own number
        return (
            "nothing here; webhooks go to POST /alertmanager or /alertmanager/<robot>, "
            "messages to POST /robots/<robot>/messages"
        )
    if code == 405 and _is_webhook():  # noqa: PLR2004  # same
        return (
            f"{request.method} is not served here; Alertmanager posts webhooks. "
            "If it did, a redirect on the way has turned POST into GET: set follow_redirects: false"
        )
    if code == 405:  # noqa: PLR2004  # same
        return f"{request.method} is not served here"
    return error.description or error.name
