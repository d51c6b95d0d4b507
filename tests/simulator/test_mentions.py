"""Who rings: each row of the protocol's table on mentions."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.simulator import Member, Running
from adapter.simulator.mentions import Reason, marks, notified, resolve
from simulator.calls import MEMBERS, refusal, send

ZHANG, LI, LEE = "13800000001", "13800000002", "+852-12345678"
EVERYBODY = ("张三", "李四", "Lee")


def message(kind: str, text: str) -> dict[str, Any]:
    inner = {
        "text": {"content": text},
        "markdown": {"title": "t", "text": text},
        "actionCard": {
            "title": "t",
            "text": text,
            "singleTitle": "s",
            "singleURL": "https://example.com",
        },
        "link": {"title": "t", "text": text, "messageUrl": "https://example.com"},
        "feedCard": {
            "links": [
                {"title": text, "messageURL": "https://example.com", "picURL": "https://a.example"}
            ]
        },
    }[kind]
    return {"msgtype": kind, kind: inner}


def mobiles(*numbers: str) -> dict[str, object]:
    return {"atMobiles": list(numbers)}


Row = tuple[str, str, object, tuple[str, ...], list[Reason]]
ROWS: list[Row] = [
    # which types: text, markdown and actionCard
    ("text", f"x @{ZHANG} y", mobiles(ZHANG), ("张三",), []),
    ("markdown", f"x @{ZHANG} y", mobiles(ZHANG), ("张三",), []),
    ("actionCard", f"x @{ZHANG} y", mobiles(ZHANG), ("张三",), []),
    ("link", f"x @{ZHANG} y", mobiles(ZHANG), (), [Reason.TYPE]),
    ("feedCard", f"x @{ZHANG} y", mobiles(ZHANG), (), [Reason.TYPE]),
    ("link", "x", {"isAtAll": True}, (), [Reason.TYPE]),
    # a text needs no mark, markdown and actionCard do
    ("text", "x", mobiles(ZHANG), ("张三",), []),
    ("markdown", "x", mobiles(ZHANG), (), [Reason.UNMARKED]),
    ("actionCard", "x", mobiles(ZHANG), (), [Reason.UNMARKED]),
    ("text", "x", {"atUserIds": ["li"]}, ("李四",), []),
    ("markdown", "x @li y", {"atUserIds": ["li"]}, ("李四",), []),
    ("markdown", f"x @{LI} y", {"atUserIds": ["li"]}, (), [Reason.UNMARKED, Reason.UNNAMED]),
    # white space, or another mention, on both sides
    ("markdown", f"x@{ZHANG} y", mobiles(ZHANG), (), [Reason.UNSEPARATED]),
    ("markdown", f"x @{ZHANG}请看", mobiles(ZHANG), (), [Reason.UNSEPARATED]),
    ("markdown", f"x @{ZHANG}9", mobiles(ZHANG), (), [Reason.UNSEPARATED]),
    ("markdown", f"x\n@{ZHANG}@{LI}", mobiles(ZHANG, LI), ("张三", "李四"), []),
    ("markdown", f"@{ZHANG}\n@{LI}\n", mobiles(ZHANG, LI), ("张三", "李四"), []),
    ("markdown", f"x@{ZHANG}@{LI}", mobiles(LI), (), [Reason.UNSEPARATED, Reason.UNNAMED]),
    # isAtAll needs no mark; beside it numbers stay bare
    ("text", "x", {"isAtAll": True}, EVERYBODY, []),
    ("markdown", "x", {"isAtAll": True}, EVERYBODY, []),
    ("actionCard", "x", {"isAtAll": True}, EVERYBODY, []),
    ("markdown", f"@{LI} x", {"isAtAll": True, **mobiles(LI)}, EVERYBODY, [Reason.ALL]),
    ("text", "x @所有人", {"isAtAll": False}, (), [Reason.UNNAMED]),
    ("text", "x", {"isAtAll": "true"}, (), []),
    # strangers and malformed numbers: accepted, nobody rings
    ("text", "x", mobiles("13999999999"), (), [Reason.STRANGER]),
    ("text", "x", {"atUserIds": ["nobody"]}, (), [Reason.STRANGER]),
    ("text", "x", mobiles(f"+86{ZHANG}"), (), [Reason.FORMAT]),
    ("text", "x", mobiles(f"+86-{ZHANG}"), (), [Reason.STRANGER]),
    ("text", "x", mobiles("138 0000 0001"), (), [Reason.FORMAT]),
    # foreign numbers: +COUNTRY-NUMBER, the same in the text
    ("markdown", f"@{LEE}", mobiles(LEE), ("Lee",), []),
    ("markdown", "@+85212345678", mobiles("+85212345678"), (), [Reason.FORMAT]),
    ("markdown", "@852-12345678", mobiles("852-12345678"), (), [Reason.FORMAT]),
    ("markdown", "@12345678", mobiles(LEE), (), [Reason.UNMARKED]),
    # a mark alone mentions nobody
    ("markdown", f"x @{ZHANG} y", {}, (), [Reason.UNNAMED]),
    ("markdown", "mail bob@example.com", {}, (), []),
    # one person rings once
    ("markdown", f"@{ZHANG} @zhang", {**mobiles(ZHANG), "atUserIds": ["zhang"]}, ("张三",), []),
    # nonsense where a list should be
    ("text", "x", {"atMobiles": ZHANG}, (), []),
    ("text", "x", [], (), []),
]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_who_rings_and_why_not(simulator: Running, row: Row) -> None:
    kind, text, at, rung, reasons = row
    assert refusal(send(simulator, {**message(kind, text), "at": at})) == (0, "ok")
    (recorded,) = simulator.messages()
    assert recorded.notified == rung
    assert [each.reason for each in recorded.mentions if not each.rings] == reasons


def test_nobody_is_mentioned_in_an_external_group(simulator: Running) -> None:
    simulator.configure(external=True)
    send(simulator, {**message("text", "x"), "at": {"isAtAll": True, "atUserIds": ["li"]}})
    (recorded,) = simulator.messages()
    assert recorded.notified == ()
    assert {each.reason for each in recorded.mentions} == {Reason.EXTERNAL}


def test_fifty_targets_count_and_the_51st_does_not() -> None:
    members = [Member(name=str(n), mobile=str(13800000000 + n)) for n in range(51)]
    body = {**message("text", "x"), "at": mobiles(*(each.mobile for each in members))}
    found = resolve(body, "x", members)
    assert len(notified(found, members)) == 50
    assert [each.reason for each in found[-1:]] == [Reason.EXCESS]


@given(
    st.sampled_from(["text", "markdown", "actionCard", "link", "feedCard"]),
    st.text(st.sampled_from(f"@ \nx{ZHANG}{LEE}li")),
    st.lists(st.sampled_from([ZHANG, LI, LEE, "13999999999", ""])),
    st.lists(st.sampled_from(["li", "zhang", "nobody"])),
)
def test_nobody_rings_who_is_not_named(
    kind: str, text: str, numbers: list[str], ids: list[str]
) -> None:
    at = {"atMobiles": numbers, "atUserIds": ids}
    found = resolve({**message(kind, text), "at": at}, text, MEMBERS)
    for member in MEMBERS:
        named = member.mobile in numbers or member.user_id in ids
        marked = member.mobile in marks(text) or member.user_id in marks(text)
        rings = member.name in notified(found, MEMBERS)
        assert not rings or (named and (kind == "text" or marked))
        if kind == "text" and named:
            assert rings
