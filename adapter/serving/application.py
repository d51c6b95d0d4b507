"""Serve: gunicorn with our arbiter, our worker and no setting left to chance."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any, Final

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from adapter.errors import AdapterError
from adapter.serving.arbiter import OneWorkerArbiter
from adapter.serving.worker import WholeRequestWorker

if TYPE_CHECKING:
    from collections.abc import Callable

    from gunicorn.config import Config

    from adapter.serving.service import Service, ServingOptions

BACKLOG: Final = 4096
"""Connections the kernel keeps while they wait to be accepted."""

MEMORY: Final = "/dev/shm"  # noqa: S108  # where the heartbeat costs no disk


class CannotListen(AdapterError):  # noqa: N818  # reads better where it is raised
    """Report that the address cannot be listened on."""


def serve(make_service: Callable[[], Service], options: ServingOptions) -> int:
    """Serve until a signal ends it; return the exit status (130 after SIGINT).

    `make_service` is called in the worker process. Its AdapterError is written to stderr, and its
    `exit_code` returned.
    """
    listener = _listen(options.host, options.port)
    arbiter = OneWorkerArbiter(_Application(make_service, options, listener.detach()))
    starter = os.getpid()
    try:
        arbiter.run()
    except SystemExit as end:
        if os.getpid() != starter:
            raise  # this is the worker, and here it ends
        return arbiter.status or int(end.code or 0)
    return arbiter.status


def _listen(host: str, port: int) -> socket.socket:
    try:
        found = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, _, _, _, address = found[0]
        both = family == socket.AF_INET6 and socket.has_dualstack_ipv6()
        return socket.create_server(
            address[:2], family=family, backlog=BACKLOG, dualstack_ipv6=both
        )
    except OSError as error:
        number = error.errno or 0  # below 0 are the resolver's own
        reason = os.strerror(number) if number > 0 else error.strerror
        raise CannotListen(
            f"cannot listen on {host}:{port}: {reason}; "
            "stop what uses the address, or change server.listen"
        ) from error


class _Log(Logger):
    """Hand gunicorn's records to the logger `gunicorn.error`, and that to its parents."""

    def setup(self, cfg: Config) -> None:
        self.cfg = cfg
        self.error_log.propagate = True


class _Application(BaseApplication):
    def __init__(
        self, make_service: Callable[[], Service], options: ServingOptions, descriptor: int
    ) -> None:
        self.make_service = make_service
        self.options = options
        self._descriptor = descriptor
        super().__init__()

    def load_config(self) -> None:
        settings: dict[str, Any] = {
            "bind": f"fd://{self._descriptor}",
            "workers": 1,  # WEB_CONCURRENCY has no say
            "worker_class": WholeRequestWorker,
            "logger_class": _Log,
            "errorlog": None,
            "accesslog": None,
            "timeout": 30,  # for the poller's thread, which never waits for anybody
            "graceful_timeout": max(1, round(self.options.graceful_timeout.total_seconds())),
            "max_requests": 0,  # a restart would interrupt deliveries
            "preload_app": False,  # threads and database connections do not survive a fork
            "worker_tmp_dir": MEMORY if os.access(MEMORY, os.W_OK) else None,
            "control_socket_disable": True,
            "forwarder_headers": "",  # no client sets SCRIPT_NAME
        }
        for name, value in settings.items():
            self.cfg.set(name, value)
