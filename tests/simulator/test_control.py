"""The control API: what happened is readable, faults and settings can be changed, secrets stay."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
import requests

from simulator.calls import OPEN, SECRET, SIGNED, TEXT, TOKEN, refusal, send, signature
from support.clock import START

if TYPE_CHECKING:
    from adapter.simulator import Running


def get(simulator: Running, path: str) -> Any:  # noqa: ANN401  # JSON
    answer = requests.get(f"{simulator.url}/control/{path}", timeout=10)
    answer.raise_for_status()
    return answer.json()


def change(simulator: Running, method: str, path: str, body: object) -> requests.Response:
    return requests.request(method, f"{simulator.url}/control/{path}", json=body, timeout=10)


def test_messages_are_told_in_full(simulator: Running) -> None:
    body = {**TEXT, "msgUuid": "one", "at": {"atUserIds": ["li", "nobody"]}}
    sent = send(simulator, body)
    (message,) = get(simulator, "messages")
    assert message == {
        "number": 1,
        "received_at": "2026-11-23T20:00:00Z",
        "robot": "open",
        "content": {"type": "text", "text": "告警", "title": ""},
        "body": body,
        "raw": base64.b64encode(simulator.messages()[0].raw).decode(),
        "size": int(sent.request.headers["Content-Length"]),
        "msg_uuid": "one",
        "mentions": [
            {"kind": "user_id", "target": "li", "member": "李四", "reason": None},
            {"kind": "user_id", "target": "nobody", "member": "", "reason": "not_in_group"},
        ],
        "notified": ["李四"],
    }


def test_requests_are_told_with_their_answers_refused_ones_too(simulator: Running) -> None:
    send(simulator, robot=SIGNED, query=signature(SECRET, START))
    send(simulator, {"msgtype": "text"})
    accepted, refused = get(simulator, "requests")
    assert accepted["message"]["number"] == accepted["number"] == 1
    assert accepted["query"] == "access_token=ab12…&timestamp=1795464000000&sign=***"
    assert (refused["errcode"], refused["message"], refused["robot"]) == (400201, None, "open")
    assert json.loads(refused["answer"])["errcode"] == 400201


def test_what_is_read_can_be_narrowed(simulator: Running) -> None:
    send(simulator)
    send(simulator, robot=SIGNED, query=signature(SECRET, START))
    assert [each["robot"] for each in get(simulator, "messages?after=1")] == ["signed"]
    assert [each["number"] for each in get(simulator, "requests?robot=open")] == [1]


def test_no_secret_is_told(simulator: Running) -> None:
    send(simulator, robot=SIGNED, query=signature(SECRET, START))
    send(simulator, token="0" * 64, query={"sign": "canary-sign", "note": "canary-note"})
    told = [
        requests.get(f"{simulator.url}{path}", timeout=10).text
        for path in ("/", "/control/settings", "/control/requests", "/control/messages")
    ]
    secrets = (TOKEN, SECRET, SIGNED.access_token.reveal(), "0" * 64, "canary")
    assert [secret for secret in secrets for text in told if secret in text] == []
    assert signature(SECRET, START)["sign"] not in "".join(told)


def test_faults_can_be_ordered_read_and_ended(simulator: Running) -> None:
    ordered = change(simulator, "POST", "faults", {"kind": "-1", "times": 2, "robot": "open"})
    assert ordered.status_code == 200
    assert refusal(send(simulator))[0] == -1
    assert [each["times"] for each in get(simulator, "faults")] == [1]
    assert requests.delete(f"{simulator.url}/control/faults", timeout=10).json() == []
    assert refusal(send(simulator))[0] == 0


def test_settings_can_be_changed_one_by_one(simulator: Running) -> None:
    rate = {"messages": 1, "per": 6, "mute": "PT30S"}
    robot = {"name": "new", "access_token": "fresh", "keywords": ["告警"]}
    changes = {"rate": rate, "wording": "A", "clock_offset": 3600, "robots": [robot]}
    shown = change(simulator, "PATCH", "settings", changes).json()
    assert shown["rate"] == {"messages": 1, "per": "PT6S", "mute": "PT30S"}
    assert shown["robots"][0]["access_token"] == "***"
    assert refusal(send(simulator, token="fresh")) == (0, "ok")
    assert get(simulator, "messages")[0]["received_at"] == "2026-11-23T21:00:00Z"
    assert get(simulator, "meters") == {"new": {"sent": 1, "limit": 1, "muted_until": None}}
    assert refusal(send(simulator, token="fresh"))[0] == 660026
    assert get(simulator, "meters")["new"]["muted_until"] == "2026-11-23T21:00:30Z"
    assert next(each["name"] for each in get(simulator, "settings")["members"]) == "张三"


def test_robots_keep_their_tokens_when_something_else_changes(simulator: Running) -> None:
    change(simulator, "PATCH", "settings", {"group": "别的群"})
    assert simulator.simulator.settings.robots[0] == OPEN
    assert refusal(send(simulator)) == (0, "ok")


def test_clear_forgets_everything_but_the_settings(simulator: Running) -> None:
    simulator.configure(monthly_limit=1)
    simulator.fault("delay")
    send(simulator, {**TEXT, "msgUuid": "one"})
    assert change(simulator, "POST", "clear", {}).status_code == 200
    assert (simulator.messages(), simulator.requests(), simulator.simulator.faults) == ((), (), ())
    assert get(simulator, "meters")["open"]["sent"] == 0
    assert refusal(send(simulator, {**TEXT, "msgUuid": "one"})) == (0, "ok")
    assert len(simulator.messages()) == 1


@pytest.mark.parametrize(
    ("method", "path", "body", "named"),
    [
        ("POST", "faults", {"kind": "nonsense"}, "nonsense"),
        ("POST", "faults", {"kind": "-1", "tims": 1}, "tims"),
        ("PATCH", "settings", {"rat": {}}, "rat"),
        ("PATCH", "settings", {"rate": {"messages": "many"}}, "$.rate.messages"),
        ("PATCH", "settings", [], "object"),
    ],
)
def test_mistakes_are_named(
    simulator: Running, method: str, path: str, body: object, named: str
) -> None:
    answer = change(simulator, method, path, body)
    assert answer.status_code == 400
    assert named in answer.json()["error"]


def test_a_foreign_page_cannot_change_anything(simulator: Running) -> None:
    """A form on another site can post, but not `application/json`."""
    answer = requests.post(
        f"{simulator.url}/control/clear",
        data='{"a":1}',
        headers={"Content-Type": "text/plain"},
        timeout=10,
    )
    assert answer.status_code == 415


def test_only_the_newest_requests_are_kept(simulator: Running) -> None:
    simulator.configure(kept=3)
    for _ in range(5):
        send(simulator)
    assert [each["number"] for each in get(simulator, "requests")] == [3, 4, 5]
