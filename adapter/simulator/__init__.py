"""A local DingTalk: for `demo`, for tests, and for people who try a template.

`running()` serves one from a thread for the length of a block; `run()` serves until interrupted.
`protocol.py` is the table of what it decides.
"""

from adapter.simulator.faults import Fault
from adapter.simulator.group import ChatMessage, Exchange
from adapter.simulator.server import Running, run, running
from adapter.simulator.settings import (
    DEMO_MEMBERS,
    DEMO_ROBOT,
    Member,
    Rate,
    Robot,
    SimulatorSettings,
    parse_robot,
)
from adapter.simulator.simulator import Simulator
from adapter.simulator.wsgi import wsgi

__all__ = [
    "DEMO_MEMBERS",
    "DEMO_ROBOT",
    "ChatMessage",
    "Exchange",
    "Fault",
    "Member",
    "Rate",
    "Robot",
    "Running",
    "Simulator",
    "SimulatorSettings",
    "parse_robot",
    "run",
    "running",
    "wsgi",
]
