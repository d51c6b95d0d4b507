"""Sign a message, post it to DingTalk, read the answer as an Outcome.

The exceptions of an HTTP library hold the URL, and the URL holds the token and the sign. None of
them, nor their text, leaves this module: what went wrong is told in words of our own.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING, Final

import requests
from urllib3.exceptions import HTTPError, NewConnectionError

from adapter.core.answer import read_answer
from adapter.core.delivery import Outcome, Unreachable
from adapter.deadline import CuttableAdapter, Overdue, within

if TYPE_CHECKING:
    from datetime import datetime

    from adapter.clock import Clock
    from adapter.config.settings import RobotSettings
    from adapter.secret import Secret

ANSWER_LIMIT: Final = 64 * 1024
"""Bytes read of an answer; the robot API's are under one thousand."""

GRACE: Final = 0.25
"""Seconds after the timeout at which a request ends; until then it may fail in its own words."""

_HEADERS: Final = {
    "Content-Type": "application/json; charset=utf-8",
    # A kept connection that the server has closed meanwhile makes the next answer ambiguous, and at
    # twenty messages a minute a new one costs nothing.
    "Connection": "close",
    "User-Agent": "alertmanager-dingtalk",
}

_NO_CONNECTION: Final = Unreachable("no connection within the timeout", ambiguous=False)
_NO_ANSWER: Final = Unreachable("no answer within the timeout", ambiguous=True)

_FAILURES: Final = (
    (requests.exceptions.ConnectTimeout, _NO_CONNECTION),
    (requests.exceptions.Timeout, _NO_ANSWER),
    (requests.exceptions.SSLError, Unreachable("the TLS connection failed", ambiguous=True)),
    (requests.exceptions.ProxyError, Unreachable("the proxy could not be used", ambiguous=False)),
)


def sign(secret: Secret, timestamp: int) -> str:
    """Return DingTalk's signature for `timestamp` (Unix milliseconds), Base64, not URL-encoded."""
    key = secret.reveal().encode()
    mac = hmac.new(key, f"{timestamp}\n".encode() + key, hashlib.sha256).digest()
    return base64.b64encode(mac).decode()


def query(robot: RobotSettings, now: datetime) -> dict[str, str]:
    """Return the query of a request; requests encodes it, exactly once."""
    fields = {"access_token": robot.access_token.reveal()}
    if robot.secret is not None:
        timestamp = int(now.timestamp() * 1000)
        fields |= {"timestamp": str(timestamp), "sign": sign(robot.secret, timestamp)}
    return fields


class Client:
    """Post messages for robots; safe to use from one thread for each token at a time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sessions: dict[str, requests.Session] = {}

    def send(self, robot: RobotSettings, body: bytes) -> Outcome:
        """Post `body` to the robot and return what became of it; never raises for the network."""
        session = self._session(robot)
        seconds = robot.timeout.total_seconds() + GRACE
        try:
            return within(seconds, lambda: self._post(session, robot, body))
        except Overdue as overdue:
            self._sessions.pop(_key(robot))  # its thread may not have let go of it yet
            return _NO_ANSWER if overdue.connected else _NO_CONNECTION
        except (requests.RequestException, HTTPError, ValueError, OSError) as error:
            return _failure(error)

    def _post(self, session: requests.Session, robot: RobotSettings, body: bytes) -> Outcome:
        with session.post(
            f"{robot.api_url.rstrip('/')}/robot/send",
            params=query(robot, self._clock.now()),
            data=body,
            headers=_HEADERS,
            timeout=robot.timeout.total_seconds(),
            allow_redirects=False,
            stream=True,
        ) as response:
            content = b""
            for chunk in response.iter_content(4096):
                content += chunk
                if len(content) > ANSWER_LIMIT:
                    break
            return read_answer(response.status_code, _without_secrets(robot, content))

    def _session(self, robot: RobotSettings) -> requests.Session:
        key = _key(robot)
        if key not in self._sessions:
            self._sessions[key] = _new_session(_proxy(robot))
        return self._sessions[key]


def _key(robot: RobotSettings) -> str:
    return f"{robot.name}\n{robot.token_key}\n{_proxy(robot)}"


def _proxy(robot: RobotSettings) -> str:
    return "" if robot.proxy is None else robot.proxy.reveal()


def _new_session(proxy: str) -> requests.Session:
    session = requests.Session()
    session.auth = _no_netrc
    session.mount("https://", CuttableAdapter(max_retries=0))
    session.mount("http://", CuttableAdapter(max_retries=0))
    if proxy:
        session.trust_env = False
        session.proxies = {"http": proxy, "https": proxy}
    return session


def _no_netrc(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keep requests from sending credentials of ~/.netrc to DingTalk."""
    return request


def _without_secrets(robot: RobotSettings, content: bytes) -> bytes:
    """Return an answer without the credentials that it may quote from the request."""
    for secret in (robot.access_token, robot.secret):
        if secret is not None:
            content = content.replace(secret.reveal().encode(), b"***")
    return content


def _failure(error: Exception) -> Unreachable:
    """Say what failed by the kind of the exception alone: its text holds the URL."""
    for kind, outcome in _FAILURES:
        if isinstance(error, kind):
            return outcome
    if _never_connected(error):
        return Unreachable("the connection was refused or the host not found", ambiguous=False)
    if isinstance(error, requests.exceptions.ConnectionError):
        return Unreachable("the connection was cut before an answer came", ambiguous=True)
    return Unreachable(f"the request failed ({type(error).__name__})", ambiguous=True)


def _never_connected(error: Exception) -> bool:
    cause = error.args[0] if error.args else None
    return isinstance(getattr(cause, "reason", cause), NewConnectionError)
