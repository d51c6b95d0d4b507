"""What a configuration decides about an alert: as JSON's values, and line by line for people."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import msgspec

from adapter.core.explaining import Said, settings_of, steps
from adapter.core.heartbeats import takers_of
from adapter.core.priority import Priority, priority_of
from adapter.core.routes import Match, RouteSettings, match
from adapter.logs import redaction

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from adapter.config.settings import Settings
    from adapter.core.explaining import Step
    from adapter.core.heartbeats import Heartbeat


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """Describe what robots get by one route."""

    robots: tuple[str, ...]
    template: str
    message: str
    priority: str
    mention: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """Hold what a configuration decides about an alert with these labels."""

    settings: Settings
    labels: Mapping[str, str]

    def told(self) -> list[Told]:
        """Return what each route tells, robots with the same settings together."""
        return [told for found in self.matches for told in self._by_route(found)]

    @property
    def heartbeats(self) -> tuple[Heartbeat, ...]:
        """Return the heartbeats that the alert belongs to."""
        return takers_of(self.labels, self.settings.heartbeats)

    @property
    def matches(self) -> tuple[Match, ...]:
        """Return the routes that take the alert: none what is a heartbeat's."""
        return () if self.heartbeats else match(self.settings.route, self.labels)

    def robots(self, found: Match) -> tuple[str, ...]:
        """Return whom a route tells."""
        return found.robots(self.labels, self.settings.robots)

    def said(self, found: Match, robot: str) -> dict[str, Said]:
        """Return by which settings a route tells a robot; "" where it tells none."""
        known = self.settings.robots.get(robot)
        return settings_of(found, robot, RouteSettings() if known is None else known.defaults)

    def priority(self, said: Mapping[str, Said]) -> str:
        """Return the priority that the alert has, by its severity where the setting says so."""
        setting = str(said["priority"].value)
        found: Priority = priority_of(self.labels, setting, self.settings.scale)
        return found.name.lower()

    def _by_route(self, found: Match) -> Iterator[Told]:
        each = [(self._look(found, robot), robot) for robot in self.robots(found) or ("",)]
        for look, robots in groupby(each, key=lambda pair: pair[0]):
            yield msgspec.structs.replace(look, robots=tuple(name for _, name in robots if name))

    def _look(self, found: Match, robot: str) -> Told:
        said = self.said(found, robot)
        return Told(
            robots=(),
            template=str(said["template"].value),
            message=str(said["message"].value),
            priority=self.priority(said),
            mention=_mention(said),
        )


def explained(decision: Decision) -> str:
    """Return the decision line by line: which routes were asked, and what follows."""
    labels = ", ".join(f"{name}={value}" for name, value in decision.labels.items())
    asked = [
        _asked(step, decision.labels) for step in steps(decision.settings.route, decision.labels)
    ]
    lines = [f"an alert with {labels or 'no labels'}", "", *asked]
    if decision.heartbeats:
        return "\n".join([*lines[:2], *map(_observed, decision.heartbeats)])
    first: dict[str, str] = {}
    for found in decision.matches:
        lines += ["", *_result(decision, found, first)]
    return "\n".join(lines)


def _observed(heartbeat: Heartbeat) -> str:
    matchers = ", ".join(map(str, heartbeat.matchers))
    return f"heartbeat {heartbeat.name} takes it, by {matchers}: observed, not delivered"


def _asked(step: Step, labels: Mapping[str, str]) -> str:
    return f"{'  ' * step.depth}{step.route.path}: {_verdict(step, labels)}"


def _verdict(step: Step, labels: Mapping[str, str]) -> str:
    if step.after is not None:
        return f"not asked, since {step.after.path} took the alert and does not continue"
    if step.refused_by is not None:
        value = labels.get(step.refused_by.name, "")
        found = f'is "{value}"' if value else "is missing"
        return f"no, {step.refused_by} does not match: the label {found}"
    matchers = ", ".join(map(str, step.route.matchers)) or "it has no matchers"
    end = "; the alert goes by it" if step.ends else "; one of its routes decides"
    return f"yes, {matchers}{end}{', and it continues' if step.route.continues else ''}"


def _result(decision: Decision, found: Match, first: dict[str, str]) -> Iterator[str]:
    path = found.route.path
    robots = decision.robots(found)
    if not robots:
        yield f"{path} tells nobody: its robots are []"
    for robot in robots:
        if robot in first:
            mention = _mention(decision.said(found, robot))
            also = f"; it rings [{', '.join(mention)}] as well" if mention else ""
            yield f"{path} tells {robot}, which has this alert once, as {first[robot]} says{also}"
            continue
        first[robot] = path
        yield f"{path} tells {robot}:"
        for name, said in decision.said(found, robot).items():
            if said.value is not None:
                yield f"  {name} {_shown(decision, name, said)}"


def _mention(said: Mapping[str, Said]) -> tuple[str, ...]:
    value = said["mention"].value
    return tuple(map(_masked, value)) if isinstance(value, tuple) else ()


def _masked(word: object) -> str:
    """Return a word of a setting without the middle of the number that it may be."""
    return redaction(str(word))


def _shown(decision: Decision, name: str, said: Said) -> str:
    value = said.value
    if isinstance(value, tuple):
        text = f"[{', '.join(map(_masked, value))}]"
    else:
        text = str(value).lower() if isinstance(value, bool) else str(value)
    if name == "priority" and value == "auto":
        label = decision.settings.scale.label
        level = decision.labels.get(label, "")
        text = f"{decision.priority({name: said})}, by {label}={level or '(missing)'}"
    return f"{text} (from {said.source})"
