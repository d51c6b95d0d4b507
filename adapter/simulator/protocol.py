"""What `POST /robot/send` decides, step by step, in DingTalk's order.

1. the path exists and the method is POST           404, 43002
2. there is a token                                 40035
3. the token is within its rate                     660026, or another way to say so
4. the token has a robot that works                 300005, 400102, 400106, 400013
5. the body is a JSON object                        43004, 40035
6. it is not too large                              460101
7. address, signature, keyword                      310000
8. a known message type with all its fields         400105, 4002xx to 4006xx
9. no link and no word of the deny lists            430101, 430102
10. who is mentioned (never refused)
11. a message id seen before                        ok, and no second message
12. the month's messages                            90030

Nothing here reads the time or a socket: the request and `now` are arguments, and what has to be
remembered is in `Counters`. Source: `dingtalk-protocol.md` section 10.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from adapter.simulator import errors
from adapter.simulator.answers import Reply, json_reply, throttle_reply
from adapter.simulator.content import Json, read, string, strings, words
from adapter.simulator.errors import Refused
from adapter.simulator.mentions import Mention, notified, resolve
from adapter.simulator.security import check_address, check_keyword, check_signature

if TYPE_CHECKING:
    from datetime import datetime

    from adapter.phone.content import Content
    from adapter.simulator.counters import Counters
    from adapter.simulator.settings import Robot, SimulatorSettings

PATH: Final = "/robot/send"

_URL: Final = re.compile(r"https?://[^\s<>\"')\]]+", re.IGNORECASE)
_STATES: Final = {
    "disabled": errors.DISABLED,
    "removed": errors.REMOVED,
    "dissolved": errors.DISSOLVED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Hold one HTTP request; `query` is raw, `size` counts the whole body even where it was cut."""

    method: str
    path: str
    query: str
    content_type: str
    address: str
    body: bytes
    size: int

    @property
    def parameters(self) -> dict[str, str]:
        """Return the query, decoded once; of a repeated name the first counts."""
        return dict(reversed(parse_qsl(self.query, keep_blank_values=True)))

    @property
    def access_token(self) -> str:
        """Return the token, empty when there is none."""
        return self.parameters.get("access_token", "").strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """Hold a message that reached the group."""

    content: Content
    body: Json
    uuid: str
    mentions: tuple[Mention, ...]
    notified: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Hold the answer to a request, and the message if it made one."""

    reply: Reply
    accepted: Accepted | None = None
    repeated: bool = False


def decide(
    request: Request, settings: SimulatorSettings, counters: Counters, now: datetime
) -> Decision:
    """Return DingTalk's answer to a request, and count it."""
    as_string = settings.errcode_as == "string"
    ok = json_reply(0, "ok", as_string=as_string)
    try:
        _check_target(request)
        token = request.access_token
        robot = settings.robot_of(token)
        if not counters.admit(token, settings.rate_of(robot), now):
            return Decision(reply=throttle_reply(settings.throttle, as_string=as_string))
        robot = _working(robot)
        message = _message(request, robot, settings, now)
        if message.uuid and counters.repeated(robot.name, message.uuid, settings.uuid_window, now):
            return Decision(reply=ok, repeated=True)
        _check_month(robot, settings, counters, now)
    except Refused as refused:
        text = refused.wording.text(settings.wording, refused.value)
        reply = json_reply(refused.wording.errcode, text, as_string=as_string)
        status = 404 if refused.wording is errors.NO_SUCH_PATH else reply.status
        return Decision(reply=msgspec.structs.replace(reply, status=status))
    counters.count(robot.name, now)
    if message.uuid:
        counters.remember(robot.name, message.uuid, now)
    return Decision(reply=ok, accepted=message)


def _check_target(request: Request) -> None:
    if request.path != PATH:
        raise Refused(errors.NO_SUCH_PATH)
    if request.method != "POST":
        raise Refused(errors.NOT_POST)
    if not request.access_token:
        raise Refused(errors.NO_TOKEN)


def _working(robot: Robot | None) -> Robot:
    if robot is None:
        raise Refused(errors.UNKNOWN_TOKEN)
    if robot.state != "enabled":
        raise Refused(_STATES[robot.state])
    return robot


def _message(
    request: Request, robot: Robot, settings: SimulatorSettings, now: datetime
) -> Accepted:
    body = _body(request, settings)
    check_address(robot, request.address)
    check_signature(robot, request.parameters, settings.clock_tolerance, now)
    check_keyword(robot, body, settings.keyword_scope)
    content = read(body)
    _check_lists(body, settings)
    mentions = resolve(body, words(body)[1], settings.members, external=settings.external)
    return Accepted(
        content=content,
        body=body,
        uuid=string(body, "msgUuid"),
        mentions=mentions,
        notified=notified(mentions, settings.members),
    )


def _body(request: Request, settings: SimulatorSettings) -> Json:
    if not request.content_type.lower().startswith("application/json"):
        documented = settings.content_type_errcode == errors.CONTENT_TYPE.errcode
        raise Refused(errors.CONTENT_TYPE if documented else errors.PARAM_ERROR)
    if request.size > len(request.body):  # cut while it was read: far beyond any limit
        raise Refused(errors.OVERSIZE)
    try:
        body = msgspec.json.decode(request.body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        body = None
    if not isinstance(body, dict):
        raise Refused(errors.NO_JSON)
    if request.size > settings.size_limit:
        raise Refused(errors.OVERSIZE)
    return body


def _check_lists(body: Json, settings: SimulatorSettings) -> None:
    texts = tuple(strings(body)) if settings.denied_hosts or settings.denied_words else ()
    for host in settings.denied_hosts:
        if any(_within(each, host) for text in texts for each in _hosts(text)):
            raise Refused(errors.UNSAFE_LINK)
    if any(word in text for text in texts for word in settings.denied_words):
        raise Refused(errors.UNSAFE_TEXT)


def _hosts(text: str) -> set[str]:
    """Return the hosts of all URLs of a text, those wrapped in `dingtalk://…?url=` too."""
    found = _URL.findall(text) + _URL.findall(unquote(text))
    return {host for url in found if (host := _host(url))}


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _within(host: str, domain: str) -> bool:
    return host == domain or host.endswith(f".{domain}")


def _check_month(
    robot: Robot, settings: SimulatorSettings, counters: Counters, now: datetime
) -> None:
    for key, limit in (robot.name, robot.monthly_limit), ("", settings.monthly_limit):
        if limit is not None and counters.month(key, now) >= limit:
            raise Refused(errors.QUOTA)
