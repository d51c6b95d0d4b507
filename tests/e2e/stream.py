"""Webhooks as several Alertmanagers would post them while the adapter dies and comes back."""

from __future__ import annotations

import itertools
import re
import threading
from typing import TYPE_CHECKING, NamedTuple, Self

import requests

from support.adapter import told

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from adapter.simulator import ChatMessage
    from support.adapter import Adapter

PAUSE = 0.05
"""Seconds between two webhooks of a sender."""

_TOLD = re.compile(r"^(?:### )?([🔴✅]).*?(Alert-\d+-\d+)", re.MULTILINE)
"""How a message tells an alert: as the heading of its group, or in a line among others."""


class Told(NamedTuple):
    """Name one webhook: an alert, and whether it fires or is resolved."""

    alert: str
    status: str


def told_by(message: ChatMessage) -> list[Told]:
    """Return what a message tells."""
    found = _TOLD.findall(message.text)
    return [Told(alert, "resolved" if mark == "✅" else "firing") for mark, alert in found]


def lost(acknowledged: Iterable[Told], got: Sequence[Told]) -> set[Told]:
    """Return what was acknowledged and never told: only what is newer tells what is older."""
    covered = {Told(each.alert, "firing") for each in got}
    return set(acknowledged) - set(got) - covered


def overtaken(got: Sequence[Told]) -> list[str]:
    """Return the alerts that were told to fire after they had been told to be resolved."""
    places = {each: place for place, each in enumerate(got)}
    return [
        each.alert
        for each, place in places.items()
        if each.status == "firing" and places.get(Told(each.alert, "resolved"), place) < place
    ]


class Stream:
    """Post alerts that fire and then resolve, each until it is answered 200, from threads."""

    def __init__(self, adapter: Adapter, senders: int = 4) -> None:
        self.acknowledged: list[Told] = []
        self.refused: list[int | str] = []
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
            answer = self._answer(session, body)
            if answer == 200:
                self.acknowledged.append(webhook)
                return True
            self.refused.append(answer)
        return False

    def _answer(self, session: requests.Session, body: bytes) -> int | str:
        """Return the status that a webhook gets, or what went wrong before that."""
        try:
            url = f"{self._adapter.url}/alertmanager"
            return session.post(url, data=body, timeout=10).status_code
        except requests.RequestException as error:
            return type(error).__name__
