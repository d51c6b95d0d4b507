"""Load a configuration: all its files, and every problem in them at once."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from adapter.config.document import read_document
from adapter.config.footprint import Footprint
from adapter.config.heartbeats import take_heartbeats
from adapter.config.includes import open_included
from adapter.config.last_resort import take_last_resort
from adapter.config.on_call import take_on_call
from adapter.config.problems import Noted, Problems
from adapter.config.reader import Reading
from adapter.config.robots import take_robots
from adapter.config.route_settings import Known
from adapter.config.routes import read_root, read_routes
from adapter.config.schedules import take_schedules
from adapter.config.server import take_server
from adapter.config.settings import Settings
from adapter.config.severity import take_scale
from adapter.config.silence import take_silence
from adapter.config.sources import take_sources
from adapter.config.storage import take_log, take_storage
from adapter.config.template_files import LAYOUT, bundled_templates, read_templates
from adapter.config.templates import take_templates
from adapter.config.time_intervals import take_time_intervals
from adapter.config.vocabulary import ROOT
from adapter.core.routes import Route, RouteSettings
from adapter.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from adapter.config.document import Document
    from adapter.config.reader import Section, Value


def load(
    path: Path,
    *,
    environ: Mapping[str, str],
    skip_secrets: bool = False,
    footprint: Footprint | None = None,
) -> Settings:
    """Return the configuration of a file, or raise ConfigError with every problem of it.

    `skip_secrets` leaves secret files closed and unset variables of secrets alone. What was read
    is noted in `footprint`, whatever comes of it.
    """
    problems = Problems()
    try:
        settings = _load(path, Reading(environ, skip_secrets, problems, footprint or Footprint()))
    except Noted:
        settings = None
    return replace(problems.checked(settings), warnings=problems.warnings())


def _load(path: Path, reading: Reading) -> Settings | None:
    document = read_document(path.absolute(), str(path), reading)
    if document.is_empty:
        document.value.problem("this file is empty; start from config.example.yml")
        raise Noted
    return document.value.read(lambda value: _read_main(value, document), None)


def _read_main(value: Value, document: Document) -> Settings:
    with ExitStack() as sections:  # each section tells its unknown keys when it ends
        root = sections.enter_context(value.section(ROOT, "route: …"))
        included = open_included(root, document, sections)
        own = take_templates(root)
        templates = _template_names(own.directory, value.reading)
        on_call = take_on_call(root, included)
        intervals = take_time_intervals(root)
        known = Known(templates, None, on_call.mentionable, intervals)
        robots = take_robots(root, included.sections, known, complete=included.complete)
        known = replace(known, robots=robots.names)
        schedules = take_schedules(root, included.sections, on_call.names(robots.names))
        route = _take_route(root, included.sections, known)
        server = take_server(root)
        return Settings(
            robots=robots.usable,
            route=route,
            heartbeats=take_heartbeats(root, known, route),
            storage=take_storage(root),
            template_directory=own.directory,
            hidden_labels=own.hidden,
            scale=take_scale(root),
            server=server,
            log=take_log(root),
            sources=take_sources(root),
            last_resort=take_last_resort(root),
            silence=take_silence(root, server.external_url),
            people=on_call.people,
            schedules=schedules,
            time_intervals=intervals or {},
            files=(document.path, *included.paths),
        )


def _take_route(root: Section, parts: Iterable[Section], known: Known) -> Route:
    included: list[Route] = []
    for part in parts:
        prefix = f"{part.value.node.place.file}: "
        read = partial(read_routes, known=known, prefix=prefix)
        included.extend(part.take("routes", read, ()))
    found = root.require(
        "route",
        lambda value: read_root(value, known, included),
        "the tree of routes, at least `route: {robots: [ops]}`",
    )
    return found or Route(settings=RouteSettings())


def _template_names(directory: Path, reading: Reading) -> frozenset[str] | None:
    """Return the templates that a route may name, None where some cannot be read."""
    try:
        files = {**bundled_templates(), **read_templates(directory, reading.footprint)}
    except ConfigError as error:
        reading.problems.extend(error)
        return None
    return frozenset(name.removesuffix(".j2") for name in files if name != LAYOUT)
