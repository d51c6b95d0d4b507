"""What a group is told when somebody silences its alerts, ends that, or looks after them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from adapter.core.acts import ActKind
from adapter.core.delivery import Notice
from adapter.core.fitting import paragraphs
from adapter.core.text import Text, cut, escape, one_line
from adapter.core.words import words_of

if TYPE_CHECKING:
    from adapter.core.acts import Act
    from adapter.core.alerts import Alert
    from adapter.core.reader import Reader

_TITLES: Final = {
    ActKind.SILENCE: (
        "🔇 {who} 静默了 {what}，直到 {until}",
        "🔇 {who} silenced {what} until {until}",
    ),
    ActKind.EXPIRE: ("🔔 {who} 提前结束了对 {what} 的静默", "🔔 {who} ended the silence of {what}"),
    ActKind.ACKNOWLEDGE: ("🙋 {who} 正在处理 {what}", "🙋 {who} is on {what}"),
}
_NAMES: Final = 3
_MATCHERS_SHOWN: Final = 600


def act_notice(act: Act, alerts: tuple[Alert, ...], reader: Reader) -> Notice:
    """Return the one message that tells the group of an act."""
    language = reader.words.language
    title = _TITLES[act.kind][language == "en"].format(
        who=escape(reader.text(act.who)),
        what=escape(_what(alerts, language)),
        until="" if act.until is None else reader.time(act.until),
    )
    text = paragraphs(
        f"### {title}",
        escape(cut(", ".join(act.matchers), _MATCHERS_SHOWN)),
        f"> {escape(reader.text(act.comment))}" if act.comment else "",
        f"ID: {escape(act.silence)}" if act.silence else "",
    )
    return Notice(robot=act.robot, title=one_line(title), text=text, language=language)


def _what(alerts: tuple[Alert, ...], language: str) -> Text:
    words = words_of(language)
    names = list(dict.fromkeys(alert.name or words.unnamed for alert in alerts))
    more = [words.more_names.format(len(names) - _NAMES)] if len(names) > _NAMES else []
    return Text(words.and_comma.join([*names[:_NAMES], *more]))
