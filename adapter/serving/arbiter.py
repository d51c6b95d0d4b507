"""gunicorn's arbiter with one worker for ever: one process owns the store.

It never starts a second worker beside the first, and none of its signals reloads or replaces it.
A worker that ends unasked is replaced, but not for ever: three within half a minute end the
process, and so does a service that refuses to start. Then whoever started us decides.
"""

from __future__ import annotations

import logging
import os
import signal
from collections import deque
from typing import TYPE_CHECKING, Final

from gunicorn import sock
from gunicorn.arbiter import Arbiter

from adapter.clock import SystemClock
from adapter.serving.service import REFUSED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gunicorn.app.base import BaseApplication

MAX_DEATHS: Final = 3
DEATHS_WITHIN: Final = 30.0
"""Seconds within which so many workers may not die."""

LAST_WORDS: Final = 2.0
"""Seconds for the worker to end after SIGQUIT."""

INTERRUPTED: Final = 130
"""Exit status after SIGINT."""

log = logging.getLogger("gunicorn.error")

_END: Final = {signal.SIGTERM, signal.SIGINT, signal.SIGQUIT}


class OneWorkerArbiter(Arbiter):
    """Keep one worker alive; `status` is the exit status of the process."""

    def __init__(self, app: BaseApplication) -> None:
        super().__init__(app)
        self.status = 0
        self._clock = SystemClock()
        self._deaths: deque[float] = deque(maxlen=MAX_DEATHS)
        self._at_once = False
        self._stopping = False

    def handle_hup(self) -> None:
        """Have the worker reload; gunicorn would start a second one beside it."""
        self.kill_workers(signal.SIGHUP)

    def handle_term(self) -> None:
        """Drain and stop."""
        self._finish(0)

    def handle_int(self) -> None:
        """Drain and stop, as SIGTERM does, but say that it was Ctrl-C."""
        self._finish(INTERRUPTED)

    def handle_quit(self) -> None:
        """Stop at once."""
        self._at_once = True
        self._finish(0)

    def handle_usr2(self) -> None:
        """Ignore what would start a second process beside this one."""
        self._ignore("SIGUSR2")

    def handle_ttin(self) -> None:
        """Ignore what would start a second worker."""
        self._ignore("SIGTTIN")

    def handle_ttou(self) -> None:
        """Ignore what would end a worker."""
        self._ignore("SIGTTOU")

    def handle_winch(self) -> None:
        """Ignore what would end every worker."""
        self._ignore("SIGWINCH")

    def reap_workers(self) -> None:
        """Bury the workers that have ended, and decide what follows."""
        for pid, status in _ended_children():
            worker = self.WORKERS.pop(pid, None)
            if worker is not None:  # else an orphan that came to us as process 1
                worker.tmp.close()
                self._judge(pid, os.waitstatus_to_exitcode(status))

    def stop(self, graceful: bool = True) -> None:  # noqa: FBT001, FBT002  # gunicorn's signature
        """End the worker: by a drain, or at once when that is asked for or takes too long."""
        self._stopping = True
        sock.close_sockets([listener.sock for listener in self.LISTENERS])  # the worker has its own
        self._end_workers(at_once=self._at_once or not graceful)
        if self.WORKERS:
            self.status = self.status or 1
            log.error("the worker did not end in time and is killed")
            self.kill_workers(signal.SIGKILL)
            for pid in self.WORKERS:
                os.waitpid(pid, 0)

    def _end_workers(self, *, at_once: bool) -> None:
        until = self._clock.monotonic() + (LAST_WORDS if at_once else self.cfg.graceful_timeout)
        while self.WORKERS and self._clock.monotonic() < until:
            # Again and again: a worker that is just starting loses the first ones.
            self.kill_workers(signal.SIGQUIT if at_once else signal.SIGTERM)
            if _END.intersection(self.wait_for_signals(timeout=0.1)) and not at_once:
                at_once = True
                until = self._clock.monotonic() + LAST_WORDS
            self.reap_workers()

    def _finish(self, status: int) -> None:
        self.status = status
        raise StopIteration  # how gunicorn's main loop is told to stop

    def _ignore(self, name: str) -> None:
        log.warning("%s is ignored: there is one worker, and SIGHUP reloads it", name)

    def _judge(self, pid: int, code: int) -> None:
        if self._stopping:
            self.status = self.status or (1 if code else 0)
            return
        if REFUSED < code < REFUSED + 10:
            self._finish(code - REFUSED)
        if code == self.WORKER_BOOT_ERROR:
            self._finish(code)
        log.error("the worker (%s) ended with %s; a new one starts", pid, code)
        self._deaths.append(self._clock.monotonic())
        if len(self._deaths) == MAX_DEATHS and self._deaths[-1] - self._deaths[0] < DEATHS_WITHIN:
            self._finish(1)


def _ended_children() -> Iterator[tuple[int, int]]:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        yield pid, status
