"""Explaining: why an alert takes the way it takes through the tree of routes, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from adapter.core.delivery import RenderSettings, Split
from adapter.core.routes import Match, RouteSettings, match

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from adapter.core.matchers import Matcher
    from adapter.core.routes import Route

DEFAULTS: Final[Mapping[str, object]] = {
    **{name: getattr(RenderSettings(), name) for name in RenderSettings.__struct_fields__},
    "send_resolved": True,
    "priority": "auto",
    "split": Split.GROUP.value,
    "defer": (),
}
"""What holds for a setting that nobody says anything about."""

BUILT_IN: Final = "the default"


@dataclass(frozen=True, slots=True)
class Step:
    """Hold what became of one route: it takes the alert unless a matcher refuses it.

    `after` took the alert before this one could be asked. `ends`: the route is a result.
    """

    route: Route
    depth: int
    refused_by: Matcher | None = None
    after: Route | None = None
    ends: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """Hold the value of a setting, and who says so: a route, a robot, or the default."""

    value: object
    source: str


def steps(root: Route, labels: Mapping[str, str]) -> tuple[Step, ...]:
    """Return what became of every route below one that takes an alert, in the tree's order."""
    results = {id(found.route) for found in match(root, labels)}
    return tuple(_steps(root, labels, 0, results))


def _steps(
    route: Route, labels: Mapping[str, str], depth: int, results: set[int]
) -> Iterator[Step]:
    refused_by = _refusing(route, labels)
    if refused_by is not None:
        yield Step(route, depth, refused_by)
        return
    yield Step(route, depth, ends=id(route) in results)
    after: Route | None = None
    for child in route.routes:
        if after is not None:
            yield Step(child, depth + 1, after=after)
            continue
        yield from _steps(child, labels, depth + 1, results)
        if _refusing(child, labels) is None and not child.continues:
            after = child


def _refusing(route: Route, labels: Mapping[str, str]) -> Matcher | None:
    return next((each for each in route.matchers if not each.matches(labels)), None)


def settings_of(found: Match, robot: str, defaults: RouteSettings) -> dict[str, Said]:
    """Return each setting by which a match tells a robot, and who says so, nearest first."""
    layers = [(route.path, route.settings) for route in reversed(found.path)]
    layers.append((f"robots.{robot}", defaults))
    return {
        name: _first(name, layers) for name in RouteSettings.__struct_fields__ if name != "robots"
    }


def _first(name: str, layers: list[tuple[str, RouteSettings]]) -> Said:
    for source, settings in layers:
        value = getattr(settings, name)
        if value is not None:
            return Said(value, source)
    return Said(DEFAULTS.get(name), BUILT_IN)
