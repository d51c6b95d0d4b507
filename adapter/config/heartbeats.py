"""Read `heartbeats`: what must keep coming, and who is told when it stops."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from adapter.config.mentions import targets_of
from adapter.config.names import wrong_name
from adapter.config.problems import Mistake, Noted, shown
from adapter.config.reader import list_of
from adapter.config.routes import read_matchers, read_robots
from adapter.config.scalars import duration_within
from adapter.core.heartbeats import BETWEEN, EVERY, VALUE_LENGTH, Heartbeat
from adapter.core.mentions import label_of
from adapter.core.routes import BY_LABEL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapter.config.reader import Section, Value
    from adapter.config.route_settings import Known
    from adapter.core.matcher import Matcher
    from adapter.core.routes import Route

_ROOM: Final = "heartbeats[]"
_MATCHERS: Final = '[alertname="Watchdog"]'
_EXAMPLE: Final = f"name: pipeline, matchers: {_MATCHERS}"
_EXPECT: Final = "[bj, sh]"
_SPAN: Final = duration_within("1s", "30d")


def take_heartbeats(root: Section, known: Known, route: Route) -> tuple[Heartbeat, ...]:
    """Return the heartbeats; one that names no robots is told to those of the root route."""
    named = tuple(each for each in route.settings.robots or () if not each.startswith(BY_LABEL))
    read = partial(_read, known=known, robots=named)
    found: dict[str, Heartbeat] = {}
    for value in root.take("heartbeats", lambda value: value.items(f"[{{{_EXAMPLE}}}]"), ()):
        heartbeat = value.read(read, None)
        if heartbeat is not None and found.setdefault(heartbeat.name, heartbeat) is not heartbeat:
            value.problem(
                f"another heartbeat is named {shown(heartbeat.name)}; give it its own name"
            )
    return tuple(found.values())


def _read(value: Value, known: Known, robots: tuple[str, ...] | None) -> Heartbeat | None:
    with value.section(_ROOM, _EXAMPLE) as section:
        name = section.require("name", _name, "a name of its own, such as pipeline")
        matchers = section.require("matchers", _matchers, f"what it is made of: {_MATCHERS}")
        by = section.take("by", list_of(_label, "[cluster]"), ())
        expect = section.take("expect", partial(_expected, by=by), ())
        every = section.scalar("every", _SPAN, EVERY)
        told = section.take("robots", partial(_robots, known=known), robots)
        if told == ():
            value.missing("robots", "missing; the root route names none who could be told")
        mention = section.take("mention", partial(_mention, known=known, by=by), ())
    if name is None or matchers is None:
        return None
    return Heartbeat(
        name=name,
        matchers=matchers,
        every=every,
        robots=told or (),
        by=by,
        expect=expect,
        mention=mention,
    )


def _name(value: Value) -> str:
    text = value.text()
    if wrong := wrong_name(text):
        raise Mistake(wrong)
    return text


def _matchers(value: Value) -> tuple[Matcher, ...]:
    found = list_of(read_matchers, _MATCHERS)(value)
    if value.items(_MATCHERS) and not found:
        raise Noted
    matchers = tuple(matcher for several in found for matcher in several)
    if not matchers:
        raise Mistake("every alert would be taken for this heartbeat; name what it is made of")
    return matchers


def _label(value: Value) -> str:
    text = value.text()
    if not text:
        raise Mistake("expected the name of a label, such as cluster")
    return text


def _expected(value: Value, by: Sequence[str]) -> tuple[str, ...]:
    if not by and value.items(_EXPECT):
        raise Mistake("of which label? add `by`, such as `by: [cluster]`")
    return tuple(dict.fromkeys(list_of(partial(_one_expected, by=by), _EXPECT)(value)))


def _one_expected(value: Value, by: Sequence[str]) -> str:
    text = value.text()
    if len(by) > 1 and text.count(BETWEEN) != len(by) - 1:
        raise Mistake(f"{value.shown()}: expected a value of each of `by`, as {BETWEEN.join(by)}")
    if not 0 < len(text) <= VALUE_LENGTH:
        raise Mistake(f"{value.shown()}: expected 1 to {VALUE_LENGTH} characters")
    return text


def _robots(value: Value, known: Known) -> tuple[str, ...]:
    names = read_robots(value, known)
    if not names:
        raise Mistake("nobody would be told; name a robot")
    if any(name.startswith(BY_LABEL) for name in names):
        raise Mistake("a heartbeat that does not come has no labels; name the robots themselves")
    return names


def _mention(value: Value, known: Known, by: Sequence[str]) -> tuple[str, ...]:
    targets = targets_of(known.mentionable)(value)
    for target in targets:
        label = label_of(target)
        if label and label not in by:
            raise Mistake(f"{shown(target)} names a label that is not one of `by`")
    return targets
