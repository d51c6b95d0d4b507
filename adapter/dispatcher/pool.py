"""Threads that hold nothing up: they live while there is work, and are daemons.

The interpreter waits at its end for the threads of `concurrent.futures.ThreadPoolExecutor`, however
long their work takes.
"""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Executor, Future
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class Pool(Executor):
    """Carry out calls in the order they come, at most `size` of them at once."""

    def __init__(self, size: int, name: str) -> None:
        self._size = size
        self._name = name
        self._waiting: deque[tuple[Future[Any], Callable[[], object]]] = deque()
        self._threads = 0
        self._closed = False
        self._changed = threading.Condition()

    def submit(
        self,
        call: Callable[Parameters, Result],
        /,
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> Future[Result]:
        """Have `call` carried out; return what will tell of it."""
        future: Future[Result] = Future()
        with self._changed:
            if self._closed:
                raise RuntimeError("submitted to a pool that is shut down")
            self._waiting.append((future, partial(call, *args, **kwargs)))
            if self._threads < self._size:
                self._threads += 1
                threading.Thread(target=self._work, name=self._name, daemon=True).start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002  # Executor's
        """Take no more calls; wait for those that were taken, unless told otherwise."""
        with self._changed:
            self._closed = True
            while cancel_futures and self._waiting:
                self._waiting.popleft()[0].cancel()
            while wait and self._threads:
                self._changed.wait()

    def _work(self) -> None:
        while True:
            with self._changed:
                if not self._waiting:
                    self._threads -= 1
                    self._changed.notify_all()
                    return
                future, call = self._waiting.popleft()
                begun = future.set_running_or_notify_cancel()
            if begun:
                _carry_out(future, call)


def _carry_out(future: Future[Any], call: Callable[[], object]) -> None:
    try:
        future.set_result(call())
    except BaseException as error:  # noqa: BLE001  # whoever asks for the result is told
        future.set_exception(error)
