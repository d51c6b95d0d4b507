"""Style: what a configuration says of the look of every message, whatever its route."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import msgspec

from adapter.core.severity import DEFAULT_SCALE, Scale

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapter.core.alerts import Alert, AlertGroup
    from adapter.core.matcher import Pattern
    from adapter.core.message_links import Linker


@dataclass(frozen=True, slots=True)
class Origin:
    """Say where readers reach an Alertmanager, and which labels only the adapter adds to it."""

    url: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Style:
    """Hold how bad alerts are called, and which labels (`hidden`, by name) no message shows.

    `origins` are the Alertmanagers by name. `linker` makes links to this adapter, if there are any.
    """

    scale: Scale = DEFAULT_SCALE
    hidden: tuple[Pattern, ...] = ()
    origins: Mapping[str, Origin] = field(default_factory=dict)
    linker: Linker | None = None

    @property
    def told(self) -> frozenset[str]:
        """Return the labels that a message tells in a way of their own."""
        return _told_apart(self.scale.label)

    def hides(self, label: str) -> bool:
        """Return whether no message shows this label; name and severity are always told."""
        if not self.hidden or label in self.told:
            return False
        name = label.encode("utf-8", "replace")
        return any(pattern.search(name) is not None for pattern in self.hidden)

    def shown(self, labels: Mapping[str, str]) -> dict[str, str]:
        """Return the labels that messages may show."""
        return {name: value for name, value in labels.items() if not self.hides(name)}

    def shown_of(self, alert: Alert) -> Alert:
        """Return an alert without the labels that no message shows."""
        if not self.hidden:
            return alert
        return msgspec.structs.replace(alert, labels=self.shown(alert.labels))

    def shown_of_group(self, group: AlertGroup) -> AlertGroup:
        """Return a group, its alerts as they are, without the labels that no message shows."""
        if not self.hidden:
            return group
        return msgspec.structs.replace(
            group,
            group_labels=self.shown(group.group_labels),
            common_labels=self.shown(group.common_labels),
        )


@functools.lru_cache(maxsize=8)
def _told_apart(severity_label: str) -> frozenset[str]:
    return frozenset({"alertname", severity_label})


DEFAULT_STYLE: Final = Style()
"""The style of who configures none."""
