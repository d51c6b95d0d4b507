"""Join the parts that deliver."""

from __future__ import annotations

import random
import uuid
from typing import TYPE_CHECKING, Protocol

from adapter.dispatcher.courier import Courier
from adapter.dispatcher.courier import Store as Keeping
from adapter.dispatcher.loop import Dispatcher, Queue
from adapter.dispatcher.memory import Memory

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from adapter.clock import Clock
    from adapter.dispatcher.courier import Equipment, Observer, Sender


class Store(Queue, Keeping, Protocol):
    """Hold what is to be delivered, and what is known of it."""


def new_dispatcher(  # noqa: PLR0913  # every part that it joins
    *,
    store: Store,
    sender: Sender,
    observer: Observer,
    clock: Clock,
    equipment: Callable[[], Equipment],
    executor: Executor | None = None,
) -> Dispatcher:
    """Return what delivers from an outbox; `executor` carries messages, by default threads."""
    courier = Courier(
        store=store,
        sender=sender,
        observer=observer,
        clock=clock,
        memory=Memory(),
        new_uuid=lambda: str(uuid.uuid4()),
        jitter=random.random,
    )
    return Dispatcher(
        queue=store, courier=courier, clock=clock, equipment=equipment, executor=executor
    )
