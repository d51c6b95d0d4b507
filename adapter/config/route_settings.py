"""Read what a route says, and a robot as its default: how messages look, and whom they ring."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from adapter.config.mentions import take_mentions
from adapter.config.problems import Mistake
from adapter.config.reader import list_of
from adapter.config.remind import read_remind
from adapter.config.scalars import boolean, one_of, timezone
from adapter.config.suggest import did_you_mean
from adapter.core.delivery import Split
from adapter.core.routes import RouteSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from adapter.config.mentions import Mentionable
    from adapter.config.reader import Section, Value
    from adapter.core.monthly import Allowance

LANGUAGES: Final = ("zh", "en")
MESSAGES: Final = ("markdown", "action_card")
BUTTONS: Final = ("vertical", "horizontal")
PRIORITIES: Final = ("auto", "normal", "high")
SPLITS: Final = tuple(split.value for split in Split)


@dataclass(frozen=True, slots=True)
class Known:
    """Hold the names that settings may refer to; None where a broken file keeps them unknown."""

    templates: Collection[str] | None
    robots: Collection[str] | None
    mentionable: Mentionable
    intervals: Collection[str] | None = ()
    quotas: Mapping[str, Allowance] = field(default_factory=dict)


def take_route_settings(
    section: Section, known: Known, robots: tuple[str, ...] | None = None
) -> RouteSettings:
    """Return the settings that stand in a section; None for each that does not."""
    return RouteSettings(
        robots=robots,
        template=section.scalar("template", _template(known.templates), None),
        language=section.scalar("language", one_of(LANGUAGES), None),
        timezone=section.scalar("timezone", timezone, None),
        message=section.scalar("message", one_of(MESSAGES), None),
        buttons=section.scalar("buttons", one_of(BUTTONS), None),
        send_resolved=section.scalar("send_resolved", boolean, None),
        priority=section.scalar("priority", one_of(PRIORITIES), None),
        defer=section.take("defer", list_of(_interval(known.intervals), "[nights]"), None),
        split=section.scalar("split", one_of(SPLITS), None),
        remind=section.take("remind", read_remind(known.mentionable), None),
        **take_mentions(section, known.mentionable),
    )


def _interval(names: Collection[str] | None) -> Callable[[Value], str]:
    def read(value: Value) -> str:
        name = value.text()
        if names is None or name in names:
            return name
        hint = did_you_mean(name, names)
        raise Mistake(f"no interval {value.shown()} is defined under `time_intervals`{hint}")

    return read


def _template(names: Collection[str] | None) -> Callable[[str], str]:
    def read(text: str) -> str:
        if names is None or text in names:
            return text
        if text.removesuffix(".j2") in names:
            raise Mistake("is the name of a file; leave out .j2")
        raise Mistake(
            "is no template, bundled or in templates.directory; expected one of "
            f"{', '.join(sorted(names))}{did_you_mean(text, names)}"
        )

    return read
