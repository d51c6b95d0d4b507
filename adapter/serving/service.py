"""What is served, and with which bounds: the words arbiter, worker and application share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from wsgiref.types import WSGIApplication

BUG: Final = 3
"""Exit code of a worker whose service failed to start for no expected reason; gunicorn's own."""

PART_DIED: Final = 70
"""Exit code of a worker that failed, or whose service is no longer alive."""

ORPHANED: Final = 71
"""Exit code of a worker whose arbiter is gone."""

REFUSED: Final = 100
"""Exit code of a worker whose service did not start, less the code of the AdapterError."""


class Service(Protocol):
    """What lives and dies with the worker: the application and the parts that run beside it."""

    @property
    def wsgi(self) -> WSGIApplication:
        """Return the application that answers requests."""
        ...

    @property
    def tls(self) -> ssl.SSLContext | None:
        """Return how connections are encrypted; asked for each, so a reload may change it."""
        ...

    def start(self) -> None:
        """Start the parts that run beside the application; AdapterError ends the process."""
        ...

    def drain(self) -> None:
        """Be no longer ready, but answer what still comes."""
        ...

    def stop(self) -> None:
        """Finish what is in flight and end every part; the last request has been answered."""
        ...

    def reload(self) -> None:
        """Take over a changed configuration."""
        ...

    def alive(self) -> bool:
        """Return whether every part still runs; asked every half second, so answer at once."""
        ...

    def beyond_repair(self) -> bool:
        """Return whether a part died of what whoever started us should learn by an exit code."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingOptions:
    """Say where and how requests are received; sizes are in bytes.

    `keepalive` is longer than the five minutes after which Alertmanager closes an idle connection
    itself: where the server closes first, a request may already be on its way, and what
    Alertmanager sends again half a second later, Grafana does not.

    `together` are the beginnings (method and path) of requests that wait for the same, a commit:
    one thread answers several of them.

    `graceful_timeout` runs from SIGTERM to SIGKILL. First, for `drain_limit` at most, the listener
    stays open until nothing came for `drain_quiet`; then requests under way are finished; the last
    quarter is left to `Service.stop()`.
    """

    host: str
    port: int
    threads: int = 16
    together: tuple[bytes, ...] = ()
    max_body: int = 10 * 1024 * 1024
    max_connections: int = 4096
    max_buffered: int = 64 * 1024 * 1024
    arrival_timeout: timedelta = timedelta(seconds=10)
    keepalive: timedelta = timedelta(seconds=330)
    graceful_timeout: timedelta = timedelta(seconds=20)
    drain_quiet: timedelta = timedelta(seconds=0.5)
    drain_limit: timedelta = timedelta(seconds=5)


class Servable(Protocol):
    """What the worker needs of gunicorn's application object."""

    options: ServingOptions
    make_service: Callable[[], Service]
