"""Whom a message rings is what DingTalk makes of it: the simulator's own reading is the judge."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.core.mention_marks import missing_marks, silent_mentions, with_marks
from adapter.core.message import (
    ActionCard,
    ActionCardMessage,
    At,
    FeedCard,
    FeedCardMessage,
    FeedLink,
    Link,
    LinkMessage,
    Markdown,
    MarkdownMessage,
    Message,
    Text,
    TextMessage,
    body,
)
from adapter.simulator.content import words
from adapter.simulator.mentions import notified, resolve
from adapter.simulator.settings import Member

PEOPLE = (
    Member(name="张三", mobile="13800000001", user_id="zhang"),
    Member(name="李四", mobile="+852-12345678", user_id="lee.4"),
    Member(name="王五", mobile="13900000002", user_id="wang"),
)
MOBILES = [each.mobile for each in PEOPLE]
USERS = [each.user_id for each in PEOPLE]


def of_each_type(text: str, at: At | None) -> list[Message]:
    return [
        TextMessage(Text(text), at),
        MarkdownMessage(Markdown("t", text), at),
        ActionCardMessage(ActionCard("t", text, single_title="s", single_url="u"), at),
        LinkMessage(Link("t", text, "u"), at),
        FeedCardMessage(FeedCard((FeedLink(text, "u", "p"),)), at),
    ]


def rung(message: Message) -> tuple[str, ...]:
    """Return the names of whom a message rings, as the simulator reads it."""
    sent = json.loads(body(message, "u"))
    title, text = words(sent)
    return notified(resolve(sent, text or title, PEOPLE), PEOPLE)


PIECES = st.sampled_from(
    ["", "x", " ", "\n", "@13800000001", "@+852-12345678", "@zhang", "@lee.4", "@all", "。", "a@b"]
)
ATS = st.builds(
    At,
    at_mobiles=st.none() | st.lists(st.sampled_from(MOBILES), max_size=3).map(tuple),
    at_user_ids=st.none() | st.lists(st.sampled_from(USERS), max_size=3).map(tuple),
    is_at_all=st.sampled_from([None, False, True]),
)


@given(st.lists(PIECES, min_size=1, max_size=8).map("".join), ATS)
def test_with_its_marks_a_message_rings_everybody_it_names(text: str, at: At) -> None:
    named = {*(at.at_mobiles or ()), *(at.at_user_ids or ())}
    expected = tuple(
        each.name for each in PEOPLE if at.is_at_all or {each.mobile, each.user_id} & named
    )
    for message in of_each_type(text, at):
        marked = with_marks(message)
        if isinstance(message, LinkMessage | FeedCardMessage):
            assert marked == message
            assert rung(marked) == ()
        else:
            assert rung(marked) == expected
        assert with_marks(marked) == marked, "once is enough"


@given(st.lists(PIECES, min_size=1, max_size=8).map("".join), ATS)
def test_a_mention_that_rings_nobody_is_never_passed_over(text: str, at: At) -> None:
    named = {*(at.at_mobiles or ()), *(at.at_user_ids or ())}
    expected = [each.name for each in PEOPLE if {each.mobile, each.user_id} & named]
    for message in of_each_type(text, at):
        if not list(silent_mentions(message)):
            assert set(expected) <= set(rung(message))


@pytest.mark.parametrize("message", of_each_type("@13800000001", None))
def test_without_at_there_is_nothing_to_say(message: Message) -> None:
    assert list(silent_mentions(message)) == []
    assert missing_marks(message) == ()


def test_what_rings_nobody_is_told_by_its_place_alone() -> None:
    at = At(at_mobiles=("13800000001", "8613800000001"), at_user_ids=("zhang",))
    text, markdown, _, link, _ = of_each_type("hello @8613800000001", at)
    malformed = "`at.atMobiles[1]` rings nobody: expected 11 digits, or +COUNTRY-NUMBER"
    assert list(silent_mentions(text)) == [malformed]
    assert list(silent_mentions(markdown)) == [
        "`at.atMobiles[0]` rings nobody: the text lacks its `@…` between spaces",
        malformed,
        "`at.atUserIds[0]` rings nobody: the text lacks its `@…` between spaces",
    ]
    assert list(silent_mentions(link)) == [
        "`at` rings nobody: DingTalk mentions in text, markdown and actionCard only"
    ]
