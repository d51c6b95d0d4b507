"""An Alertmanager that keeps silences in a list, and fails when told to."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from adapter.core.matchers import Matcher
    from adapter.core.silencing import Silence
    from adapter.core.trouble import AlertmanagerError


class FakeAlertmanager:
    """Hold what was asked; `fault` is raised, after the deed if `late`; `meanwhile` is called."""

    def __init__(self) -> None:
        self.silences: list[Silence] = []
        self.expired: list[str] = []
        self.counted: list[tuple[str, ...]] = []
        self.fault: AlertmanagerError | None = None
        self.late = False
        self.meanwhile: Callable[[], object] = lambda: None

    def count(self, matchers: Sequence[Matcher]) -> int:
        """Return as many alerts as there are matchers."""
        self.counted.append(tuple(map(str, matchers)))
        self._fail()
        return len(matchers)

    def silence(self, silence: Silence) -> str:
        """Keep a silence."""
        if not self.late:
            self._fail()
        self.silences.append(silence)
        self.meanwhile()
        self._fail()
        return f"s{len(self.silences)}"

    def find(self, mark: str) -> str:
        """Return the silence with this mark."""
        marked = [n for n, each in enumerate(self.silences, 1) if mark in each.comment]
        return f"s{marked[0]}" if marked else ""

    def expire(self, silence: str) -> None:
        """Note that a silence is over."""
        self._fail()
        self.expired.append(silence)

    def _fail(self) -> None:
        if self.fault is not None:
            raise self.fault
