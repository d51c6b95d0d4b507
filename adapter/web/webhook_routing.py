"""Routing: what a webhook becomes by one configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapter.core.routing import Ended, Router, straight_to
from adapter.core.time_intervals import Deferral

if TYPE_CHECKING:
    from datetime import datetime

    from adapter.config.settings import Settings
    from adapter.core.alerts import AlertGroup
    from adapter.core.delivery import Delivery


class Routing:
    """Route by one configuration: what it says is worked out once."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        every = {name: robot.defaults for name, robot in settings.robots.items()}
        self._tree = Router(settings.route, every, settings.scale)
        self._straight = {
            name: Router(straight_to(name), {name: defaults}, settings.scale)
            for name, defaults in every.items()
        }

    def ended(self, group: AlertGroup, robot: str | None) -> tuple[Ended, ...]:
        """Return the alerts of a webhook that are over and of which robots are not told."""
        return self._router(robot).ended(group)

    def _router(self, robot: str | None) -> Router:
        return self._tree if robot is None else self._straight[robot]

    def deliveries(
        self, group: AlertGroup, robot: str | None, now: datetime
    ) -> tuple[Delivery, ...]:
        """Return what a webhook becomes: routed by label, or straight to one robot."""
        return self._router(robot).route(group, Deferral(self.settings.time_intervals, now))
