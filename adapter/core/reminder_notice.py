"""What a group is told of alerts that nobody looks after: one message for all that are due."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from adapter.core.alert_view import among_others
from adapter.core.delivery import Delivery, Notice
from adapter.core.fitting import paragraphs
from adapter.core.links import markdown_link
from adapter.core.mentions import MentionRule, Occasion, wanted_by
from adapter.core.plain_message import plain_entry
from adapter.core.text import escape, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from adapter.core.alerts import Alert
    from adapter.core.mentions import Wanted
    from adapter.core.reader import Reader, Readers

MOST: Final = 20
"""Alerts that one message names; the rest it counts."""

VALUE_BYTES: Final = 160
"""Bytes that are shown of a value."""

_RULE_ON: Final = Occasion.REPEAT


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one alert that rings again, for the `number`th time."""

    delivery_id: int
    delivery: Delivery
    index: int
    number: int


def reminder_notices(due: Sequence[Due], readers: Readers) -> tuple[Notice, ...]:
    """Return one message for each robot."""
    by_robot: dict[str, list[Due]] = {}
    for each in due:
        by_robot.setdefault(each.delivery.robot, []).append(each)
    return tuple(_notice(robot, found, readers) for robot, found in by_robot.items())


def _notice(robot: str, due: Sequence[Due], readers: Readers) -> Notice:
    reader = readers.of(due[0].delivery.settings, VALUE_BYTES)
    english = reader.words.language == "en"
    names = dict.fromkeys(_alert(each).name or reader.words.unnamed for each in due)
    shown = escape(reader.words.and_comma.join(list(names)[:3]))
    title = f"⏰ Nobody is on it: {shown}" if english else f"⏰ 无人处理：{shown}"
    rest = reader.words.others.format(len(due) - MOST) if len(due) > MOST else ""
    lines = (_line(each, readers) for each in due[:MOST])
    return Notice(
        robot=robot,
        title=one_line(title),
        text=paragraphs(f"### {title}", *lines, rest),
        mentions=_wanted(due),
        language=reader.words.language,
    )


def _line(due: Due, readers: Readers) -> str:
    reader = readers.of(due.delivery.settings, VALUE_BYTES)
    view = among_others(_alert(due), due.delivery.group, reader)
    times = due.delivery.remind.times if due.delivery.remind else due.number
    since = f"{reader.words.comma}{escape(view.when)}" if view.when else ""
    told = f"{plain_entry(view, reader)}{since} ({due.number}/{times})"
    return " · ".join(filter(None, (told, _link(due, readers, reader))))


def _link(due: Due, readers: Readers, reader: Reader) -> str:
    linker = readers.style.linker
    if linker is None:
        return ""
    url = linker.act(due.delivery_id, _alert(due).fingerprint, readers.now)
    return str(markdown_link(url, "I am on it" if reader.words.language == "en" else "我来处理"))


def _alert(due: Due) -> Alert:
    return due.delivery.group.alerts[due.index]


def _wanted(due: Iterable[Due]) -> tuple[Wanted, ...]:
    found: dict[Wanted, None] = {}
    for each in due:
        remind = each.delivery.remind
        if remind is not None and remind.targets:
            rule = MentionRule(targets=remind.targets, on=(_RULE_ON,))
            found.update(dict.fromkeys(wanted_by([rule], each.index, _alert(each), _RULE_ON)))
    return tuple(found)
