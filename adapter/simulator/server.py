"""Serving the simulator on a port of its own, a thread a connection."""

from __future__ import annotations

import socket
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import msgspec
from werkzeug.serving import WSGIRequestHandler, make_server

from adapter.errors import AdapterError
from adapter.simulator.faults import Fault, Kind
from adapter.simulator.protocol import PATH
from adapter.simulator.simulator import Simulator
from adapter.simulator.wsgi import wsgi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from adapter.clock import Clock
    from adapter.simulator.group import ChatMessage, Exchange
    from adapter.simulator.settings import SimulatorSettings

_BACKLOG: Final = 1024


class Running:
    """Hold a simulator that serves at `url`."""

    def __init__(self, simulator: Simulator, url: str) -> None:
        self.simulator = simulator
        self.url = url

    def messages(self) -> tuple[ChatMessage, ...]:
        """Return the messages that reached the group, oldest first."""
        return self.simulator.messages()

    def requests(self) -> tuple[Exchange, ...]:
        """Return every request with its answer, oldest first."""
        return self.simulator.requests()

    def fault(self, kind: Kind, **fields: Any) -> None:  # noqa: ANN401  # the fields of Fault
        """Order a fault; without `times` it lasts until `clear_faults`."""
        self.simulator.add_fault(Fault(kind=kind, **fields))

    def clear_faults(self) -> None:
        """End all faults, and the delays that are under way."""
        self.simulator.clear_faults()

    def configure(self, **changes: object) -> None:
        """Change settings by name."""
        self.simulator.configure(msgspec.structs.replace(self.simulator.settings, **changes))

    def clear(self) -> None:
        """Forget messages, requests, counters and faults."""
        self.simulator.clear()


@contextmanager
def running(
    settings: SimulatorSettings | None = None,
    clock: Clock | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
) -> Iterator[Running]:
    """Serve a simulator for the length of a block, from a thread; port 0 takes a free one."""
    simulator = Simulator(settings, clock)
    with _listening(host, port) as listener:
        server = make_server(
            host,
            port,
            wsgi(simulator),
            threaded=True,
            request_handler=_Handler,
            fd=listener.fileno(),
        )
    thread = threading.Thread(
        target=server.serve_forever, args=(0.05,), name="simulator", daemon=True
    )
    thread.start()
    try:
        yield Running(simulator, f"http://{f'[{host}]' if ':' in host else host}:{server.port}")
    finally:
        simulator.clear_faults()
        server.shutdown()
        thread.join()


def run(
    host: str,
    port: int,
    settings: SimulatorSettings | None = None,
    *,
    announce: Callable[[str], object] = sys.stdout.write,
) -> None:
    """Serve a simulator until interrupted, and say how to reach it; `KeyboardInterrupt` ends it.

    The credentials are told in full: they open this simulator and nothing else.
    """
    with running(settings, host=host, port=port) as serving:
        announce(f"DingTalk simulator: {serving.url}/\n")
        for robot in serving.simulator.settings.robots:
            announce(f"robot {robot.name}\n")
            announce(f"  webhook: {serving.url}{PATH}?access_token={robot.access_token.reveal()}\n")
            if robot.secret:
                announce(f"  secret:  {robot.secret.reveal()}\n")
            if robot.keywords:
                announce(f"  keyword: {', '.join(robot.keywords)}\n")
        threading.Event().wait()


def _listening(host: str, port: int) -> socket.socket:
    """Return a listening socket; raise `AdapterError` where the address cannot be taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise AdapterError(
            f"cannot listen on {host}:{port}: {error.strerror}; "
            f"stop what listens there, or choose another address with --listen"
        ) from error


class _Handler(WSGIRequestHandler):
    """Serve one request a connection, and log none: request lines hold tokens."""

    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002  # werkzeug's name
        """Log nothing."""

    def connection_dropped(self, error: BaseException, environ: object = None) -> None:
        """End the connection when the client has, or when it was cut on order."""
        del error, environ
        self.close_connection = True
