"""The simulator as a web application: DingTalk's endpoint, the control API, the page."""

from __future__ import annotations

import os
import socket
import struct
from typing import TYPE_CHECKING, Final

from flask import Flask, Response, request

from adapter.simulator.control import control
from adapter.simulator.page import page
from adapter.simulator.protocol import Request

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

    from adapter.simulator.answers import Reply
    from adapter.simulator.simulator import Simulator

_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_KEPT: Final = 64 * 1024
_READ: Final = 16 * 1024 * 1024


def wsgi(simulator: Simulator) -> Flask:
    """Return the application; a path of no other part is answered as DingTalk would."""
    app = Flask(__name__)
    app.register_blueprint(control(simulator))
    app.register_blueprint(page(simulator))

    def send(path: str) -> Response:
        del path  # as in the request, where it is not decoded twice
        reply = simulator.receive(_request())
        simulator.wait(reply)
        return _Reset() if reply.reset else _response(reply)

    app.add_url_rule(
        "/<path:path>",
        view_func=send,
        methods=_METHODS,
        provide_automatic_options=False,
    )
    return app


def _request() -> Request:
    body, size = _body()
    return Request(
        method=request.method,
        path=request.path,
        query=request.query_string.decode("latin-1"),
        content_type=request.headers.get("Content-Type", ""),
        address=request.remote_addr or "",
        body=body,
        size=size,
    )


def _body() -> tuple[bytes, int]:
    """Return the first 64 kB of the body, and the size of all of it (as far as 16 MiB)."""
    parts: list[bytes] = []
    size = 0
    while size < _READ and (part := request.stream.read(_KEPT)):
        if size < _KEPT:
            parts.append(part)
        size += len(part)
    return b"".join(parts)[:_KEPT], size


def _response(reply: Reply) -> Response:
    response = Response(reply.body, reply.status, content_type=reply.content_type)
    if reply.location:
        response.autocorrect_location_header = False
        response.headers["Location"] = reply.location
    return response


class _Reset(Response):
    """Cut the connection with TCP RST where an answer would begin."""

    def __call__(
        self,
        environ: WSGIEnvironment,
        start_response: StartResponse,  # noqa: ARG002  # WSGI's form; no answer begins
    ) -> Iterable[bytes]:
        connection: socket.socket = environ["werkzeug.socket"]
        at_once = struct.pack("ii", 1, 0)  # linger on, for no time: the kernel sends RST
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        os.close(connection.detach())
        raise ConnectionResetError("the connection was cut on order")
