"""Rewriting: addresses that only machines reach become those that people reach.

It is done once, when a webhook is accepted, on every address that its sender wrote and on
annotations, which may hold one anywhere. Labels are identities and stay as they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapter.core.alerts import Alert, AlertGroup

_GOES_ON: Final = r"(?![\w@%-]|[.:]\w)"  # http://prom-k8s and http://prom:1 are not http://prom
_LAST_OF_HOST: Final = re.compile(r"[\w.-]\Z")


@dataclass(frozen=True)
class LinkRules:
    """Hold what addresses begin with, and what they are to begin with instead."""

    starts: Mapping[str, str] = field(default_factory=dict)

    def text(self, value: str) -> str:
        """Return text with every address in it rewritten; of several beginnings the longest."""
        if not self.starts or "://" not in value:
            return value
        return self._pattern.sub(lambda found: self.starts[found[0]], value)

    def group(self, group: AlertGroup) -> AlertGroup:
        """Return a group as its readers can follow it."""
        if not self.starts:
            return group
        return msgspec.structs.replace(
            group,
            external_url=self.text(group.external_url),
            common_annotations=self._texts(group.common_annotations),
            alerts=tuple(map(self._alert, group.alerts)),
        )

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        longest_first = sorted(self.starts, key=len, reverse=True)
        return re.compile("|".join(map(_bounded, longest_first)))

    def _texts(self, values: Mapping[str, str]) -> dict[str, str]:
        return {name: self.text(value) for name, value in values.items()}

    def _alert(self, alert: Alert) -> Alert:
        return msgspec.structs.replace(
            alert,
            annotations=self._texts(alert.annotations),
            generator_url=self.text(alert.generator_url),
            silence_url=self.text(alert.silence_url),
            dashboard_url=self.text(alert.dashboard_url),
            panel_url=self.text(alert.panel_url),
        )


def _bounded(start: str) -> str:
    """Return a pattern of `start` that does not match half a name."""
    return re.escape(start) + (_GOES_ON if _LAST_OF_HOST.search(start) else "")
