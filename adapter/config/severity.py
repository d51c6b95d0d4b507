"""Read `severity`: how a shop calls what is bad, and how bad it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from adapter.config.problems import Mistake
from adapter.config.reader import list_of
from adapter.config.scalars import one_of
from adapter.core.severity import DEFAULT_SCALE, LABEL, LEVELS, Level, Scale
from adapter.core.words import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from adapter.config.reader import Section, Value

_EXAMPLE: Final = "label: severity"
_LEVEL: Final = "{values: [critical, P0], name: 严重, emoji: 🔴, priority: high}"
_EMOJIS: Final = ("🔴", "🟡", "🔵", "⚪")
_LONGEST: Final = 16
_COLORS: Final = {
    **dict.fromkeys("🔴🟥❗🚨🔥", "#F5222D"),
    **dict.fromkeys("🟠🟧", "#FA541C"),
    **dict.fromkeys("🟡🟨⚠", "#FA8C16"),
    **dict.fromkeys("🔵🟦ℹ", "#1890FF"),
    **dict.fromkeys("🟢🟩", "#52C41A"),
    **dict.fromkeys("🟣🟪", "#722ED1"),
}
_OTHER_COLOR: Final = "#8C8C8C"


def take_scale(root: Section) -> Scale:
    """Return how bad alerts are called."""
    return root.take("severity", _read_scale, DEFAULT_SCALE)


def _read_scale(value: Value) -> Scale:
    with value.section("severity", _EXAMPLE) as section:
        return Scale(
            label=section.scalar("label", _label, LABEL),
            levels=section.take("levels", _read_levels, LEVELS),
        )


def _read_levels(value: Value) -> tuple[Level, ...]:
    known: dict[str, str] = {}
    items = value.items(_LEVEL)
    if not items:
        raise Mistake(f"is empty; expected the levels, worst first, such as [{_LEVEL}]")
    levels = (item.read(lambda one: _read_level(one, known), None) for item in items)
    return tuple(_with_look(level, place) for place, level in enumerate(filter(None, levels)))


def _read_level(value: Value, known: dict[str, str]) -> Level | None:
    with value.section("severity.levels", "values: [critical]") as section:
        values = section.require("values", list_of(_read_value, "[critical, P0]"), "[critical, P0]")
        name = section.scalar("name", _shown_word, "")
        emoji = section.scalar("emoji", _shown_word, "")
        priority = section.scalar("priority", one_of(("normal", "high")), "normal")
    for said in values or ():
        if said.casefold() in known:
            value.problem(f'"{said}" is a value of {known[said.casefold()]} too; keep one')
        known.setdefault(said.casefold(), value.path)
    if not values:
        if values is not None:
            value.problem("has no values; expected those of the label, such as [critical, P0]")
        return None
    return Level(
        values=frozenset(said.casefold() for said in values),
        names=_names(name, values),
        emoji=emoji,
        color="",
        high=priority == "high",
    )


def _names(name: str, values: tuple[str, ...]) -> Mapping[str, str]:
    """Return the word in each language: a bundled level, named or meant, has one in both."""
    for level in LEVELS:
        if name in level.names.values():
            return level.names
    bundled = next(_bundled(values), None)
    if not name and bundled is not None:
        return bundled.names
    return dict.fromkeys(LANGUAGES, name or values[0])


def _bundled(values: tuple[str, ...]) -> Iterator[Level]:
    said = {value.casefold() for value in values}
    return (level for level in LEVELS if level.values & said)


def _with_look(level: Level, place: int) -> Level:
    """Return a level with the sign and colour that it leaves unsaid: by its place."""
    emoji = level.emoji or _EMOJIS[min(place, len(_EMOJIS) - 1)]
    return Level(
        values=level.values,
        names=level.names,
        emoji=emoji,
        color=_COLORS.get(emoji[0], _OTHER_COLOR),
        high=level.high,
    )


def _read_value(value: Value) -> str:
    text = value.text()
    if not text:
        raise Mistake("is empty; alerts without the label are told apart by themselves")
    return text


def _label(text: str) -> str:
    if not text:
        raise Mistake("is empty; expected a label such as severity")
    return text


def _shown_word(text: str) -> str:
    if not 0 < len(text) <= _LONGEST or text != text.strip() or not text.isprintable():
        raise Mistake(f"is no word to show; expected 1 to {_LONGEST} characters such as 严重 or 🔴")
    return text
