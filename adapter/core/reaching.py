"""Reaching: a test message to a robot, and whom it rings, since no alert asks for anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapter.core.directory import EVERYBODY, Found, united
from adapter.core.mentions import Wanted
from adapter.core.message import At, Markdown, MarkdownMessage
from adapter.core.message_limits import MENTION_LIMIT
from adapter.core.routes import Match, Route, RouteSettings, inherit
from adapter.core.text import escape
from adapter.core.words import words_of

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
    contacts = [contact for contact in found.contacts if contact != EVERYBODY]
    return Found(tuple(contacts[:MENTION_LIMIT]), found.missing)


def greeting(robot: str, found: Found, language: str) -> MarkdownMessage:
    """Return a message that says that it is a test, and rings these people."""
    words = words_of(language)
    people = " ".join(
        " ".join(filter(None, (escape(each.name), each.mark))) for each in found.contacts
    )
    on_call = f"{words.on_call} {people}" if people else words.nobody_on_call
    told = f"### {words.test}\n\n{words.test_told.format(escape(robot))}\n\n{on_call}"
    at = At(
        at_mobiles=tuple(each.mobile for each in found.contacts if each.mobile),
        at_user_ids=tuple(each.user_id for each in found.contacts if not each.mobile),
    )
    return MarkdownMessage(markdown=Markdown(words.test, told), at=at if found.contacts else None)


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
