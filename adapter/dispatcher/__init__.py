"""Delivery: the loop that claims, and the courier that renders, sends and settles."""

from adapter.dispatcher.courier import Courier, Equipment, Observer, Sender
from adapter.dispatcher.joining import new_dispatcher
from adapter.dispatcher.loop import Dispatcher
from adapter.dispatcher.memory import Memory
from adapter.dispatcher.seats import strands_of

__all__ = [
    "Courier",
    "Dispatcher",
    "Equipment",
    "Memory",
    "Observer",
    "Sender",
    "new_dispatcher",
    "strands_of",
]
