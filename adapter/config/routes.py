"""Read the tree of routes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from adapter.config.problems import Mistake
from adapter.config.reader import list_of
from adapter.config.route_settings import take_route_settings
from adapter.config.scalars import boolean
from adapter.config.suggest import did_you_mean
from adapter.config.vocabulary import ROUTE
from adapter.core.matchers import MatcherError, parse_with_warning
from adapter.core.routes import BY_LABEL, Route, RouteSettings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from adapter.config.reader import Section, Value
    from adapter.config.route_settings import Known
    from adapter.core.matchers import Matcher

_ROBOTS: Final = "[ops]"
MATCHERS: Final = '[severity="critical", team=~"db|infra"]'
_SPLIT: Final = "; a matcher that holds a comma needs single quotes around all of it"
_ROUTES: Final = "`- matchers: […]`"


def read_root(value: Value, known: Known, included: Iterable[Route]) -> Route:
    """Return the tree, with the routes of included files after the root's own."""
    with value.section(ROUTE, "robots: [ops]") as section:
        for key in ("matchers", "continue"):
            section.refuse(key, "the root route takes every alert; move this to one of its routes")
        if section.get("robots") is None:
            value.missing("robots", "missing; expected the robots of all alerts, such as [ops]")
        settings = _take_settings(section, known)
        _require_some_robot(section, settings)
        routes = section.take("routes", partial(read_routes, known=known), ())
    return Route(settings=settings, routes=(*routes, *included), path=value.path)


def _require_some_robot(section: Section, settings: RouteSettings) -> None:
    """Note a problem where an alert could lack the label that alone names its robot."""
    value, names = section.get("robots"), settings.robots
    if value is not None and names and all(name.startswith(BY_LABEL) for name in names):
        value.problem(
            "the root has no parent to take the robots from where the label names none; "
            "name a robot too, or move this to one of its routes"
        )


def read_routes(value: Value, known: Known, prefix: str = "") -> tuple[Route, ...]:
    """Return a list of routes; `prefix` names the file in their paths."""
    return list_of(partial(_read_route, known=known, prefix=prefix), _ROUTES)(value)


def _read_route(value: Value, known: Known, prefix: str) -> Route:
    with value.section(ROUTE, 'matchers: [severity="critical"]') as section:
        matchers = section.list_of("matchers", read_matchers, MATCHERS)
        return Route(
            settings=_take_settings(section, known),
            matchers=tuple(one for several in matchers for one in several),
            continues=section.scalar("continue", boolean, default=False),
            routes=section.take("routes", partial(read_routes, known=known, prefix=prefix), ()),
            path=prefix + value.path,
        )


def _take_settings(section: Section, known: Known) -> RouteSettings:
    robots = section.take("robots", partial(read_robots, known=known), None)
    return take_route_settings(section, known, robots)


def read_robots(value: Value, known: Known) -> tuple[str, ...]:
    """Return the names of robots in a list, each once, and label:NAME as it stands."""
    names: list[str] = []
    for item in value.items(_ROBOTS):
        name = item.read(partial(_read_name, known=known), None)
        if name in names:
            item.problem(f"{item.shown()} is named twice")
        elif name is not None:
            names.append(name)
    return tuple(names)


def _read_name(value: Value, known: Known) -> str:
    name = value.text()
    if name.startswith(BY_LABEL):
        if name == BY_LABEL:
            raise Mistake(f"{value.shown()} names no label; expected label:NAME, as label:team")
        return name
    if known.robots is not None and name not in known.robots:
        hint = did_you_mean(name, known.robots)
        raise Mistake(f"no robot {value.shown()} is defined under `robots`{hint}")
    return name


def read_matchers(value: Value) -> tuple[Matcher, ...]:
    """Return the matchers of one text, in which commas may part several."""
    text = value.text()
    try:
        parsed = parse_with_warning(text)
    except MatcherError as error:
        if value.from_environment:
            raise Mistake(f"{value.shown()} is no matcher once its variables are filled") from None
        hint = _SPLIT if text.count('"') % 2 else ""
        raise Mistake(f"{value.shown()} is no matcher: {error}{hint}", error.position) from None
    if parsed.warning:
        hidden = "its reading is Alertmanager's classic one; quote the label's value"
        value.warn(hidden if value.from_environment else parsed.warning)
    return parsed.matchers
