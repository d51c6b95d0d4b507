"""The six messages a robot can send: reading them from JSON, and the refusal of what is missing.

Field names are case-sensitive and spelled as DingTalk spells them (`messageUrl` in a link,
`messageURL` in a feed card). An empty string counts as missing. Source: `dingtalk-protocol.md`
sections 2 and 6.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from adapter.phone.content import (
    ActionCard,
    Button,
    Content,
    FeedCard,
    FeedLink,
    Link,
    Markdown,
    Text,
)
from adapter.simulator.errors import MESSAGE_TYPE, Refused, missing

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = Mapping[str, object]


_FIELDS: Final[Mapping[str, tuple[tuple[int, str], ...]]] = {
    "text": ((400201, ""), (400202, "content")),
    "link": ((400301, ""), (400302, "text"), (400303, "title"), (400304, "messageUrl")),
    "markdown": ((400401, ""), (400402, "title"), (400403, "text")),
    "actionCard": ((400501, ""), (400502, "title"), (400503, "text")),
    "feedCard": ((400601, ""),),
}
_BUTTON: Final = ((400507, "title"), (400508, "actionURL"))
_FEED_LINK: Final = ((400603, "title"), (400604, "messageURL"), (400605, "picURL"))


def part(body: Json, name: str) -> Json:
    """Return a member that is an object; empty when it is missing or something else."""
    value = body.get(name)
    return value if isinstance(value, Mapping) else {}


def string(body: Json, name: str) -> str:
    """Return a member that is a string; empty when it is missing or something else."""
    value = body.get(name)
    return value if isinstance(value, str) else ""


def objects(body: Json, name: str) -> tuple[Json, ...]:
    """Return a member that is a list, each element as an object."""
    value = body.get(name)
    items = value if isinstance(value, list) else []
    return tuple(item if isinstance(item, Mapping) else {} for item in items)


def words(body: Json) -> tuple[str, str]:
    """Return title and text of a message as far as they are there, for what looks for words."""
    kind = string(body, "msgtype")
    inner = part(body, kind)
    if kind == "text":
        return "", string(inner, "content")
    if kind == "feedCard":
        return "\n".join(string(link, "title") for link in objects(inner, "links")), ""
    return string(inner, "title"), string(inner, "text")


def strings(value: object) -> Iterator[str]:
    """Yield every string within a JSON value."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, Mapping):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


def read(body: Json) -> Content:
    """Return the message that `body` describes; raise `Refused` for what it lacks."""
    kind = body.get("msgtype")
    if not isinstance(kind, str) or kind not in _FIELDS:
        raise Refused(MESSAGE_TYPE, kind if isinstance(kind, str) else "null")
    inner = part(body, kind)
    for errcode, name in _FIELDS[kind]:
        if not (string(inner, name) if name else isinstance(body.get(kind), Mapping)):
            raise missing(errcode, f"{kind}->{name}" if name else kind)
    match kind:
        case "text":
            return Text(string(inner, "content"))
        case "link":
            fields = (string(inner, name) for name in ("title", "text", "messageUrl", "picUrl"))
            return Link(*fields)
        case "markdown":
            return Markdown(string(inner, "title"), string(inner, "text"))
        case "actionCard":
            return _action_card(inner)
        case _:
            return _feed_card(inner)


def _action_card(inner: Json) -> ActionCard:
    single = Button(string(inner, "singleTitle"), string(inner, "singleURL"))
    whole = bool(single.title and single.url)
    return ActionCard(
        title=string(inner, "title"),
        text=string(inner, "text"),
        buttons=(single,) if whole else _buttons(inner, single),
        whole=whole,
        horizontal=str(inner.get("btnOrientation", "0")) == "1",
    )


def _buttons(inner: Json, single: Button) -> tuple[Button, ...]:
    buttons = objects(inner, "btns")
    if not buttons and single.title:
        raise missing(400505, "actionCard->singleURL")
    if not buttons and single.url:
        raise missing(400504, "actionCard->singleTitle")
    if not buttons:
        raise missing(400506, "actionCard->btns")
    for button in buttons:
        _complete(button, _BUTTON, "actionCard->btns")
    return tuple(Button(string(each, "title"), string(each, "actionURL")) for each in buttons)


def _feed_card(inner: Json) -> FeedCard:
    links = objects(inner, "links")
    if not links:
        raise missing(400602, "feedCard->links")
    for link in links:
        _complete(link, _FEED_LINK, "feedCard->links")
    return FeedCard(
        tuple(FeedLink(*(string(link, name) for _, name in _FEED_LINK)) for link in links)
    )


def _complete(item: Json, fields: tuple[tuple[int, str], ...], path: str) -> None:
    for errcode, name in fields:
        if not string(item, name):
            raise missing(errcode, f"{path}->{name}")
