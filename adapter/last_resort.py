"""The last resort: a webhook that is not DingTalk, told of what no robot can take.

DingTalk itself may be the thing that is down. The URL is a secret: no exception text is told.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol

import requests
import structlog
from urllib3.exceptions import HTTPError

from adapter.core.delivery import Idle
from adapter.core.settling import backoff
from adapter.core.stranded import Strand, Stranded, alertmanager_json
from adapter.deadline import CuttableAdapter, Overdue, within
from adapter.rounds import Rounds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from adapter.clock import Clock
    from adapter.secret import Secret

TIMEOUT: Final = timedelta(seconds=10)
"""How long the webhook may take to answer."""

LEASE: Final = TIMEOUT + timedelta(seconds=5)
EVERY: Final = timedelta(seconds=5)
"""How often it is looked for what is stuck."""

log = structlog.get_logger(__name__)


class Store(Protocol):
    """Know what is stuck, and what the last resort was told."""

    def take_stranded(
        self, strands: Sequence[Strand], *, now: datetime, lease: timedelta
    ) -> Stranded | Idle:
        """Lease the last resort and return a delivery for it, or when to ask again."""
        ...

    def settle_stranded(
        self, told: Stranded, *, rests_until: datetime | None, now: datetime
    ) -> bool:
        """Note that a delivery was taken, or until when to rest; return whether the lease held."""
        ...


class LastResort:
    """Post what is stuck; `target` is where, None for nowhere."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        target: Callable[[], Secret | None],
        strands: Callable[[], Sequence[Strand]],
        jitter: Callable[[], float],
    ) -> None:
        self._store = store
        self._clock = clock
        self._target = target
        self._strands = strands
        self._jitter = jitter
        self.rounds = Rounds(
            "last resort", clock, self.step, every=EVERY, after=EVERY, patience=TIMEOUT
        )

    def step(self) -> None:
        """Post all that is stuck now, until nothing is left or a request fails."""
        while (target := self._target()) is not None and not self.rounds.stopping():
            now = self._clock.now()
            found = self._store.take_stranded(self._strands(), now=now, lease=LEASE)
            if isinstance(found, Idle) or not self._tell(target, found):
                return

    def _tell(self, target: Secret, stranded: Stranded) -> bool:
        fault = post(target, alertmanager_json(stranded))
        now = self._clock.now()
        rests = now + backoff(stranded.failures + 1, self._jitter()) if fault else None
        held = self._store.settle_stranded(stranded, rests_until=rests, now=now)
        told = log.bind(robot=stranded.delivery.robot, delivery=stranded.id)
        if fault:
            told.error("last resort not told", why=fault, next_at=rests)
        else:
            told.warning("last resort told", alerts=len(stranded.left))
        return held and not fault


def post(target: Secret, body: bytes) -> str:
    """Post Alertmanager's JSON; return what is wrong, empty if the webhook took it."""
    try:
        return within(TIMEOUT.total_seconds(), lambda: _post(target, body))
    except Overdue:
        return "no answer within the timeout"
    except (requests.RequestException, HTTPError, ValueError, OSError) as error:
        return f"the request failed ({type(error).__name__}); is last_resort.webhook right?"


def _post(target: Secret, body: bytes) -> str:
    session = requests.Session()
    for scheme in ("https://", "http://"):
        session.mount(scheme, CuttableAdapter(max_retries=0))
    headers = {"Content-Type": "application/json", "User-Agent": "alertmanager-dingtalk"}
    with session.post(
        target.reveal(),
        data=body,
        headers=headers,
        timeout=TIMEOUT.total_seconds(),
        allow_redirects=False,
        stream=True,
    ) as response:
        taken = 200 <= response.status_code < 300  # noqa: PLR2004  # HTTP's own range
        return "" if taken else f"it answered HTTP {response.status_code}; expected 200"
