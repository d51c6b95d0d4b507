"""Measure the processor time of one empty request: `python tests/serving/cpu_per_request.py`.

Eight clients post 2 bytes and read 60, over connections kept alive where the server keeps them, to
our worker and to gunicorn's own gthread and sync. It prints milliseconds of the server's processes.
"""

from __future__ import annotations

import os
import selectors
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

from adapter.clock import SystemClock
from adapter.serving import ServingOptions, serve

clock = SystemClock()
CLIENTS = 8
REQUESTS = 20_000
PORT = 18123
REQUEST = (
    b"POST /alertmanager HTTP/1.1\r\nHost: 127.0.0.1:18123\r\nUser-Agent: Alertmanager/0.33.1\r\n"
    b"Content-Length: 2\r\nContent-Type: application/json\r\n\r\n{}"
)
HERE = Path(__file__).resolve().parent
GUNICORN = [
    *(sys.executable, "-m", "gunicorn", "--no-control-socket", "--log-level", "error"),
    *("-b", f"127.0.0.1:{PORT}", "--threads", "16"),
]
SERVERS = {
    "ours": [sys.executable, __file__, "serve"],
    "gthread": [*GUNICORN, "-k", "gthread", "cpu_per_request:application"],
    "sync": [*GUNICORN, "-k", "sync", "--threads", "1", "cpu_per_request:application"],
}


def application(environ, start_response):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Read the body and answer 60 bytes."""
    environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Length", "60"), ("Content-Type", "application/json")])
    return [b"." * 60]


class Empty:
    """A service that does nothing else."""

    wsgi = staticmethod(application)
    tls = None

    def start(self) -> None: ...
    def drain(self) -> None: ...
    def stop(self) -> None: ...
    def reload(self) -> None: ...
    def beyond_repair(self) -> bool:
        return False

    def alive(self) -> bool:
        return True


def connect() -> socket.socket:
    client = socket.create_connection(("127.0.0.1", PORT))
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def load(requests: int) -> None:
    """Send so many requests, each client its next one when it has its answer."""
    selector = selectors.DefaultSelector()
    open_clients = 0
    sent = 0
    while sent < requests or open_clients:
        while open_clients < CLIENTS and sent < requests:
            client = connect()
            selector.register(client, selectors.EVENT_READ, client)
            client.send(REQUEST)
            sent += 1
            open_clients += 1
        for key, _ in selector.select():
            client = key.data
            answer = client.recv(65536)
            while not answer.endswith(b"." * 60):
                answer += client.recv(65536)
            if sent == requests or b"connection: close" in answer.lower():
                selector.unregister(client)
                client.close()
                open_clients -= 1
            else:
                client.send(REQUEST)
                sent += 1


def seconds(root: int) -> float:
    """Return the processor time of a process and its children."""
    total = 0.0
    for pid in [root, *map(int, Path(f"/proc/{root}/task/{root}/children").read_text().split())]:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def measure(name: str) -> str:
    """Return the figures of one server."""
    with subprocess.Popen(SERVERS[name], cwd=HERE) as server:
        for _ in range(200):
            with suppress(OSError):
                connect().close()
                break
            threading.Event().wait(0.05)
        load(REQUESTS // 10)
        before, began = seconds(server.pid), clock.monotonic()
        load(REQUESTS)
        each = (seconds(server.pid) - before) / REQUESTS
        rate = REQUESTS / (clock.monotonic() - began)
        server.terminate()
    return f"{name:8} {each * 1000:.3f} ms/request  {rate:6.0f} requests/s"


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        sys.exit(serve(Empty, ServingOptions(host="127.0.0.1", port=PORT)))
    for name in sys.argv[1:] or SERVERS:
        sys.stdout.write(f"{measure(name)}\n")
