"""Robots, members and a caller for the tests of the simulator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests

from adapter.secret import Secret
from adapter.simulator import Member, Robot, Running
from adapter.simulator.security import sign

if TYPE_CHECKING:
    from datetime import datetime

TOKEN = "5e7a" * 16
SECRET = "SEC" + "0f1e" * 16
OPEN = Robot(name="open", access_token=Secret(TOKEN))
SIGNED = Robot(name="signed", access_token=Secret("ab12" * 16), secret=Secret(SECRET))
NAMED = Robot(name="named", access_token=Secret("cd34" * 16), keywords=("告警", "alert"))

MEMBERS = (
    Member(name="张三", mobile="13800000001", user_id="zhang"),
    Member(name="李四", mobile="13800000002", user_id="li"),
    Member(name="Lee", mobile="+852-12345678", user_id="lee"),
)

TEXT = {"msgtype": "text", "text": {"content": "告警"}}


def send(  # the many ways in which a request can be wrong
    simulator: Running,
    body: object = TEXT,
    *,
    robot: Robot = OPEN,
    token: str | None = None,
    **arguments: Any,  # noqa: ANN401  # what requests takes
) -> requests.Response:
    """Post one message as it should be, but for what the test changes."""
    query = {"access_token": robot.access_token.reveal() if token is None else token}
    query |= arguments.pop("query", {})
    if "data" not in arguments:
        arguments["json"] = body
    return requests.post(
        f"{simulator.url}/robot/send",
        params=query,
        timeout=arguments.pop("timeout", 10),
        allow_redirects=False,
        **arguments,
    )


def refusal(answer: requests.Response) -> tuple[int, str]:
    """Return errcode and errmsg of an answer."""
    fields = answer.json()
    return fields["errcode"], fields["errmsg"]


def signature(secret: str, at: datetime) -> dict[str, str]:
    """Return the query of a signed request; `requests` encodes it once."""
    timestamp = str(int(at.timestamp() * 1000))
    return {"timestamp": timestamp, "sign": sign(Secret(secret), timestamp)}
