"""A changed file is taken once it stands still; the same mistake is tried and told once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from adapter.clock import SystemClock
from adapter.config.footprint import Footprint
from adapter.errors import ConfigError, Problem
from adapter.watcher import Watcher
from support.clock import FakeClock

if TYPE_CHECKING:
    import threading
    from pathlib import Path


class Service:
    """Reload a configuration of one file; one that says `broken` is refused."""

    def __init__(self, folder: Path, clock: SystemClock | FakeClock | None = None) -> None:
        self.file = folder / "config.yml"
        self.enabled = True
        self.reloads: list[str] = []
        self.write("one")
        self.tried = Footprint()
        self.tried.read(self.file, limit=100)
        self.watcher = Watcher(
            clock or FakeClock(),
            enabled=lambda: self.enabled,
            tried=lambda: self.tried,
            reload=self.reload,
        )

    def write(self, text: str) -> None:
        self.file.write_text(text)

    def reload(self) -> None:
        self.tried = Footprint()
        text = self.tried.read(self.file, limit=100).decode()
        self.reloads.append(text)
        if text == "broken":
            raise ConfigError([Problem(str(self.file), 1, 1, "", text)])
        if text == "bug":
            raise RuntimeError(text)

    def look(self, times: int = 1) -> list[str]:
        for _ in range(times):
            self.watcher.step()
        return self.reloads


def test_what_has_not_changed_is_not_reloaded(tmp_path: Path) -> None:
    service = Service(tmp_path)
    service.file.touch()
    assert service.look(5) == []


def test_a_change_is_taken_once_it_stands_still(tmp_path: Path) -> None:
    service = Service(tmp_path)
    service.look()
    for half in "t", "tw", "two":
        service.write(half)
        assert service.look() == [], "it may not be whole"
    assert service.look(5) == ["two"]


def test_a_broken_file_is_tried_once_and_again_when_it_changes(tmp_path: Path) -> None:
    service = Service(tmp_path)
    service.write("broken")
    assert service.look(5) == ["broken"]
    service.write("one")
    assert service.look(5) == ["broken", "one"]


def test_a_change_back_before_it_is_taken_is_none(tmp_path: Path) -> None:
    service = Service(tmp_path)
    service.write("two")
    service.look()
    service.write("one")
    assert service.look(5) == []


def test_it_can_be_turned_off_and_on(tmp_path: Path) -> None:
    service = Service(tmp_path)
    service.enabled = False
    service.write("two")
    assert service.look(5) == []
    service.enabled = True
    assert service.look(5) == ["two"]


def test_it_looks_every_few_seconds(tmp_path: Path) -> None:
    waits: list[timedelta] = []

    class Counting(SystemClock):
        def wait(self, event: threading.Event, span: timedelta) -> bool:
            waits.append(span)
            event.set()
            return True

    service = Service(tmp_path, Counting())
    service.watcher.rounds.start()
    service.watcher.rounds.stop()
    assert waits == [timedelta(seconds=2)]
