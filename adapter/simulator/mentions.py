"""Who a message really rings. DingTalk answers `ok` either way, so only a table can tell.

- text: who is named in `at` rings; DingTalk adds the `@…` where the text lacks it.
- markdown, actionCard: the text must also hold `@<mobile>` or `@<userId>`, with white space or
  another mention on both sides; otherwise nobody rings. `isAtAll` needs no mark.
- link, feedCard: nobody rings.
- `isAtAll` beside mobiles: everybody rings, the mobiles stay bare digits.
- A mobile of the mainland is 11 digits without +86; a foreign one `+COUNTRY-NUMBER`. It must read
  exactly like the member's own.
- Outsiders, unknown numbers and groups with other organisations ring nobody.
- Only the first fifty targets count.

Source: `dingtalk-protocol.md` section 3.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import msgspec

from adapter.simulator.content import part

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from adapter.simulator.content import Json
    from adapter.simulator.settings import Member

TARGET_LIMIT: Final = 50

_MARK: Final = re.compile(r"@(\+\d{1,4}-\d+|[0-9A-Za-z_.+-]+|所有人)")
_MOBILE: Final = re.compile(r"1\d{10}|\+\d{1,4}-\d{4,14}")
_RINGS: Final = ("text", "markdown", "actionCard")


class Reason(StrEnum):
    """Say why a target does not ring."""

    TYPE = "msgtype_cannot_mention"
    FORMAT = "malformed"
    STRANGER = "not_in_group"
    EXTERNAL = "external_group"
    UNMARKED = "not_in_text"
    UNSEPARATED = "not_separated"
    ALL = "covered_by_all"
    EXCESS = "more_than_50"
    UNNAMED = "not_in_at"


class Mention(msgspec.Struct, frozen=True, kw_only=True):
    """Tell what became of one target: who rang, or why nobody did.

    `kind` is `mobile`, `user_id`, `all`, or `mark` for an `@…` that stands in the text only.
    """

    kind: str
    target: str
    member: str = ""
    reason: Reason | None = None

    @property
    def rings(self) -> bool:
        """Return whether this target was notified."""
        return self.reason is None


def marks(text: str) -> tuple[str, ...]:
    """Return every `@…` of a text, without its `@`, whether or not it would ring anybody."""
    return tuple(match[1] for match in _MARK.finditer(text))


def resolve(
    body: Json, text: str, members: Sequence[Member], *, external: bool = False
) -> tuple[Mention, ...]:
    """Return what becomes of every target of a message and of every `@…` in its `text`."""
    at = part(body, "at")
    kind = str(body.get("msgtype"))
    ring_all = at.get("isAtAll") is True and kind in _RINGS and not external
    found = [_all(kind, external=external)] if at.get("isAtAll") is True else []
    separated = set(_separated(text))
    for number, (way, target) in enumerate(_targets(at)):
        member = _member(way, target, members)
        reason = _reason(
            kind, way, target, text, member=member, separated=separated, external=external
        )
        if kind in _RINGS and ring_all:
            reason = Reason.ALL
        elif number >= TARGET_LIMIT:
            reason = Reason.EXCESS
        found.append(
            Mention(kind=way, target=target, member=member.name if member else "", reason=reason)
        )
    return (*found, *_strays(text, {mention.target for mention in found}, members))


def notified(mentions: Sequence[Mention], members: Sequence[Member]) -> tuple[str, ...]:
    """Return the names of the members that ring, each once, in the group's order."""
    rung = {mention.member for mention in mentions if mention.rings}
    everybody = any(mention.kind == "all" and mention.rings for mention in mentions)
    return tuple(member.name for member in members if everybody or member.name in rung)


def _all(kind: str, *, external: bool) -> Mention:
    reason = Reason.EXTERNAL if external else None
    return Mention(kind="all", target="all", reason=reason if kind in _RINGS else Reason.TYPE)


def _strays(text: str, named: set[str], members: Sequence[Member]) -> Iterator[Mention]:
    """Yield the marks that name a person, or everybody, whom `at` does not."""
    people = {"所有人", "all"}.union(*((each.mobile, each.user_id) for each in members)) - named
    for mark in dict.fromkeys(marks(text)):
        if mark in people or (_MOBILE.fullmatch(mark) and mark not in named):
            yield Mention(kind="mark", target=mark, reason=Reason.UNNAMED)


def _targets(at: Json) -> Iterator[tuple[str, str]]:
    for field, way in ("atMobiles", "mobile"), ("atUserIds", "user_id"):
        values = at.get(field)
        if isinstance(values, list):
            yield from ((way, str(value)) for value in values)


def _member(way: str, target: str, members: Sequence[Member]) -> Member | None:
    for member in members:
        if target and target == (member.mobile if way == "mobile" else member.user_id):
            return member
    return None


def _reason(  # noqa: PLR0913  # everything a mention depends on, and nothing else
    kind: str,
    way: str,
    target: str,
    text: str,
    *,
    member: Member | None,
    separated: set[str],
    external: bool,
) -> Reason | None:
    if kind not in _RINGS:
        return Reason.TYPE
    if way == "mobile" and not _MOBILE.fullmatch(target):
        return Reason.FORMAT
    if external:
        return Reason.EXTERNAL
    if member is None:
        return Reason.STRANGER
    if kind == "text" or target in separated:
        return None
    return Reason.UNSEPARATED if f"@{target}" in text else Reason.UNMARKED


def _separated(text: str) -> Iterator[str]:
    """Yield the marks with white space, another mark or the text's end on both sides."""
    end = 0
    for match in _MARK.finditer(text):
        before = match.start() in (0, end) or text[match.start() - 1].isspace()
        after = match.end() == len(text) or text[match.end()].isspace() or text[match.end()] == "@"
        end = match.end() if before else -1
        if before and after:
            yield match[1]
