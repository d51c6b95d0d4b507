"""Grafana's signature: over the bytes as they came, and over the time where it is asked for."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.config.settings import AuthSettings, HmacAuth
from adapter.secret import Secret
from adapter.web.signature import WINDOW
from support.clock import START
from support.settings import make_settings
from web.test_webhooks import BODY, error_of, serve

if TYPE_CHECKING:
    from datetime import datetime

SECRET: Final = "hunter2-hmäc"
SIGNATURE: Final = "X-Grafana-Alerting-Signature"
TIMESTAMP: Final = "X-Grafana-Alerting-Timestamp"
UNTIMED: Final = make_settings(auth=AuthSettings(hmac=HmacAuth(secret=Secret(SECRET))))
TIMED: Final = make_settings(
    auth=AuthSettings(
        hmac=HmacAuth(secret=Secret(SECRET), timestamp_header=TIMESTAMP),
        bearer_tokens=(Secret("a-token"),),
    )
)


def sign(text: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


def at(instant: datetime, body: bytes = BODY) -> dict[str, str]:
    """Return the headers that Grafana sends at an instant."""
    seconds = str(int(instant.timestamp()))
    return {TIMESTAMP: seconds, SIGNATURE: sign(f"{seconds}:".encode() + body)}


@pytest.mark.parametrize("write", [str.lower, str.upper])
def test_a_signed_webhook_is_accepted(write: type[str]) -> None:
    program, client = serve(UNTIMED)
    headers = {SIGNATURE: write(sign(BODY))}
    assert client.post("/alertmanager", data=BODY, headers=headers).status_code == 200
    assert len(program.store.accepted) == 1


@pytest.mark.parametrize(
    "signature",
    ["", "00", sign(BODY)[:-1], sign(BODY + b" "), sign(BODY, "other"), "\xff" * 64, "sha256=x"],
)
def test_any_other_signature_is_not(signature: str) -> None:
    program, client = serve(UNTIMED)
    environ = {"HTTP_X_GRAFANA_ALERTING_SIGNATURE": signature}
    response = client.post("/alertmanager", data=BODY, environ_overrides=environ)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == 'HMAC realm="webhooks"'
    assert error_of(response).startswith("wrong signature; set the HMAC secret")
    assert SECRET not in error_of(response)
    assert program.store.accepted == []
    assert not program.store.refused


def test_no_signature_is_not_accepted() -> None:
    _, client = serve(UNTIMED)
    assert client.post("/alertmanager", data=BODY).status_code == 401


@pytest.mark.parametrize(
    ("off", "code"),
    [
        (timedelta(0), 200),
        (WINDOW, 200),
        (-WINDOW, 200),
        (WINDOW + timedelta(seconds=1), 401),
        (-WINDOW - timedelta(seconds=1), 401),
    ],
)
def test_a_signature_holds_for_some_minutes(off: timedelta, code: int) -> None:
    _, client = serve(TIMED)
    headers = at(START + off)
    assert client.post("/alertmanager", data=BODY, headers=headers).status_code == code


def test_the_time_is_signed_too() -> None:
    _, client = serve(TIMED)
    old = at(START - 2 * WINDOW)
    fresh = at(START)[TIMESTAMP]
    for headers in ({**old, TIMESTAMP: fresh}, {SIGNATURE: sign(BODY)}):
        assert client.post("/alertmanager", data=BODY, headers=headers).status_code == 401


@given(timestamp=st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"]), max_size=20))
def test_no_timestamp_makes_a_fault(timestamp: str) -> None:
    _, client = serve(TIMED)
    signature = sign(timestamp.encode("latin-1") + b":" + BODY)
    environ = {
        "HTTP_X_GRAFANA_ALERTING_TIMESTAMP": timestamp,
        "HTTP_X_GRAFANA_ALERTING_SIGNATURE": signature,
    }
    response = client.post("/alertmanager", data=BODY, environ_overrides=environ)
    assert response.status_code == 401


def test_another_method_still_suffices() -> None:
    _, client = serve(TIMED)
    headers = {"Authorization": "Bearer a-token"}
    assert client.post("/alertmanager", data=BODY, headers=headers).status_code == 200


def test_a_signed_message_and_a_signed_reload_are_taken() -> None:
    _, client = serve(TIMED)
    body = b'{"msgtype": "text", "text": {"content": "hello"}}'
    signed = at(START, body)
    assert client.post("/robots/ops/messages", data=body, headers=signed).status_code == 202
    assert client.post("/-/reload", headers=at(START, b"")).status_code == 200
    assert client.post("/-/reload", headers=signed).status_code == 401


def test_what_is_too_large_to_be_checked_is_refused_and_not_kept() -> None:
    """It may be from anybody, and what is kept is bounded."""
    settings = make_settings(auth=UNTIMED.server.auth, max_body=1024)
    program, client = serve(settings)
    body = b"x" * 5000
    response = client.post("/alertmanager", data=body, headers={SIGNATURE: sign(body)})
    assert response.status_code == 413
    assert not program.store.refused


def test_a_signed_body_that_is_wrong_is_kept() -> None:
    program, client = serve(UNTIMED)
    response = client.post("/alertmanager", data=b"[]", headers={SIGNATURE: sign(b"[]")})
    assert response.status_code == 400
    assert [body for _, body in program.store.refused] == [b"[]"]
