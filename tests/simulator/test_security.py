"""Address, signature, clock and keyword, each refused on the wire with 310000."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import msgspec
import pytest
import requests

from adapter.secret import Secret
from adapter.simulator import Robot, Running
from simulator.calls import (
    NAMED,
    OPEN,
    SECRET,
    SIGNED,
    TEXT,
    refusal,
    send,
    signature,
)
from support.clock import START, FakeClock

VECTORS = [
    (
        "this is secret",
        1577262236757,
        "hmPWwU%2B7lVdm3ZZz0r9tSfx0L4Q26jWOZr9%2BGs6EZQM%3D",
    ),
    (
        "SEC000000000000000000000",
        1700000000000,
        "1zJ%2Fw34EOSVAYr7cu7Vo8LnebmK2%2FGrCgegtr8mQrqM%3D",
    ),
    (
        "SEC0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd",
        1700000000000,
        "8SZas7RY4E7wuOlgLfjLwHSKZpyUEdXdLvFYSDZiiFw%3D",
    ),
    ("SECtest", 1600000000000, "J1ROuI0lRhdAs5lXpASksT0u9NwWl4DNkvcHISJRBoY%3D"),
    ("SECtest", 1700000000001, "r4CWp%2FDz%2BNg0sbTjH1vB0Fr%2BuQ2fn831mssaN6%2FC05I%3D"),
    ("SECtest", 1700000000000, "aZLLrriXgn05YbwaGR7knYsLeJADjr9NwLaNNKpxh4g%3D"),
    ("SEC密钥", 1700000000001, "prna9P%2FQnxNkbmWE5xR5IH6tW3cnbu69ihVGhnvGMiU%3D"),
]


@pytest.mark.parametrize(("secret", "timestamp", "wire"), VECTORS)
def test_the_published_signatures_are_accepted(
    simulator: Running, clock: FakeClock, secret: str, timestamp: int, wire: str
) -> None:
    simulator.configure(robots=(Robot(name="r", access_token=Secret("t"), secret=Secret(secret)),))
    clock.advance(datetime.fromtimestamp(timestamp / 1000, UTC) - clock.now())
    url = f"{simulator.url}/robot/send?access_token=t&timestamp={timestamp}&sign="
    assert refusal(requests.post(url + wire, json=TEXT, timeout=10)) == (0, "ok")


@pytest.mark.parametrize("spoil", ["encoded twice", "bare plus", "missing", "other secret"])
def test_a_wrong_signature_is_refused(simulator: Running, clock: FakeClock, spoil: str) -> None:
    simulator.configure(
        robots=(Robot(name="r", access_token=Secret("t"), secret=Secret("SECtest")),)
    )
    clock.advance(datetime.fromtimestamp(1700000000.001, UTC) - clock.now())
    right = "r4CWp%2FDz%2BNg0sbTjH1vB0Fr%2BuQ2fn831mssaN6%2FC05I%3D"
    sign = {
        "encoded twice": "&sign=" + right.replace("%", "%25"),
        "bare plus": "&sign=" + right.replace("%2B", "+"),
        "missing": "",
        "other secret": "&sign=" + right.replace("r4", "r5"),
    }[spoil]
    url = f"{simulator.url}/robot/send?access_token=t&timestamp=1700000000001{sign}"
    errcode, errmsg = refusal(requests.post(url, json=TEXT, timeout=10))
    assert errcode == 310000
    assert errmsg.startswith("错误描述:机器人发送签名不匹配;")
    assert simulator.messages() == ()


def test_of_two_signatures_the_first_counts(simulator: Running) -> None:
    pairs = "&".join(
        f"{name}={quote(value, safe='')}" for name, value in signature(SECRET, START).items()
    )
    url = f"{simulator.url}/robot/send?access_token={SIGNED.access_token.reveal()}"
    stale = "timestamp=1&sign=x"
    late = requests.post(f"{url}&{pairs}&{stale}", json=TEXT, timeout=10)
    early = requests.post(f"{url}&{stale}&{pairs}", json=TEXT, timeout=10)
    assert (refusal(late)[0], refusal(early)[0]) == (0, 310000)


@pytest.mark.parametrize(
    ("skew", "errcode"),
    [
        (timedelta(hours=1), 0),
        (timedelta(hours=-1), 0),
        (timedelta(hours=1, milliseconds=1), 310000),
        (-timedelta(hours=1, milliseconds=1), 310000),
    ],
)
def test_a_timestamp_may_be_an_hour_off(simulator: Running, skew: timedelta, errcode: int) -> None:
    answer = send(simulator, robot=SIGNED, query=signature(SECRET, START + skew))
    assert refusal(answer)[0] == errcode
    if errcode:
        assert refusal(answer)[1].startswith("错误描述:机器人发送签名过期;")


def test_a_signature_that_nobody_asked_for_is_ignored(simulator: Running) -> None:
    assert refusal(send(simulator, query={"timestamp": "1", "sign": "x"})) == (0, "ok")


@pytest.mark.parametrize(
    ("addresses", "errcode"),
    [
        (("127.0.0.1",), 0),
        (("10.0.0.0/8", "127.0.0.0/8"), 0),
        (("10.0.0.0/8", "192.168.1.1"), 310000),
        (("not an address",), 310000),
    ],
)
def test_only_listed_addresses_may_call(
    simulator: Running, addresses: tuple[str, ...], errcode: int
) -> None:
    simulator.configure(robots=(msgspec.structs.replace(OPEN, addresses=addresses),), wording="A")
    answer = send(simulator)
    assert refusal(answer)[0] == errcode
    if errcode:
        assert refusal(answer)[1] == "ip 127.0.0.1 not in whitelist"


def markdown(title: str, text: str) -> object:
    return {"msgtype": "markdown", "markdown": {"title": title, "text": text}}


@pytest.mark.parametrize(
    ("body", "scopes"),
    [
        (markdown("告警", "x"), {"any"}),
        (markdown("x", "an alert"), {"any", "text"}),
        (markdown("告警", "告警"), {"any", "both", "text"}),
        (markdown("ALERT", "警告"), set()),
        ({"msgtype": "text", "text": {"content": "告警"}}, {"any", "both", "text"}),
        (
            {"msgtype": "link", "link": {"title": "告警", "text": "x", "messageUrl": "http://a"}},
            {"any"},
        ),
        (
            {
                "msgtype": "feedCard",
                "feedCard": {
                    "links": [{"title": "告警", "messageURL": "http://a", "picURL": "http://a"}]
                },
            },
            {"any", "both", "text"},
        ),
        (
            {
                "msgtype": "actionCard",
                "actionCard": {
                    "title": "t",
                    "text": "t",
                    "singleTitle": "告警",
                    "singleURL": "http://alert",
                },
            },
            set(),
        ),
    ],
)
def test_a_keyword_must_stand_where_the_robot_looks(
    simulator: Running, body: object, scopes: set[str]
) -> None:
    found = set()
    for scope in "any", "both", "text":
        simulator.configure(keyword_scope=scope)
        errcode, errmsg = refusal(send(simulator, body, robot=NAMED))
        assert (errcode == 0) or errmsg.startswith("错误描述:关键词不匹配;")
        found |= {scope} if errcode == 0 else set()
    assert found == scopes
