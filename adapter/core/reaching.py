"""Reaching: whom a message to a robot rings that no alert asks for, such as a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapter.core.directory import EVERYBODY, Found, united
from adapter.core.mentions import Wanted
from adapter.core.routing import Match, Route, RouteSettings, inherit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from adapter.core.directory import Directory
    from adapter.core.mentions import MentionRule


def whom_a_test_rings(
    root: Route, robot: str, defaults: RouteSettings, directory: Directory, at: datetime
) -> Found:
    """Return whom the robot's own settings and the routes that name it ring, but not everybody.

    There are no labels, so what a label names finds nobody, and `mention_else` is rung.
    """
    rules = dict.fromkeys(rule for rule in _rules(root, (), robot, defaults) if rule)
    wanted = (Wanted(rule.targets, rule.otherwise) for rule in rules)
    found = united(directory.find(each, at) for each in wanted)
    contacts = tuple(contact for contact in found.contacts if contact != EVERYBODY)
    return Found(contacts, found.missing)


def _rules(
    route: Route, above: tuple[Route, ...], robot: str, defaults: RouteSettings
) -> Iterator[MentionRule | None]:
    """Yield whom each route rings at a robot, or the robot itself if none names it."""
    taken = Match((*above, route))
    if robot in taken.robots({}, ()):
        yield inherit((*taken.layers, defaults)).rule
    elif not above:
        yield defaults.rule  # what is posted straight to it
    for child in route.routes:
        yield from _rules(child, taken.path, robot, defaults)
