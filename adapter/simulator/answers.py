"""DingTalk's answers as bytes: JSON with HTTP 200, and the other things that have been seen."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from adapter.simulator.errors import THROTTLED

if TYPE_CHECKING:
    from adapter.simulator.settings import Throttle

_BLOCKED = (
    "<!doctype html><html><head><title>访问被阻断</title></head>"
    "<body><h1>405</h1><p>很抱歉，您的访问被阻断了。</p></body></html>"
)


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one HTTP answer and how it is delivered.

    `delay` passes first; with `reset` the connection is then cut (TCP RST) and no answer is sent.
    """

    body: bytes
    status: int = 200
    content_type: str = "application/json"
    location: str = ""
    errcode: int | None = None
    errmsg: str = ""
    delay: timedelta = timedelta()
    reset: bool = False


def json_reply(errcode: int, errmsg: str, *, as_string: bool = False) -> Reply:
    """Return `{"errcode": …, "errmsg": …}`, the errcode as a number or as a string."""
    body = msgspec.json.encode(
        {"errcode": str(errcode) if as_string else errcode, "errmsg": errmsg}
    ).replace(b">", b"\\u003E")  # as DingTalk writes it
    return Reply(body=body, errcode=errcode, errmsg=errmsg)


def error_page(status: int) -> Reply:
    """Return the page of a broken gateway."""
    text = f"<html><head><title>{status}</title></head><body><h1>{status}</h1>Tengine</body></html>"
    return Reply(body=text.encode(), status=status, content_type="text/html")


def throttle_reply(kind: Throttle, *, as_string: bool = False) -> Reply:
    """Return "too fast" in one of the ways DingTalk says it."""
    match kind:
        case "status:1111":
            uuid = "0123456789abcdef0123456789abcdef"
            fields = {"status": 1111, "wait": 5, "source": "x5", "punish": "deny", "uuid": uuid}
            return Reply(body=msgspec.json.encode(fields))
        case "302":
            return Reply(body=b"", status=302, content_type="text/html", location="/punished")
        case "html":
            return Reply(body=_BLOCKED.encode(), content_type="text/html; charset=utf-8")
        case "5xx":
            return error_page(502)
        case code:
            wording = THROTTLED[code]
            return json_reply(wording.errcode, wording.short, as_string=as_string)
