"""Jobs: operations that a thread begins one after another and then waits for.

What a thread has begun is handed over when it first waits, as a whole: so it shares a commit, and
whoever carries it out is woken once.
"""

from __future__ import annotations

import threading
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from adapter.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

    Operation = Callable[[Connection, Sequence[Any]], Sequence[Any]]

ANSWER_LIMIT: Final = 5.0
"""Seconds a caller waits; after that the sender is better served by a 503 and its own retry."""


class Job:
    """Hold an operation, what it is about, and who waits for it.

    It is a future of one lock: `concurrent.futures` took as long as storing a small webhook.
    """

    __slots__ = ("_begun", "_done", "_error", "_result", "argument", "given_up", "operation")

    def __init__(self, operation: Operation, argument: object, begun: Begun) -> None:
        self.operation = operation
        self.argument = argument
        self.given_up = False
        self._begun = begun
        self._result: object = None
        self._error: Exception | None = None
        self._done = threading.Lock()
        self._done.acquire()

    def wait(self) -> Any:  # noqa: ANN401  # what its operation returns
        """Return what the operation came to, or raise why it failed."""
        self._begun.flush()
        if not self._done.acquire(timeout=ANSWER_LIMIT):
            self.given_up = True  # what is refused should not happen later, if that can be helped
            raise StoreUnavailable(f"the store did not commit within {ANSWER_LIMIT:g} s")
        if self._error is not None:
            raise self._error
        return self._result

    def finish(self, result: object, error: Exception | None = None) -> None:
        """Tell who waits."""
        self._result, self._error = result, error
        self._done.release()


class Begun:
    """Keep what each thread has begun until it is handed over."""

    def __init__(self, hand_over: Callable[[list[Job]], None]) -> None:
        self._hand_over = hand_over
        self._of_thread = threading.local()

    def add(self, operation: Operation, argument: object) -> Job:
        """Begin a job."""
        job = Job(operation, argument, self)
        self._of_thread.__dict__.setdefault("jobs", []).append(job)
        return job

    def flush(self) -> None:
        """Hand over what this thread has begun."""
        jobs = self._of_thread.__dict__.pop("jobs", None)
        if jobs:
            self._hand_over(jobs)


def carry_out(connection: Connection, jobs: Sequence[Job]) -> list[object]:
    """Return what each job came to; those in a row that are alike are carried out as one."""
    results: list[object] = []
    for operation, alike in groupby(jobs, key=attrgetter("operation")):
        results += operation(connection, [job.argument for job in alike])
    return results
