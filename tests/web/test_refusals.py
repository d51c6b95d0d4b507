"""Every refused webhook is one line of the log: what was answered, why, and to which path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from adapter.config.settings import AuthSettings
from adapter.errors import StoreUnavailable
from adapter.secret import Secret
from support.settings import make_settings
from web.test_webhooks import BODY, error_of, serve

if TYPE_CHECKING:
    from adapter.config.settings import Settings

OPEN = make_settings(max_body=len(BODY))
CLOSED = make_settings(auth=AuthSettings(bearer_tokens=(Secret("hunter2-token"),)))
FULL = make_settings(high_water=0)


@pytest.mark.parametrize(
    ("settings", "asked", "changes", "code", "kept"),
    [
        (OPEN, "POST /alertmanager", {"data": b"{"}, 400, True),
        (CLOSED, "POST /alertmanager", {"data": BODY}, 401, False),
        (OPEN, "POST /alertmanager/nobody", {"data": BODY}, 404, False),
        (OPEN, "POST /dingtalk/ops", {"data": BODY}, 404, False),
        (OPEN, "GET /dingtalk/ops/send", {}, 405, False),
        (OPEN, "POST /alertmanager", {"data": b"x" * 10_000}, 413, True),
        (OPEN, "POST /alertmanager", {"headers": {"Content-Encoding": "br"}}, 415, False),
        (FULL, "POST /alertmanager/ops", {"data": BODY}, 503, False),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else None,
)
def test_each_code_is_one_line(
    settings: Settings, asked: str, changes: dict[str, Any], code: int, *, kept: bool
) -> None:
    method, path = asked.split()
    program, client = serve(settings)
    with capture_logs() as lines:
        response = client.open(f"{path}?x=hunter2-query", method=method, **changes)
    [told] = lines
    assert program.told == ([(code, told["why"])] if kept else [])
    assert response.status_code == code
    assert told == {
        "event": "webhook refused",
        "log_level": "warning",
        "code": code,
        "why": told["why"],
        "path": path,
        "body_kept": kept,
    }
    assert error_of(response) == told["why"]


def test_a_store_that_fails_is_one_line_and_makes_the_adapter_not_ready() -> None:
    program, client = serve()
    program.store.fault = StoreUnavailable("the store failed: database or disk is full")
    with capture_logs() as lines:
        response = client.post("/alertmanager", data=BODY)
    [line] = lines
    assert (line["event"], line["code"], line["body_kept"]) == ("webhook refused", 503, False)
    assert line["why"] == error_of(response) == str(program.store.fault)
    assert client.get("/-/ready").status_code == 503


@pytest.mark.parametrize(("method", "path"), [("GET", "/nothing"), ("POST", "/metrics")])
def test_what_is_no_webhook_is_not_logged_as_one(method: str, path: str) -> None:
    _, client = serve()
    with capture_logs() as lines:
        response = client.open(path, method=method)
    assert lines == []
    assert "follow_redirects" not in error_of(response)


@pytest.mark.parametrize(
    ("header", "value", "code"),
    [
        ("Content-Encoding", "", 200),
        ("Content-Encoding", "Identity", 200),
        ("Content-Encoding", "gzip", 415),
        ("Content-Encoding", "identity, gzip", 415),
        ("Transfer-Encoding", "chunked", 200),
        ("Transfer-Encoding", "gzip, chunked", 415),
    ],
)
def test_only_a_body_as_it_is_passes(header: str, value: str, code: int) -> None:
    _, client = serve()
    assert client.post("/alertmanager", data=BODY, headers={header: value}).status_code == code
