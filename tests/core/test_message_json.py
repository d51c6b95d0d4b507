"""What is no DingTalk message is told with its place and what was expected, and never quoted."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.core.message_json import MSGTYPES, decode_message
from adapter.errors import PayloadError

TEXT = {"msgtype": "text", "text": {"content": "x"}}
CARD = {"title": "a", "text": "b"}


def refusal(content: bytes) -> str:
    with pytest.raises(PayloadError) as refused:
        decode_message(content)
    return str(refused.value)


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ([TEXT], "the body is a JSON array; post one message at a time"),
        ({}, "Object missing required field `msgtype`"),
        ({"msgtype": "action_card"}, "`$.msgtype` is none of DingTalk's message types"),
        ({"msgtype": 7}, "`$.msgtype` is none of DingTalk's message types"),
        ({"msgtype": "text"}, "Object missing required field `text`"),
        ({**TEXT, "text": {}}, "Object missing required field `content`, at `$.text`"),
        ({**TEXT, "text": {"content": 1}}, "Expected `str`, got `int`, at `$.text.content`"),
        ({**TEXT, "at": {"atMobile": []}}, "Object contains unknown field `atMobile`, at `$.at`"),
        ({**TEXT, "at": {"atMobiles": [1]}}, "got `int`, at `$.at.atMobiles[0]`"),
        ({**TEXT, "markdown": CARD}, "Object contains unknown field `markdown`"),
        ({**TEXT, "msgUuid": 7}, "`msgUuid` has to be a string"),
        (
            {"msgtype": "link", "link": {**CARD, "messageURL": "https://x"}},
            "Object contains unknown field `messageURL`, at `$.link`",
        ),
        (
            {"msgtype": "feedCard", "feedCard": {"links": [{"title": "a", "messageUrl": "b"}]}},
            "Object contains unknown field `messageUrl`, at `$.feedCard.links[0]`",
        ),
        (
            {"msgtype": "actionCard", "actionCard": {**CARD, "btnOrientation": "secret"}},
            'Expected the string "0" or "1", at `$.actionCard.btnOrientation`',
        ),
        (
            {"msgtype": "actionCard", "actionCard": {**CARD, "hideAvatar": 0}},
            "got `int`, at `$.actionCard.hideAvatar`",
        ),
    ],
)
def test_a_misfit_is_told_with_its_place(document: object, found: str) -> None:
    told = refusal(json.dumps(document).encode())
    assert found in told
    assert "secret" not in told


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "not valid JSON: Input data was truncated"),
        (b"{", "not valid JSON"),
        (b'{"msgtype": "text", "text": {"content": "\xff"}}', "not UTF-8"),
        (b'{"msgtype": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
        (b"msgtype=text&text=hello", "not valid JSON"),
    ],
)
def test_what_is_no_json_is_told(content: bytes, found: str) -> None:
    told = refusal(content)
    assert found in told
    assert 'expected one DingTalk message, such as {"msgtype": "text"' in told
    assert all(each in told for each in MSGTYPES)


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_whatever_comes_is_a_message_or_a_refusal(content: bytes) -> None:
    with suppress(PayloadError):
        decode_message(content)
