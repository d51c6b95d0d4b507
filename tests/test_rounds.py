"""Rounds go on whatever fails, at the pace that is asked for, until they are stopped."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from adapter.errors import StoreUnavailable
from adapter.rounds import Rounds
from support.clock import FakeClock
from support.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

EVERY = timedelta(minutes=1)
AFTER = timedelta(seconds=7)
SOON = timedelta(seconds=3)


class Counting(FakeClock):
    """Note every wait, and end the last of them."""

    def __init__(self, waits: int) -> None:
        super().__init__()
        self.waits: list[timedelta] = []
        self._left = waits

    def wait(self, event: threading.Event, span: timedelta) -> bool:
        self.waits.append(span)
        if len(self.waits) == self._left:
            event.set()
        return event.is_set()


def waits_of(
    step: Callable[[], timedelta | None], after: timedelta, number: int
) -> list[timedelta]:
    clock = Counting(number)
    rounds = Rounds("part", clock, step, every=EVERY, after=after)
    rounds.start()
    wait_until(rounds.stopping, what="all waits are over")
    rounds.stop()
    return clock.waits


def test_a_step_comes_after_each_wait() -> None:
    assert waits_of(lambda: None, AFTER, 3) == [AFTER, EVERY, EVERY]


@pytest.mark.parametrize("pause", [SOON, timedelta(0)])
def test_a_step_may_say_when_the_next_comes(pause: timedelta) -> None:
    assert waits_of(lambda: pause, timedelta(0), 3) == [timedelta(0), pause, pause]


@pytest.mark.parametrize(
    ("fault", "level"), [(StoreUnavailable("the disk is full"), "warning"), (ValueError(), "error")]
)
def test_what_fails_is_told_and_tried_again(fault: Exception, level: str) -> None:
    steps: list[int] = []

    def fail() -> timedelta:
        steps.append(1)
        raise fault

    with capture_logs() as lines:
        assert waits_of(fail, timedelta(0), 3) == [timedelta(0), EVERY, EVERY]
    assert [(line["log_level"], line["part"]) for line in lines] == [(level, "part")] * len(steps)
    assert len(steps) == 2


def test_a_step_that_hangs_is_not_waited_for_without_end() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def hang() -> None:
        begun.set()
        go_on.wait()

    rounds = Rounds("part", FakeClock(), hang, every=EVERY, patience=timedelta(milliseconds=1))
    rounds.start()
    begun.wait()
    rounds.stop()
    assert rounds.stopping()
    go_on.set()


def test_what_was_not_started_can_be_stopped() -> None:
    rounds = Rounds("part", FakeClock(), lambda: None, every=EVERY)
    rounds.stop()
    assert rounds.stopping()
