"""Who is gone, and who tells what waits for it: the former fallback, or the root's robots."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from adapter.core.routes import Route, RouteSettings
from adapter.errors import StoreUnavailable
from adapter.heirs import ROLLOUT, Heirs
from support.clock import FakeClock
from support.settings import make_robot, make_settings

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime, timedelta

    from adapter.config.settings import Settings

GOES = "deliveries of a robot that is configured no more go to another"
WAITS = "deliveries wait for robots that are not configured"


class Store:
    """Know for whom something waits, and keep values."""

    def __init__(self, *waiting: str) -> None:
        self.waiting = set(waiting)
        self.values: dict[str, bytes] = {}
        self.known: set[str] = set()
        self.left_open = 0
        self.fails = False

    @property
    def kept(self) -> Store:
        return self

    def get(self, key: str) -> bytes | None:
        return self.values.get(key)

    def put(self, key: str, value: bytes, *, now: datetime) -> None:
        del now
        self.values[key] = value

    def queue(self, now: datetime | None = None) -> Mapping[str, object]:
        assert now is not None, "what was deferred matters once it is due"
        if self.fails:
            raise StoreUnavailable("the disk is full")
        return dict.fromkeys(self.waiting)

    def dissolve(self, known: Collection[str], *, now: datetime, age: timedelta) -> int:
        del now, age
        self.known = set(known)
        return self.left_open


def settings(*names: str, root: tuple[str, ...] | None = ("ops",), **fallbacks: str) -> Settings:
    robots = (make_robot(name, fallback=fallbacks.get(name, "")) for name in ("ops", "db", *names))
    return make_settings(*robots, route=Route(settings=RouteSettings(robots=root)))


def test_a_former_fallback_is_the_heir_also_after_a_restart() -> None:
    store = Store("old")
    Heirs(store, FakeClock()).refresh(settings("old", old="db"))
    heirs = Heirs(store, FakeClock())
    with capture_logs() as lines:
        for _ in range(3):
            heirs.refresh(settings())
    assert heirs.known() == {"old": "db"}
    [line] = lines
    assert line == {"event": GOES, "log_level": "warning", "robot": "old", "to": "db"}


def test_a_robot_that_another_replica_may_know_already_is_not_gone() -> None:
    store, clock = Store("new"), FakeClock()
    heirs = Heirs(store, clock, patience=ROLLOUT)
    heirs.refresh(settings())
    clock.advance(ROLLOUT / 2)
    store.waiting.clear()
    heirs.refresh(settings())
    store.waiting.add("new")
    heirs.refresh(settings())
    clock.advance(ROLLOUT * 0.9)
    heirs.refresh(settings())
    assert heirs.known() == {}
    clock.advance(ROLLOUT)
    heirs.refresh(settings())
    assert heirs.known() == {"new": "ops"}


@pytest.mark.parametrize(
    ("before", "root", "heir"),
    [
        ("", ("ops",), "ops"),
        ("", ("label:team", "db", "ops"), "db"),
        ("away", ("ops",), "ops"),
    ],
)
def test_else_the_first_of_the_roots_robots_is(
    before: str, root: tuple[str, ...], heir: str
) -> None:
    heirs = Heirs(Store("old"), FakeClock())
    heirs.refresh(settings("old", "away", old=before))
    heirs.refresh(settings(root=root))
    assert heirs.known() == {"old": heir}


def test_a_fallback_that_was_taken_away_before_is_none() -> None:
    store = Store("old")
    heirs = Heirs(store, FakeClock())
    heirs.refresh(settings("old", old="db"))
    heirs.refresh(settings("old"))
    heirs.refresh(settings())
    assert heirs.known() == {"old": "ops"}


@pytest.mark.parametrize("root", [None, (), ("label:team",)])
def test_without_any_it_waits_and_that_is_told_once(root: tuple[str, ...] | None) -> None:
    heirs = Heirs(Store("old"), FakeClock())
    with capture_logs() as lines:
        heirs.refresh(settings(root=root))
        heirs.refresh(settings(root=root))
    assert heirs.known() == {}
    assert [(line["event"], line["robots"]) for line in lines] == [(WAITS, ["old"])]


def test_a_robot_that_is_back_or_has_nothing_left_needs_none() -> None:
    store = Store("old")
    heirs = Heirs(store, FakeClock())
    heirs.refresh(settings())
    assert heirs.known() == {"old": "ops"}
    heirs.refresh(settings("old"))
    assert heirs.known() == {}
    heirs.refresh(settings())
    store.waiting.clear()
    heirs.refresh(settings())
    assert heirs.known() == {}


def test_a_store_that_fails_changes_nothing() -> None:
    store = Store("old")
    heirs = Heirs(store, FakeClock())
    heirs.refresh(settings())
    store.fails = True
    with capture_logs() as lines:
        heirs.refresh(settings("old"))
    assert heirs.known() == {"old": "ops"}
    assert lines[0]["event"] == "what waits for robots of old could not be read"


def test_what_tokens_of_old_left_open_dissolves_and_is_told() -> None:
    store = Store()
    store.left_open = 2
    with capture_logs() as lines:
        Heirs(store, FakeClock()).refresh(settings())
    assert store.known == {make_robot(name).token_key for name in ("ops", "db")}
    assert lines[0]["messages"] == 2
