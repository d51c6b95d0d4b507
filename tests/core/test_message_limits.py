"""Every limit is told with what was found, where, and how much is allowed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.core.message import BODY_LIMIT, TITLE_LIMIT, Message, Text, TextMessage, body
from adapter.core.message_json import decode_message
from adapter.core.message_keyword import with_keyword
from adapter.core.message_limits import (
    BUTTON_LIMIT,
    FEED_LIMIT,
    MENTION_LIMIT,
    UUID_LIMIT,
    check_message,
)
from adapter.errors import MessageTooLarge, PayloadError
from adapter.simulator.content import words
from support.messages import EXAMPLES

BUTTON = {"title": "开", "actionURL": "https://x"}
FEED = {"title": "一", "messageURL": "https://x", "picURL": "https://y"}


def message_of(msgtype: str, **inner: object) -> dict[str, Any]:
    return {"msgtype": msgtype, msgtype: inner}


def card(**inner: object) -> dict[str, Any]:
    return message_of("actionCard", title="a", text="b", **inner)


def check(document: dict[str, Any], message_uuid: str = "u", keyword: str = "") -> None:
    message, _ = decode_message(json.dumps(document).encode())
    check_message(message, message_uuid, keyword)


def refusal(document: dict[str, Any], message_uuid: str = "u") -> str:
    with pytest.raises(PayloadError) as refused:
        check(document, message_uuid)
    return str(refused.value)


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_every_example_of_the_documentation_is_within_them(example: dict[str, Any]) -> None:
    check(example, "u", "告警")


@pytest.mark.parametrize(
    ("document", "found"),
    [
        (message_of("text", content=""), ["`text.content` is empty"]),
        (
            message_of("link", title="", text="", messageUrl=""),
            ["`link.title` is", "`link.text` is", "`link.messageUrl` is"],
        ),
        (message_of("markdown", title="", text=""), ["`markdown.title` is", "`markdown.text` is"]),
        (
            message_of("markdown", title="a" * 65, text="b"),
            ["title` has 65 characters; at most 64"],
        ),
        (message_of("link", title="a" * 65, text="b", messageUrl="c"), ["`link.title` has 65"]),
        (
            message_of("actionCard", title="a" * 65, text="", btns=[BUTTON]),
            ["`actionCard.text` is empty", "`actionCard.title` has 65"],
        ),
        (card(), ["no button: give singleTitle and singleURL, or btns"]),
        (card(singleTitle="a"), ["`actionCard.singleURL` is missing"]),
        (card(singleURL="https://x"), ["`actionCard.singleTitle` is missing"]),
        (
            card(singleTitle="a", singleURL="https://x", btns=[BUTTON]),
            ["has singleTitle or singleURL beside btns"],
        ),
        (card(btns=[]), ["`actionCard.btns` has 0 entries; expected 1 to 5"]),
        (card(btns=[BUTTON] * 6), ["`actionCard.btns` has 6 entries; expected 1 to 5"]),
        (card(btns=[BUTTON, {**BUTTON, "title": ""}]), ["`actionCard.btns[1].title` is empty"]),
        (message_of("feedCard", links=[]), ["`feedCard.links` has 0 entries; expected 1 to 10"]),
        (message_of("feedCard", links=[FEED] * 11), ["`feedCard.links` has 11 entries"]),
        (
            message_of("feedCard", links=[{**FEED, "picURL": ""}]),
            ["`feedCard.links[0].picURL` is empty"],
        ),
    ],
)
def test_all_that_is_wrong_is_told_at_once(document: dict[str, Any], found: list[str]) -> None:
    told = refusal(document)
    assert [each for each in found if each not in told] == []


@pytest.mark.parametrize("message_uuid", ["", "a" * 65, "é", "a b", "a\nb"])
def test_a_uuid_is_short_and_plain(message_uuid: str) -> None:
    assert refusal(EXAMPLES["text"], message_uuid).startswith("`msgUuid` has to ")


@given(st.integers(0, 120), st.integers(0, 120))
def test_fifty_people_can_be_mentioned(mobiles: int, users: int) -> None:
    at = {"atMobiles": ["13800000001"] * mobiles, "atUserIds": ["u"] * users}
    document = {**message_of("text", content="x"), "at": at}
    if mobiles + users <= MENTION_LIMIT:
        check(document)
    else:
        expected = f"`at` names {mobiles + users} people; DingTalk mentions at most {MENTION_LIMIT}"
        assert expected in refusal(document)


@given(st.integers(0, 12), st.integers(0, 12), st.integers(1, 70), st.integers(1, 70))
def test_counts_are_held_to_exactly(buttons: int, links: int, title: int, uuid: int) -> None:
    within = {
        "btns": (card(btns=[BUTTON] * buttons), 1 <= buttons <= BUTTON_LIMIT),
        "links": (message_of("feedCard", links=[FEED] * links), 1 <= links <= FEED_LIMIT),
        "title": (message_of("markdown", title="严" * title, text="x"), title <= TITLE_LIMIT),
    }
    for name, (document, fits) in within.items():
        if fits and uuid <= UUID_LIMIT:
            check(document, "u" * uuid)
        else:
            assert (name in refusal(document, "u" * uuid)) is not fits


def grown(kind: str, filler: str, times: int) -> Message:
    """Return an example with more text."""
    document = json.loads(json.dumps(EXAMPLES[kind]))
    inner = document[document["msgtype"]]
    name = {"text": "content", "feedCard": ""}.get(document["msgtype"], "text")
    place, key = (inner, name) if name else (inner["links"][-1], "title")
    place[key] += filler * times
    return decode_message(json.dumps(document).encode())[0]


KEYWORDS = ("", "告警", 'a"b')


@pytest.mark.parametrize("keyword", KEYWORDS)
@pytest.mark.parametrize("kind", EXAMPLES)
def test_the_limit_is_exact(kind: str, keyword: str) -> None:
    room = BODY_LIMIT - len(body(with_keyword(grown(kind, "", 0), keyword), "u"))
    check_message(grown(kind, "a", room), "u", keyword)
    with pytest.raises(MessageTooLarge, match="takes 19,001 bytes; at most 19,000"):
        check_message(grown(kind, "a", room + 1), "u", keyword)


@given(
    st.sampled_from(sorted(EXAMPLES)),
    st.sampled_from(KEYWORDS),
    st.integers(6_000, 20_000),
    st.sampled_from(["a", "严", "🔴", '"', "\n"]),
)
def test_no_body_is_larger_than_the_limit(kind: str, keyword: str, times: int, filler: str) -> None:
    """Whatever a message holds: either it is refused for its size, or its bytes fit."""
    message = grown(kind, filler, times // len(filler.encode()))
    size = len(body(with_keyword(message, keyword), "u"))
    if size <= BODY_LIMIT:
        check_message(message, "u", keyword)
    else:
        with pytest.raises(MessageTooLarge, match=f"takes {size:,} bytes; at most 19,000"):
            check_message(message, "u", keyword)


def test_half_a_pair_is_refused() -> None:
    """The JSON decoder lets none pass; a command line can."""
    with pytest.raises(PayloadError, match="surrogate"):
        check_message(TextMessage(Text("\ud83d")), "u")


@given(st.sampled_from(sorted(EXAMPLES)), st.sampled_from(["告警", "[prod]", "x" * 40]))
def test_every_type_carries_the_keyword_where_a_robot_looks_for_it(kind: str, keyword: str) -> None:
    message, _ = decode_message(json.dumps(EXAMPLES[kind]).encode())
    sent = with_keyword(message, keyword)
    title, text = words(json.loads(body(sent, "u")))
    assert all(keyword in part for part in (title, text) if part)
    assert with_keyword(sent, keyword) == sent, "once is enough"
    assert with_keyword(message, "") == message


def test_a_feed_card_that_has_the_keyword_stays_as_it_is() -> None:
    message, _ = decode_message(json.dumps(EXAMPLES["feedCard"]).encode())
    assert with_keyword(message, "列车向前二") == message
