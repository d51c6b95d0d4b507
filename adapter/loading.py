"""Loading: configuration and templates are read from disk, whole and sound, or not at all."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.engine import make_url

from adapter import config
from adapter.config.footprint import Footprint
from adapter.config.template_files import bundled_templates, read_templates
from adapter.core.delivery import RenderSettings
from adapter.core.directory import Directory
from adapter.core.rendering import Renderer
from adapter.dispatcher import Equipment
from adapter.errors import ConfigError, Problem
from adapter.logs import redaction
from adapter.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from adapter.config.settings import Settings
    from adapter.core.routes import Route


@dataclass(frozen=True, slots=True)
class Loaded:
    """Hold all that was read from disk: one reload replaces it whole, or not at all."""

    settings: Settings
    templates: Mapping[str, str]
    renderer: Renderer
    footprint: Footprint

    @property
    def equipment(self) -> Equipment:
        """Return what messages are made and sent with."""
        schedules = {name: each.schedule for name, each in self.settings.schedules.items()}
        directory = Directory(self.settings.people, schedules)
        return Equipment(self.settings.robots, self.renderer, directory)


def load(path: Path, *, skip_secrets: bool = False, footprint: Footprint | None = None) -> Loaded:
    """Read the configuration and the templates, or raise ConfigError with every problem.

    What was read is noted in `footprint`, whatever comes of it.
    """
    footprint = footprint or Footprint()
    settings = config.load(path, environ=os.environ, skip_secrets=skip_secrets, footprint=footprint)
    bundled, user = bundled_templates(), read_templates(settings.template_directory, footprint)
    templates = {**bundled, **user}
    renderer = Renderer(templates, settings.style)
    problems = [
        Problem(str(settings.template_directory / found.name), found.line, 1, "", found.text)
        for found in renderer.problems(_to_be_tried(bundled, user))
    ]
    if problems:
        raise ConfigError(problems)
    redaction.know(secrets_of(settings))
    return Loaded(settings, templates, renderer, footprint)


def _to_be_tried(bundled: Mapping[str, str], user: Mapping[str, str]) -> Collection[str] | None:
    """Return the names of the user's own templates; None, meaning all, if one replaces a bundled.

    The bundled ones have been tried before they were released: trying them takes half a second.
    """
    own = {name for name, source in user.items() if bundled.get(name) != source}
    return None if own & bundled.keys() else own


def summary(loaded: Loaded) -> str:
    """Return one line that says what a valid configuration holds."""
    settings = loaded.settings
    return f"OK: {len(settings.robots)} robot(s), {_count(settings.route)} route(s)"


def _count(route: Route) -> int:
    return 1 + sum(_count(child) for child in route.routes)


def home_zone(settings: Settings) -> str:
    """Return the name of the root route's time zone."""
    return settings.route.settings.timezone or RenderSettings().timezone


def secrets_of(settings: Settings) -> Iterable[Secret]:
    """Return every secret of a configuration, for the wall of the log."""
    yield from settings.server.auth.bearer_tokens
    if settings.storage.postgresql is not None:
        yield settings.storage.postgresql
        password = make_url(settings.storage.postgresql.reveal()).password
        if password:
            yield Secret(str(password))
    if settings.server.auth.basic is not None:
        yield settings.server.auth.basic.password
    if settings.server.page.basic is not None:
        yield settings.server.page.basic.password
    if settings.server.auth.hmac is not None:
        yield settings.server.auth.hmac.secret
    yield from filter(None, (settings.last_resort, settings.silence.secret))
    for source in settings.sources.values():
        yield from filter(None, (source.bearer_token, source.basic and source.basic.password))
    for robot in (each for named in settings.robots.values() for each in named.members):
        yield robot.access_token
        yield from (value for value in (robot.secret, robot.proxy) if value is not None)
    for schedule in settings.schedules.values():
        if schedule.ical is not None and schedule.ical.url is not None:
            yield schedule.ical.url
