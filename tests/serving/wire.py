"""Talk HTTP by hand to a service under test: what arrives when, byte by byte."""

from __future__ import annotations

import json
import signal
import socket
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pytest

from support.processes import Process, free_port, running

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

HERE = Path(__file__).resolve().parent


def post(body: bytes = b"{}", path: str = "/", *headers: str) -> bytes:
    """Return a request with a body of declared length."""
    return request("POST", path, f"Content-Length: {len(body)}", *headers) + body


def request(method: str, path: str, *headers: str) -> bytes:
    """Return the head of a request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: adapter", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class Answer:
    """Hold one answer."""

    def __init__(self, head: bytes, body: bytes) -> None:
        status, *lines = head.decode().split("\r\n")
        self.status = int(status.split()[1])
        self.headers = dict(line.lower().split(": ", 1) for line in lines)
        self.body = body

    def json(self) -> Any:  # noqa: ANN401  # whatever the answer is
        return json.loads(self.body)


class Client:
    """Hold one connection."""

    def __init__(self, port: int, *, within: float = 10, tls: ssl.SSLContext | None = None) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=within)
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_hostname="127.0.0.1")
        self._come = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def ask(self, data: bytes) -> Answer:
        """Send a request and return its answer."""
        self.send(data)
        return self.answer()

    def answer(self) -> Answer:
        """Return the next answer, of declared length."""
        head = self._until(b"\r\n\r\n")
        answer = Answer(head, b"")
        if answer.status >= 200:
            answer.body = self._exactly(int(answer.headers["content-length"]))
        return answer

    def ended(self) -> bool:
        """Wait for the end of the connection; return whether nothing else came before."""
        try:
            return not self._come and self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._come:
            self._receive()
        found, _, self._come = self._come.partition(mark)
        return found

    def _exactly(self, size: int) -> bytes:
        while len(self._come) < size:
            self._receive()
        found, self._come = self._come[:size], self._come[size:]
        return found

    def _receive(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise EOFError(f"the connection ended after {len(self._come)} bytes")
        self._come += data


class Program(Process):
    """Hold the running program and its port."""

    port: int

    def client(self, *, within: float = 10) -> Client:
        return Client(self.port, within=within)

    def ask(self, data: bytes, *, within: float = 10) -> Answer:
        """Return the answer to one request on a connection of its own."""
        with self.client(within=within) as client:
            return client.ask(data)

    def listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def worker(self) -> int:
        """Return the process id of the worker that answers."""
        return int(self.ask(request("GET", "/")).json()["pid"])

    def finish(self) -> None:
        """Stop it; a kill alone would lose what coverage has measured."""
        if self.running():
            self.signal(signal.SIGTERM)
            with suppress(pytest.fail.Exception):
                self.wait(2)
        self.kill()

    def lines(self) -> list[str]:
        """Return what the program has logged, without process ids."""
        return [line.partition(" ")[2] for line in self.output().splitlines()]


def command(port: int, **options: object) -> list[str]:
    given = {"port": port, "drain_quiet": 0.1, **options}
    return [sys.executable, str(HERE / "program.py"), json.dumps(given)]


@contextmanager
def serving(log: Path, **options: object) -> Iterator[Program]:
    """Run the program with these options for the length of a block."""
    port = free_port()
    program = Program(command(port, **options), log=log, measured=True)
    program.port = port
    try:
        program.serves(f"http://127.0.0.1:{port}/")
        yield program
    finally:
        program.finish()


@contextmanager
def gunicorn(log: Path, threads: int) -> Iterator[Program]:
    """Run the same application with gunicorn's own gthread and its defaults."""
    port = free_port()
    settings = ["--threads", str(threads), "-b", f"127.0.0.1:{port}", "--no-control-socket"]
    call = [sys.executable, "-m", "gunicorn", "-k", "gthread", *settings]
    program = Program([*call, "--chdir", str(HERE), "program:application"], log=log, measured=True)
    program.port = port
    try:
        program.serves(f"http://127.0.0.1:{port}/")
        yield program
    finally:
        program.finish()


__all__ = ["Answer", "Client", "Program", "command", "gunicorn", "post", "request", "running"]
