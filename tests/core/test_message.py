from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.core.message import At, Markdown, MarkdownMessage, body, headline, msgtype_of
from adapter.core.message_json import decode_message
from support.messages import EXAMPLES


def test_a_markdown_message_has_exactly_the_fields_of_the_documentation() -> None:
    message = MarkdownMessage(markdown=Markdown("标题", "### 🔴 严重\n\n@13800000001"))
    assert json.loads(body(message, "6f1c")) == {
        "msgtype": "markdown",
        "markdown": {"title": "标题", "text": "### 🔴 严重\n\n@13800000001"},
        "msgUuid": "6f1c",
    }


def test_whom_a_message_rings_stands_beside_it_in_dingtalks_spelling() -> None:
    at = At(at_mobiles=("13800000001",), at_user_ids=("u1",), is_at_all=False)
    message = MarkdownMessage(markdown=Markdown("a", "b"), at=at)
    expected = {"atMobiles": ["13800000001"], "atUserIds": ["u1"], "isAtAll": False}
    assert json.loads(body(message, "1"))["at"] == expected


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_every_example_of_the_documentation_comes_out_as_it_went_in(
    example: dict[str, Any],
) -> None:
    message, message_uuid = decode_message(json.dumps({**example, "msgUuid": "u"}).encode())
    sent = body(message, "u")
    assert (json.loads(sent), message_uuid) == ({**example, "msgUuid": "u"}, "u")
    assert msgtype_of(sent) == example["msgtype"]
    assert decode_message(sent) == (message, "u"), "what is sent may be posted again"


def test_a_message_is_known_by_its_title_or_else_by_its_text() -> None:
    found = {}
    for example in EXAMPLES.values():
        message, message_uuid = decode_message(json.dumps(example).encode())
        assert message_uuid is None
        found[example["msgtype"]] = headline(message)
    assert found == {
        "text": "今晚八点发布",
        "link": "a",
        "markdown": "杭州天气",
        "actionCard": "一间咖啡厅的来历",
        "feedCard": "列车向前一",
    }


@given(st.text(max_size=50), st.text(max_size=50))
def test_a_body_is_utf_8_and_escapes_no_chinese(title: str, text: str) -> None:
    message = MarkdownMessage(markdown=Markdown(title + "严", text))
    sent = body(message, "1")
    assert "严".encode() in sent
    assert json.loads(sent)["markdown"] == {"title": title + "严", "text": text}


def test_half_a_pair_is_refused_rather_than_sent() -> None:
    with pytest.raises(UnicodeEncodeError):
        body(MarkdownMessage(markdown=Markdown("\ud83d", "x")), "1")
