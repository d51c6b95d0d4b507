from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapter.simulator import Running, SimulatorSettings, running
from simulator.calls import MEMBERS, NAMED, OPEN, SIGNED
from support.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def simulator(clock: FakeClock) -> Iterator[Running]:
    """Serve a simulator on loopback, with a clock that stands."""
    settings = SimulatorSettings(robots=(OPEN, SIGNED, NAMED), members=MEMBERS)
    with running(settings, clock) as serving:
        yield serving
