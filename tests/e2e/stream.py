"""Webhooks as several Alertmanagers would post them while the adapter dies and comes back."""

from __future__ import annotations

import itertools
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, Self

import requests

from support.adapter import told

if TYPE_CHECKING:
    from support.adapter import Adapter

PAUSE = 0.05
"""Seconds between two webhooks of a sender."""


class Told(NamedTuple):
    """Name one webhook: an alert, and whether it fires or is resolved."""

    alert: str
    status: str


class Stream:
    """Post alerts that fire and then resolve, each until it is answered 200, from threads."""

    def __init__(self, adapter: Adapter, senders: int = 4) -> None:
        self.acknowledged: list[Told] = []
        self._adapter = adapter
        self._ending = threading.Event()
        self._threads = [
            threading.Thread(target=self._send, args=(number,)) for number in range(senders)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join()

    def _send(self, sender: int) -> None:
        with requests.Session() as session:
            for number in itertools.count():
                for status in ("firing", "resolved"):
                    if not self._post(session, Told(f"Alert-{sender}-{number}", status)):
                        return

    def _post(self, session: requests.Session, webhook: Told) -> bool:
        """Post one webhook until it is accepted; return False when the stream ends before that."""
        body = told(*webhook)
        while not self._ending.wait(PAUSE):
            with suppress(requests.RequestException):
                answer = session.post(f"{self._adapter.url}/alertmanager", data=body, timeout=10)
                if answer.status_code == 200:
                    self.acknowledged.append(webhook)
                    return True
        return False
