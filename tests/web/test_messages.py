"""What the endpoint of messages answers: 202 after the commit, and what is wrong where."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from adapter.config.settings import AuthSettings
from adapter.core.message import body
from adapter.errors import StoreUnavailable
from adapter.secret import Secret
from support.messages import EXAMPLES
from support.settings import make_robot, make_settings
from web.test_webhooks import error_of, serve

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

PATH = "/robots/ops/messages"
TEXT = {"msgtype": "text", "text": {"content": "x"}}


def post(client: FlaskClient, document: object, **changes: Any) -> TestResponse:  # noqa: ANN401  # what the client takes
    return client.post(PATH, **{"data": json.dumps(document), **changes})


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_every_example_is_queued_as_it_is(example: dict[str, Any]) -> None:
    program, client = serve()
    response = post(client, {**example, "msgUuid": "mine"})
    assert response.status_code == 202
    fields = json.loads(response.data)
    assert (fields["status"], fields["id"], fields["msgUuid"]) == ("accepted", "m1", "mine")
    [queued] = program.store.posts
    assert queued.robot == "ops"
    assert json.loads(body(queued.message, "mine")) == {**example, "msgUuid": "mine"}
    assert program.woken == {"ops"}


def test_without_a_uuid_one_is_made_up() -> None:
    program, client = serve()
    for _ in range(2):
        assert json.loads(post(client, TEXT).data)["duplicates"] == 0
    one, other = (each.msg_uuid for each in program.store.posts)
    assert (len(one), one == other) == (36, False)


def test_the_same_uuid_is_one_message() -> None:
    _, client = serve()
    answers = [json.loads(post(client, {**TEXT, "msgUuid": "u"}).data) for _ in range(2)]
    assert [(each["id"], each["duplicates"]) for each in answers] == [("m1", 0), ("m1", 1)]


def test_a_mention_that_rings_nobody_is_told_without_the_number() -> None:
    _, client = serve()
    silent = {"msgtype": "markdown", "markdown": {"title": "a", "text": "b"}}
    fields = json.loads(post(client, {**silent, "at": {"atMobiles": ["13812345678"]}}).data)
    assert fields["warnings"] == [
        "`at.atMobiles[0]` rings nobody: the text lacks its `@…` between spaces"
    ]
    assert json.loads(post(client, TEXT).data)["warnings"] == []


@pytest.mark.parametrize(
    ("changes", "code", "found"),
    [
        ({"data": b"{"}, 400, "not valid JSON"),
        ({"data": b'{"msgtype": "actioncard"}'}, 400, "none of DingTalk's message types"),
        ({"data": b'{"msgtype": "text", "text": {"content": ""}}'}, 400, "`text.content` is empty"),
        ({"data": json.dumps({**TEXT, "msgUuid": "a b"})}, 400, "`msgUuid` has to be"),
        (
            {"data": json.dumps({"msgtype": "text", "text": {"content": "严" * 6_400}})},
            413,
            "bytes; at most 19,000 are sent",
        ),
        ({"data": b" " * 300_000}, 413, "larger than 262,144 bytes"),
        ({"headers": {"Content-Encoding": "gzip"}}, 415, "compressed bodies are not read"),
        ({"path": "/robots/nobody/messages"}, 404, "unknown robot in the path"),
        ({"path": "/robots/ops"}, 404, "messages to POST /robots/<robot>/messages"),
        ({"method": "GET"}, 405, "GET is not served here"),
    ],
)
def test_what_cannot_be_sent_is_told_and_logged(
    changes: dict[str, Any], code: int, found: str
) -> None:
    program, client = serve()
    asked = {"path": PATH, "method": "POST", "data": json.dumps(TEXT), **changes}
    with capture_logs() as lines:
        response = client.open(**asked)
    assert response.status_code == code
    assert found in error_of(response)
    assert [(line["event"], line["code"]) for line in lines] == [("message refused", code)]
    assert (program.store.posts, list(program.store.refused)) == ([], [])


def test_the_keyword_counts_in_the_size() -> None:
    robot = make_robot(keyword="关" * 500)
    _, client = serve(make_settings(robot))
    document = {"msgtype": "text", "text": {"content": "x" * 18_000}}
    assert post(client, document).status_code == 413
    _, client = serve()
    assert post(client, document).status_code == 202


def test_without_auth_only_loopback_may_ask() -> None:
    _, client = serve()
    away = {"environ_base": {"REMOTE_ADDR": "10.1.2.3"}}
    assert post(client, TEXT, **away).status_code == 403
    closed = make_settings(auth=AuthSettings(bearer_tokens=(Secret("hunter2-token"),)))
    _, client = serve(closed)
    assert post(client, TEXT, **away).status_code == 401
    header = {"Authorization": "Bearer hunter2-token"}
    assert post(client, TEXT, headers=header, **away).status_code == 202


def test_a_retry_helps_where_the_store_fails_or_is_full() -> None:
    program, client = serve(make_settings(high_water=1))
    assert post(client, TEXT).status_code == 202
    program.store.full = 1
    assert post(client, TEXT).status_code == 503
    program.store.full, program.store.accepted = 0, []
    program.store.fault = StoreUnavailable("the store failed: disk is full")
    assert post(client, TEXT).status_code == 503


@given(st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
def test_no_body_makes_a_500(content: bytes) -> None:
    _, client = serve()
    assert client.post(PATH, data=content).status_code in (202, 400)
