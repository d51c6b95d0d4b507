"""One request and its answer: gunicorn parses, the application answers, nothing touches a socket.

The answer is collected and sent in one piece. So a thread never waits for a reader, an application
that fails halfway still gives a whole 500, and nothing is streamed.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Protocol, cast

import msgspec
from gunicorn.http.errors import (
    ExpectationFailed,
    LimitRequestHeaders,
    LimitRequestLine,
    NoMoreData,
    ParseException,
    UnsupportedTransferCoding,
)
from gunicorn.http.message import Request
from gunicorn.http.unreader import IterUnreader
from gunicorn.http.wsgi import Response, create

from adapter.serving.arrival import Fault
from adapter.serving.recall import HEAD_LIMIT, Recollection

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from gunicorn.config import Config
    from gunicorn.glogging import Logger

    from adapter.serving.arrival import Arrived

    Finish = Callable[[], "Reply"]

_STATUS: Final[dict[type[Exception | None], HTTPStatus]] = {
    LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    ExpectationFailed: HTTPStatus.EXPECTATION_FAILED,
    UnsupportedTransferCoding: HTTPStatus.NOT_IMPLEMENTED,
}


_OF_A_SOCKET: Final = ("gunicorn.socket", "wsgi.early_hints", "wsgi.input")
"""What gunicorn tells an application of its socket, which has no part in the answer."""


class Peer(Protocol):
    """Who asks: the addresses of both sides, and what an application is to know beside."""

    recollection: Recollection | None

    @property
    def client(self) -> object:
        """Return the address of the client."""
        ...

    @property
    def server(self) -> object:
        """Return the address it has reached."""
        ...

    @property
    def environ(self) -> Mapping[str, str]:
        """Return more of the WSGI environment."""
        ...


@dataclass(frozen=True, slots=True)
class Reply:
    """Hold the bytes of an answer, and whether the connection closes after it."""

    data: bytes
    close: bool


def refusal(status: HTTPStatus, reason: str) -> bytes:
    """Return an answer that the application has no part in; the connection closes after it."""
    body = msgspec.json.encode({"error": reason})
    head = (
        f"HTTP/1.1 {status} {status.phrase}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


class _Paper:
    """Stand in for the socket that gunicorn writes an answer to."""

    __slots__ = ("parts",)

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def sendall(self, data: bytes) -> None:
        self.parts.append(data)

    def send(self, data: bytes) -> int:
        """Drop gunicorn's "100 Continue": it was sent while the body was awaited."""
        return len(data)


class Exchange:
    """Answer requests with one application; several threads may do so at once."""

    def __init__(
        self, application: WSGIApplication, config: Config, log: Logger, *, max_body: int
    ) -> None:
        self._application = application
        self._config = config
        self._log = log
        self._max_body = max_body

    def begin(self, arrived: Arrived, peer: Peer, *, closing: bool) -> Finish:
        """Call the application; return what waits for its answer.

        `closing` makes it the connection's last. An application whose answer must wait for
        something gives it away as late as WSGI allows: when its iterable is asked for the body.
        """
        if arrived.fault is Fault.HEAD_TOO_LARGE:
            status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            return _known(Reply(refusal(status, "the request's head is too large"), close=True))
        final = closing or arrived.last
        head = arrived.data[: arrived.head]
        known = None if final else peer.recollection
        if known is not None and known.fits(head):
            return self._call(known.request, known.environ(arrived.data[arrived.head :]))
        try:
            request, body = self._parse(arrived, peer.client)
        except (ParseException, NoMoreData, StopIteration) as error:
            return _known(self._refuse(arrived, error, peer.client))
        if arrived.fault is Fault.MALFORMED or self._cut_short(arrived, body):
            return _known(self._refuse(arrived, None, peer.client))
        if final:
            request.force_close()
        environ = self._environ(request, peer)
        if head and not final and len(head) <= HEAD_LIMIT:
            peer.recollection = Recollection(head, request, environ)
        return self._call(request, {**environ, "wsgi.input": io.BytesIO(body)})

    def _call(self, request: Request, environ: WSGIEnvironment) -> Finish:
        paper = _Paper()
        response = Response(request, cast("socket.socket", paper), self._config)
        try:
            parts = self._application(environ, cast("StartResponse", response.start_response))
        except BaseException:  # noqa: BLE001  # whatever an application raises is answered with 500
            return _known(self._failed(request))
        return partial(self._finish, request, response, paper, parts)

    def _finish(
        self, request: Request, response: Response, paper: _Paper, parts: Iterable[bytes]
    ) -> Reply:
        try:
            _collect(response, parts)
        except BaseException:  # noqa: BLE001  # same
            return self._failed(request)
        return Reply(b"".join(paper.parts), response.should_close())

    def _failed(self, request: Request) -> Reply:
        # The path without its query: somebody may have put a token there.
        self._log.exception("failed to answer %s %s", request.method, request.path)
        reason = "internal error; the adapter's log has the details"
        return Reply(refusal(HTTPStatus.INTERNAL_SERVER_ERROR, reason), close=True)

    def _parse(self, arrived: Arrived, client: object) -> tuple[Request, bytes]:
        head = arrived.head
        pieces = (arrived.data[:head], arrived.data[head:]) if head else (arrived.data,)
        request = Request(self._config, IterUnreader(pieces), cast("str", client))
        if request.body is None:
            return request, b""
        return request, request.body.read(self._max_body + 1)

    def _cut_short(self, arrived: Arrived, body: bytes) -> bool:
        return arrived.fault is Fault.BODY_TOO_LARGE and len(body) <= self._max_body

    def _refuse(self, arrived: Arrived, error: Exception | None, client: object) -> Reply:
        # Only the name of the error: its text quotes the header, and so a token.
        if arrived.fault is Fault.BODY_TOO_LARGE:
            status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            reason = f"the body is larger than {self._max_body} bytes"
        else:
            status = _STATUS.get(type(error), HTTPStatus.BAD_REQUEST)
            reason = "malformed HTTP request"
            reason += f" ({type(error).__name__})" if error else ""
        self._log.warning("refused a request from %s: %s", host_of(client), reason)
        return Reply(refusal(status, reason), close=True)

    def _environ(self, request: Request, peer: Peer) -> WSGIEnvironment:
        client, server = cast("str", peer.client), cast("str", peer.server)
        _, environ = create(request, cast("socket.socket", _Paper()), client, server, self._config)
        for name in _OF_A_SOCKET:
            environ.pop(name, None)
        environ["wsgi.multithread"] = True
        environ.update(peer.environ)
        return cast("WSGIEnvironment", environ)


def _known(reply: Reply) -> Finish:
    return lambda: reply


def _collect(response: Response, parts: Iterable[bytes]) -> None:
    try:
        for part in parts:
            response.write(part)
        response.close()
    finally:
        if hasattr(parts, "close"):
            parts.close()


def host_of(client: object) -> object:
    """Return the address of a client, without its port."""
    return client[0] if isinstance(client, tuple) else client
