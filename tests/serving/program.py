"""A small service on adapter.serving; the tests start it as a process of its own.

`python program.py '{"port": 8080, "threads": 4}'`: the JSON is ServingOptions, spans in seconds,
`certificates` (files: certificate, key, authority of clients) to speak TLS, and `refuse` (an exit
code) or `broken` to fail at the start. What happens to the service is logged.
"""

from __future__ import annotations

import json
import logging
import os
import ssl
import sys
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from adapter.clock import SystemClock
from adapter.errors import AdapterError
from adapter.serving import ServingOptions, serve

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from wsgiref.types import StartResponse, WSGIEnvironment

log = logging.getLogger("program")
clock = SystemClock()


class Program:
    """Answer in a few ways, and tell what happened."""

    def __init__(
        self, refuse: int = 0, *, broken: bool = False, certificates: list[str] | None = None
    ) -> None:
        self.dead = self.corrupt = False
        self.spoilt = False
        self.served: list[float] = []
        self.begun = 0
        self.certificates = certificates
        self.tls = None if certificates is None else encrypted(*certificates)
        if broken:
            raise RuntimeError("a bug")
        if refuse:
            error = AdapterError("another process owns the database; stop it first")
            error.exit_code = refuse
            raise error

    def start(self) -> None:
        log.info("start in %s", os.getpid())

    def drain(self) -> None:
        log.info("drain")

    def stop(self) -> None:
        log.info("stop")

    def reload(self) -> None:
        log.info("reload in %s", threading.current_thread().name)
        if self.spoilt:
            raise AdapterError("config.yml:3:1: unknown key")
        if self.certificates is not None:
            self.tls = encrypted(*self.certificates)

    def alive(self) -> bool:
        return not self.dead

    def beyond_repair(self) -> bool:
        return self.corrupt

    def wsgi(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        question = {key: values[0] for key, values in parse_qs(environ["QUERY_STRING"]).items()}
        body: bytes = environ["wsgi.input"].read()
        if environ["PATH_INFO"] == "/together":
            self.begun += 1
            return self.late(int(question["of"]), start_response)
        threading.Event().wait(float(question.get("seconds", 0)))
        answer = self.answer(environ["PATH_INFO"], question, body)
        if environ["PATH_INFO"] == "/tls":
            answer = [environ["wsgi.url_scheme"], environ.get("SSL_CLIENT_VERIFY")]
        if environ["REQUEST_METHOD"] == "POST":
            self.served.append(clock.monotonic())
        data = json.dumps(answer).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(data)))]
        start_response("200 OK", headers)
        return [data]

    def late(self, number: int, start_response: StartResponse) -> Iterator[bytes]:
        """Answer how many had begun, when `number` have: none of them would, one by one."""
        if self.begun < number:
            raise RuntimeError(f"{self.begun} had begun")
        data = str(self.begun).encode()
        start_response("200 OK", [("Content-Length", str(len(data)))])
        yield data

    def answer(self, path: str, question: dict[str, str], body: bytes) -> object:
        match path:
            case "/die":
                self.dead = True
            case "/corrupt":
                self.dead = self.corrupt = True
            case "/spoil":
                self.spoilt = True
            case "/fail":
                raise RuntimeError("canary-4711")
            case "/large":
                return "x" * int(question["size"])
            case "/served":
                first, last = (self.served or [0.0])[0], (self.served or [0.0])[-1]
                return {"count": len(self.served), "seconds": last - first}
        return {"pid": os.getpid(), "size": len(body)}


def encrypted(certificate: str, key: str, authority: str) -> ssl.SSLContext:
    """Return how connections are encrypted; `authority` signs the certificates of clients."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(authority)
    return context


def options(given: dict[str, Any]) -> ServingOptions:
    """Return the options; numbers become spans where a span is expected."""
    spans = {"arrival_timeout", "keepalive", "graceful_timeout", "drain_quiet", "drain_limit"}
    values: dict[str, Any] = {
        key: timedelta(seconds=value) if key in spans else value for key, value in given.items()
    }
    together = tuple(each.encode() for each in values.pop("together", ()))
    return ServingOptions(host="127.0.0.1", together=together, **values)


def main() -> int:
    """Serve until a signal ends it."""
    logging.basicConfig(level=logging.INFO, format="%(process)d %(message)s")
    given = json.loads(sys.argv[1])
    refuse, broken = given.pop("refuse", 0), given.pop("broken", False)
    certificates = given.pop("certificates", None)
    try:
        return serve(
            lambda: Program(refuse, broken=broken, certificates=certificates), options(given)
        )
    except AdapterError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code


application = Program().wsgi
"""For gunicorn's own workers, to compare with."""

if __name__ == "__main__":
    sys.exit(main())
