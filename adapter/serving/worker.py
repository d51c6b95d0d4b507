"""The one worker of gunicorn: its life from start to drain, around the reception and the crew.

SIGTERM drains: the service says it is not ready, what still comes is answered (a load balancer
needs a moment to notice), then the listener closes, what is under way is finished, and the service
stops. SIGHUP reloads the service; the worker lives on. The worker ends at once, without a drain,
when a part of the service died, when its arbiter is gone, and on SIGQUIT.
"""

from __future__ import annotations

import gc
import os
import resource
import signal
import sys
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NoReturn, cast

from gunicorn.workers.base import Worker

from adapter.clock import SystemClock
from adapter.errors import AdapterError
from adapter.serving.crew import Crew
from adapter.serving.exchange import Exchange
from adapter.serving.reception import Reception
from adapter.serving.service import BUG, ORPHANED, PART_DIED, REFUSED
from adapter.serving.together import Together

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from adapter.serving.service import Servable, Service, ServingOptions

TICK: Final = 0.5
"""Seconds between two looks at the service, the arbiter and the connections' time."""

CLOSE_LOOK: Final = 0.05
"""Seconds between two looks at the connections while draining."""

HANDSHAKES: Final = 0.1
"""Seconds for clients to get connected who have begun to, before the listener closes."""

LAST_ANSWERS: Final = 1.0
"""Seconds for clients to see the last answers, and for answers when a part of the service died."""

FOR_REQUESTS: Final = 0.75
"""Part of the grace that requests may take; the rest is left to the service."""

SPARE_FILES: Final = 256
"""Open files kept for the database, the sender and the rest."""

GARBAGE: Final = 10_000
"""Objects made since, less those gone by themselves, before cycles are looked for among them."""


class WholeRequestWorker(Worker):
    """Serve an application to which requests come whole."""

    # TERM and HUP keep the handlers inherited from the arbiter, which do nothing here, until ours
    # are set: their default would end a worker that is just starting.
    SIGNALS = [  # noqa: RUF012  # as in gunicorn
        number for number in Worker.SIGNALS if number not in {signal.SIGTERM, signal.SIGHUP}
    ]

    options: ServingOptions
    service: Service
    crew: Crew
    reception: Reception

    def init_signals(self) -> None:
        """Set the handlers; Ctrl-C reaches the whole process group, but the arbiter decides."""
        super().init_signals()
        self._hung_up = False
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, self._hang_up)

    def handle_quit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002  # gunicorn's
        """End at once."""
        leave(128 + sig)

    def _hang_up(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002  # Python's
        self._hung_up = True

    def load_wsgi(self) -> None:
        """Make the service and start it: its threads and connections are born in this process."""
        servable = cast("Servable", self.app)
        self.options = servable.options
        try:
            self.service = servable.make_service()
            self.service.start()
        except AdapterError as error:
            sys.stderr.write(f"{error}\n")
            leave(REFUSED + error.exit_code)
        except Exception:
            self.log.exception("the service did not start")
            leave(BUG)
        self._prepare()

    def _prepare(self) -> None:
        self._clock = SystemClock()
        self._next_tick = self._clock.monotonic()
        self._reloading = threading.Thread()
        options = replace(self.options, max_connections=_affordable(self.options.max_connections))
        exchange = Exchange(self.service.wsgi, self.cfg, self.log, max_body=options.max_body)
        together = Together(options.together)
        self.crew = Crew(exchange, self._clock, self.log, self.PIPE[1], together=together)
        self.reception = Reception(
            self.crew, options, self._clock, self.log, lambda: self.service.tls
        )

    def run(self) -> None:
        """Serve until SIGTERM, drain and stop."""
        try:
            self._serve()
        except Exception:
            self.log.exception("the worker failed; a new one starts")
            leave(PART_DIED)

    def _serve(self) -> None:
        spare_collections()
        self.crew.start(self.options.threads)
        self.reception.open(self.sockets, self.PIPE[0])
        while self.alive:
            self._turn(TICK)
        self._drain()
        self.service.stop()
        # The arbiter repeats SIGTERM, whose default Python restores while it ends.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)

    def _turn(self, timeout: float) -> None:
        wait = self._next_tick - self._clock.monotonic()
        self.reception.turn(max(0.0, min(timeout, wait)))
        if self._clock.monotonic() >= self._next_tick:
            self._next_tick = self._clock.monotonic() + TICK
            self._tick()

    def _tick(self) -> None:
        self.notify()
        if self.ppid != os.getppid():
            self.log.critical("the arbiter is gone; the worker ends, so that the store is free")
            leave(ORPHANED)
        if self.alive and not self.service.alive():
            self._give_up()
        self.reception.sweep()
        if self._hung_up and not self._reloading.is_alive():
            self._hung_up = False
            self._reloading = threading.Thread(target=self._reload, name="reload", daemon=True)
            self._reloading.start()

    def _reload(self) -> None:
        try:
            self.service.reload()
        except AdapterError as error:
            # Its text is meant for people.
            self.log.error("not reloaded, the old configuration serves on: %s", error)  # noqa: TRY400
        except Exception:
            self.log.exception("not reloaded, the old configuration serves on")

    def _give_up(self) -> NoReturn:
        ends = self.service.beyond_repair()
        what = "the process ends" if ends else "the worker ends and a new one starts"
        self.log.critical("a part of the service died; %s", what)
        self.crew.closing = True
        self.reception.pause_accepting()  # who connects now waits for the next worker
        until = self._clock.monotonic() + LAST_ANSWERS
        while self.reception.unfinished() and self._clock.monotonic() < until:
            self.reception.turn(CLOSE_LOOK)
        leave(REFUSED + AdapterError.exit_code if ends else PART_DIED)

    def _drain(self) -> None:
        self.log.info("draining")
        self.service.drain()
        self.crew.closing = True
        self._began = self._clock.monotonic()
        until = self._began + self.options.graceful_timeout.total_seconds() * FOR_REQUESTS
        limit = self._began + self.options.drain_limit.total_seconds()
        self._turn_while(self._stirring, min(limit, until))
        self.reception.keep_out()
        self._turn_while(lambda: True, self._clock.monotonic() + HANDSHAKES)
        self.reception.stop_accepting()
        self._turn_while(self.reception.expecting, until)
        self._turn_while(self.reception.lingering, self._clock.monotonic() + LAST_ANSWERS)
        self.reception.close()

    def _stirring(self) -> bool:
        """Return whether something came a short while ago, or is not finished."""
        since = max(self._began, self.reception.stirred_at)
        quiet = self._clock.monotonic() - since
        return quiet < self.options.drain_quiet.total_seconds() or self.reception.unfinished()

    def _turn_while(self, condition: Callable[[], bool], until: float) -> None:
        while condition() and self._clock.monotonic() < until:
            self._turn(CLOSE_LOOK)


def spare_collections() -> None:
    """Let the collector of cycles look at what requests leave, not at the program each time.

    Modules, templates and the configuration stay; what a request makes goes with its last
    reference. One webhook of hundreds of alerts would else have all of it looked at, and looking
    writes: no page of memory would be shared with the arbiter any more. So nothing is collected
    before, either.
    """
    gc.freeze()
    gc.set_threshold(GARBAGE)


def leave(code: int) -> NoReturn:
    """End this process now, whatever threads still run."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _affordable(connections: int) -> int:
    """Return how many connections the limit of open files allows, raised as far as it can be."""
    needed = connections + SPARE_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        return max(1, min(connections, soft - SPARE_FILES))
    return connections
