"""Refused webhooks are told to the root's robots: at once, then not for an hour, by one voice."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from adapter.complaints import PAUSE, Complaints
from adapter.core.routes import Route, RouteSettings
from adapter.outbox import open_sqlite
from support.clock import START, FakeClock
from support.kept_contract import told
from support.settings import make_robot, make_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from adapter.config.settings import Settings
    from adapter.outbox import Outbox

SETTINGS = make_settings(
    make_robot("ops"),
    make_robot("db"),
    route=Route(settings=RouteSettings(robots=("ops", "label:team"))),
)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    store = open_sqlite(tmp_path / "adapter.db", START)
    yield store
    store.close()


class Replica:
    """Hold the complaints of one replica, and whom it woke."""

    def __init__(self, outbox: Outbox, clock: FakeClock, settings: Settings = SETTINGS) -> None:
        self.woken: list[str] = []
        self.complaints = Complaints(
            outbox.kept, clock, settings=lambda: settings, wake=self.woken.extend
        )

    def refuse(self, why: str = "it is no JSON") -> None:
        self.complaints.tell(400, why)


def test_the_first_is_told_at_once_and_the_next_after_an_hour(outbox: Outbox) -> None:
    clock = FakeClock()
    replica = Replica(outbox, clock)
    numbers = []
    for span in (timedelta(0), timedelta(0), PAUSE - timedelta(seconds=1), timedelta(seconds=1)):
        clock.advance(span)
        replica.refuse()
        numbers.append(len(told(outbox)))
    assert numbers == [1, 0, 0, 1]
    assert replica.woken == ["ops", "ops"]


def test_of_replicas_one_tells_and_a_restart_changes_nothing(outbox: Outbox) -> None:
    clock = FakeClock()
    replicas = [Replica(outbox, clock) for _ in range(3)]
    for replica in replicas:
        replica.refuse()
    assert [replica.woken for replica in replicas] == [["ops"], [], []]


def test_replicas_at_the_same_instant_are_one_voice(outbox: Outbox) -> None:
    """Both have looked before either has told."""

    class Late:
        def get(self, key: str) -> bytes | None:
            del key
            return None

        def __getattr__(self, name: str) -> object:
            return getattr(outbox.kept, name)

    clock = FakeClock()
    Replica(outbox, clock).refuse()
    woken: list[str] = []
    late = Complaints(Late(), clock, settings=lambda: SETTINGS, wake=woken.extend)  # type: ignore[arg-type]  # it passes the rest on
    late.tell(413, "too large")
    assert (woken, len(told(outbox))) == ([], 1)


def test_a_clock_that_was_wrong_does_not_silence_it_for_long(outbox: Outbox) -> None:
    clock = FakeClock()
    clock.advance(timedelta(days=400))
    Replica(outbox, clock).refuse()
    right = Replica(outbox, FakeClock())
    right.refuse()
    assert right.woken == ["ops"]


def test_where_the_root_names_no_robot_nobody_is_told(outbox: Outbox) -> None:
    settings = make_settings(route=Route(settings=RouteSettings(robots=())))
    Replica(outbox, FakeClock(), settings).refuse()
    assert told(outbox) == []
