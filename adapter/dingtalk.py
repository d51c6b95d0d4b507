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
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, NewConnectionError

from adapter.core.answer import read_answer
from adapter.core.delivery import Outcome, Unreachable

if TYPE_CHECKING:
    from datetime import datetime

    from adapter.clock import Clock
    from adapter.config.settings import RobotSettings
    from adapter.secret import Secret

ANSWER_LIMIT: Final = 64 * 1024
"""Bytes read of an answer; the robot API's are under one thousand."""

_HEADERS: Final = {
    "Content-Type": "application/json; charset=utf-8",
    # A kept connection that the server has closed meanwhile makes the next answer ambiguous, and at
    # twenty messages a minute a new one costs nothing.
    "Connection": "close",
    "User-Agent": "alertmanager-dingtalk",
}

_FAILURES: Final = (
    (requests.exceptions.ConnectTimeout, "no connection within the timeout", False),
    (requests.exceptions.Timeout, "no answer within the timeout", True),
    (requests.exceptions.SSLError, "the TLS connection failed", True),
    (requests.exceptions.ProxyError, "the proxy could not be used", False),
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
    """Post messages for robots; safe to use from one thread for each robot at a time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sessions: dict[str, requests.Session] = {}

    def send(self, robot: RobotSettings, body: bytes) -> Outcome:
        """Post `body` to the robot and return what became of it; never raises for the network."""
        try:
            return self._post(self._session(robot), robot, body)
        except (requests.RequestException, HTTPError, ValueError, OSError) as error:
            return _failure(error)

    def _post(self, session: requests.Session, robot: RobotSettings, body: bytes) -> Outcome:
        seconds = robot.timeout.total_seconds()
        deadline = self._clock.monotonic() + seconds
        with session.post(
            f"{robot.api_url.rstrip('/')}/robot/send",
            params=query(robot, self._clock.now()),
            data=body,
            headers=_HEADERS,
            timeout=seconds,
            allow_redirects=False,
            stream=True,
        ) as response:
            content = b""
            for chunk in response.iter_content(4096):
                content += chunk
                if len(content) > ANSWER_LIMIT or self._clock.monotonic() > deadline:
                    break
            return read_answer(response.status_code, _without_secrets(robot, content))

    def _session(self, robot: RobotSettings) -> requests.Session:
        proxy = "" if robot.proxy is None else robot.proxy.reveal()
        key = f"{robot.name}\n{proxy}"
        if key not in self._sessions:
            self._sessions[key] = _new_session(proxy)
        return self._sessions[key]


def _new_session(proxy: str) -> requests.Session:
    session = requests.Session()
    session.auth = _no_netrc
    session.mount("https://", HTTPAdapter(max_retries=0))
    session.mount("http://", HTTPAdapter(max_retries=0))
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
    for kind, reason, ambiguous in _FAILURES:
        if isinstance(error, kind):
            return Unreachable(reason, ambiguous)
    if _never_connected(error):
        return Unreachable("the connection was refused or the host not found", ambiguous=False)
    if isinstance(error, requests.exceptions.ConnectionError):
        return Unreachable("the connection was cut before an answer came", ambiguous=True)
    return Unreachable(f"the request failed ({type(error).__name__})", ambiguous=True)


def _never_connected(error: Exception) -> bool:
    cause = error.args[0] if error.args else None
    return isinstance(getattr(cause, "reason", cause), NewConnectionError)
