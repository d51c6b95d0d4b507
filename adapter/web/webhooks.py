"""The webhook endpoints, and the short way to them.

Flask serves them. What it does around a view takes about as long as accepting a small webhook, and
such a webhook needs none of it: no session, no context, no rule but its path. So `Shortcut` stands
before Flask, hands plain webhooks to the same receiver, and leaves all else to Flask.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec
from flask import Blueprint, Request, request

from adapter.web.answers import Accepted

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from adapter.web.answers import Answer
    from adapter.web.backend import Counts
    from adapter.web.receiver import Receiver

METHODS: Final = ("POST", "PUT")

_PATH: Final = re.compile(r"/alertmanager(?:/([^/]+))?|/dingtalk/([^/]+)/send")


def create_webhooks(receiver: Receiver) -> Blueprint:
    """Return the webhook endpoints."""
    blueprint = Blueprint("webhooks", __name__)

    def routed() -> WSGIApplication:
        return receiver.answer(request, None, accepted)

    def addressed(robot: str) -> WSGIApplication:
        return receiver.answer(request, robot, accepted)

    def compatible(robot: str) -> WSGIApplication:
        return receiver.answer(request, robot, _ok)

    for path, view in (
        ("/alertmanager", routed),
        ("/alertmanager/<robot>", addressed),
        ("/dingtalk/<robot>/send", compatible),
    ):
        blueprint.add_url_rule(
            path, view.__name__, view, methods=METHODS, provide_automatic_options=False
        )
    return blueprint


def accepted(counts: Counts) -> Answer:
    """Return what a sender is told whose webhook is committed."""
    body = {
        "status": "accepted",
        "deliveries": counts.deliveries,
        "duplicates": counts.duplicates,
    }
    return Accepted(msgspec.json.encode(body), "application/json")


def _ok(_: Counts) -> Answer:
    return Accepted(b"OK", "text/plain")


class Shortcut:
    """Be the WSGI application before another: answer plain webhooks."""

    def __init__(self, application: WSGIApplication, receiver: Receiver) -> None:
        self._application = application
        self._receiver = receiver

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        plain = environ["REQUEST_METHOD"] in METHODS
        found = _PATH.fullmatch(_path_of(environ)) if plain else None
        if found is None:
            return self._application(environ, start_response)
        robot, compatible = found.groups()
        form = accepted if compatible is None else _ok
        answer = self._receiver.answer(
            Request(environ, populate_request=False), robot or compatible, form
        )
        return answer(environ, start_response)


def _path_of(environ: WSGIEnvironment) -> str:
    """Return the path as UTF-8, which WSGI hands over as Latin-1."""
    path: str = environ["PATH_INFO"]
    return path if path.isascii() else path.encode("latin-1").decode(errors="replace")
