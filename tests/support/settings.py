"""Settings, as tests need them: what is not said is ordinary."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from adapter.config.settings import (
    AuthSettings,
    RobotSettings,
    ScheduleSettings,
    ServerSettings,
    Settings,
    SourceSettings,
    StorageSettings,
)
from adapter.core.routes import Route, RouteSettings
from adapter.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapter.core.people import Person


def make_robot(name: str = "ops", **changes: object) -> RobotSettings:
    """Return a robot whose token tells its name."""
    fields: dict[str, object] = {
        "name": name,
        "access_token": Secret(f"token-of-{name}"),
        "secret": Secret(f"SECret-of-{name}"),
        "timeout": timedelta(seconds=5),
        "defaults": RouteSettings(),
        **changes,
    }
    return RobotSettings(**fields)  # type: ignore[arg-type]  # a test names what it changes


def make_pool(name: str, size: int, **changes: object) -> RobotSettings:
    """Return a robot of a group that has so many; the token of each tells its number."""
    robot = make_robot(name, **changes)
    tokens = (Secret(f"token-of-{name}-{number}") for number in range(1, size))
    return replace(robot, pool=tuple(replace(robot, access_token=token) for token in tokens))


def make_settings(
    *robots: RobotSettings,
    auth: AuthSettings | None = None,
    route: Route | None = None,
    sources: tuple[SourceSettings, ...] = (),
    people: Mapping[str, Person] | None = None,
    schedules: Mapping[str, ScheduleSettings] | None = None,
    **server: object,
) -> Settings:
    """Return a configuration of these robots, or of one, all of which the root route names."""
    members = {robot.name: robot for robot in robots or (make_robot(),)}
    return Settings(
        robots=members,
        route=route or Route(settings=RouteSettings(robots=tuple(members))),
        storage=StorageSettings(path=Path("adapter.db")),
        template_directory=Path("templates"),
        server=ServerSettings(auth=auth or AuthSettings(), **server),  # type: ignore[arg-type]  # same
        sources={source.name: source for source in sources},
        people=people or {},
        schedules=schedules or {},
    )
