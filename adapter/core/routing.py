"""Route: the tree that decides which robots get which alerts, with Alertmanager's semantics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from adapter.core.matchers import Matcher


class RouteSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what a route says itself; None means "as the parent, the robot, or the default says"."""

    robots: tuple[str, ...] | None = None
    template: str | None = None
    language: str | None = None
    timezone: str | None = None
    send_resolved: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Hold one node of the tree; `path` is where it stands in the configuration."""

    settings: RouteSettings
    matchers: tuple[Matcher, ...] = ()
    continues: bool = False
    routes: tuple[Route, ...] = ()
    path: str = "route"
