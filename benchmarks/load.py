"""The load generator: `python -m benchmarks.load JOB`, its job and what it measured as JSON.

Each client posts over one connection that is kept, its next webhook when it has its answer.
"""

from __future__ import annotations

import itertools
import re
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

import msgspec

from adapter.clock import SystemClock
from benchmarks.webhooks import numbered, template

if TYPE_CHECKING:
    from collections.abc import Iterator

_LENGTH: Final = re.compile(rb"\r\nContent-Length: (\d+)\r\n", re.IGNORECASE)
_CLOCK: Final = SystemClock()


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """Say what to post: `count` webhooks, or as many as `seconds` allow."""

    port: int
    alerts: int
    clients: int = 8
    first: int = 0
    count: int = 1 << 31
    seconds: float = 600


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what the clients saw; `p50` and `p99` of the answers' times are in milliseconds."""

    began: float
    webhooks: int
    seconds: float
    p50: float
    p99: float
    body_bytes: int

    @property
    def rate(self) -> float:
        """Return webhooks a second."""
        return self.webhooks / self.seconds


class UnexpectedAnswer(Exception):  # noqa: N818  # reads better where it is raised
    """Report an answer that is not 200."""


def run(job: Job) -> Measured:
    """Post as the job says; raise `UnexpectedAnswer` unless every webhook is accepted."""
    body = template(job.alerts)
    numbers = iter(range(job.first, job.first + job.count))
    began = _CLOCK.monotonic()
    with ThreadPoolExecutor(job.clients) as pool:
        clients = [
            pool.submit(lambda: list(_post(job, body, numbers, began + job.seconds)))
            for _ in range(job.clients)
        ]
    took = _CLOCK.monotonic() - began
    times = sorted(itertools.chain.from_iterable(client.result() for client in clients))
    return Measured(
        began=began,
        webhooks=len(times),
        seconds=took,
        p50=_quantile(times, 0.5) * 1000,
        p99=_quantile(times, 0.99) * 1000,
        body_bytes=len(body),
    )


def _post(job: Job, body: bytes, numbers: Iterator[int], until: float) -> Iterator[float]:
    """Post one client's webhooks; yield how long each answer took."""
    with socket.create_connection(("127.0.0.1", job.port), timeout=60) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number in numbers:
            request = _request(job.port, numbered(body, number))
            began = _CLOCK.monotonic()
            connection.sendall(request)
            _read_answer(connection)
            now = _CLOCK.monotonic()
            yield now - began
            if now > until:
                return


def _request(port: int, body: bytes) -> bytes:
    head = (
        f"POST /alertmanager HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        "User-Agent: Alertmanager/0.33.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _read_answer(connection: socket.socket) -> None:
    data = b""
    while b"\r\n\r\n" not in data and (part := connection.recv(65536)):
        data += part
    head, _, content = data.partition(b"\r\n\r\n")
    length = _LENGTH.search(head + b"\r\n")
    if not head.startswith(b"HTTP/1.1 200 ") or length is None:
        raise UnexpectedAnswer(f"found {data[:200]!r}, expected 200 with a Content-Length")
    while len(content) < int(length[1]) and (part := connection.recv(65536)):
        content += part


def _quantile(times: list[float], share: float) -> float:
    return times[min(len(times) - 1, int(len(times) * share))]


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(run(msgspec.json.decode(sys.argv[1], type=Job))))
