"""`POST /robots/<robot>/messages`: one DingTalk message, committed, then sent within the rate."""

from __future__ import annotations

import uuid
from itertools import islice
from typing import TYPE_CHECKING, Final

import msgspec
import structlog
from flask import Blueprint, Response, request

from adapter.core.delivery import Post
from adapter.core.mention_marks import silent_mentions
from adapter.core.message_json import decode_message
from adapter.core.message_limits import check_message
from adapter.errors import MessageTooLarge, PayloadError
from adapter.web.answers import Refusal
from adapter.web.auth import require_operator
from adapter.web.body import TooLarge, drain, read_body
from adapter.web.receiver import check_target

if TYPE_CHECKING:
    from adapter.config.settings import RobotSettings, Settings
    from adapter.web.backend import Backend

BODY_LIMIT: Final = 256 * 1024
"""Bytes of a request at most: `\\uXXXX` and layout make a message longer than it is sent."""

WARNINGS_LIMIT: Final = 10
"""Warnings told of one message."""

log = structlog.get_logger(__name__)


def create_messages(backend: Backend) -> Blueprint:
    """Return the endpoint that takes messages."""
    blueprint = Blueprint("messages", __name__)

    @blueprint.route(
        "/robots/<robot>/messages", methods=["POST", "PUT"], provide_automatic_options=False
    )
    def messages(robot: str) -> Response:
        settings = backend.settings
        content = _content(backend, settings, robot)
        post = _post(settings.robots[robot], content)
        if backend.store.waiting() >= settings.server.high_water:
            raise Refusal(503, "server.high_water is reached; try again later")
        posted = backend.store.post(post, now=backend.clock.now())
        backend.wake([robot])
        log.info("message accepted", robot=robot, id=posted.id, duplicate=posted.duplicate)
        answer = {
            "status": "accepted",
            "id": posted.id,
            "msgUuid": post.msg_uuid,
            "duplicates": int(posted.duplicate),
            "warnings": list(islice(silent_mentions(post.message), WARNINGS_LIMIT)),
        }
        return Response(msgspec.json.encode(answer), 202, content_type="application/json")

    return blueprint


def _content(backend: Backend, settings: Settings, robot: str) -> bytes:
    try:
        require_operator(request, settings.server, backend.clock)
        check_target(request, settings, robot)
        return read_body(request, BODY_LIMIT, backend.clock)
    except TooLarge:
        raise Refusal(
            413,
            f"the body is larger than {BODY_LIMIT:,} bytes; DingTalk takes less than 20,000",
        ) from None
    except Refusal:
        drain(request, backend.clock)
        raise


def _post(robot: RobotSettings, content: bytes) -> Post:
    try:
        message, given = decode_message(content)
        message_uuid = str(uuid.uuid4()) if given is None else given
        check_message(message, message_uuid, robot.keyword)
    except MessageTooLarge as error:
        raise Refusal(413, str(error)) from None
    except PayloadError as error:
        raise Refusal(400, str(error)) from None
    return Post(robot=robot.name, message=message, msg_uuid=message_uuid)
