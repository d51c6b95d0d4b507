"""Alertmanager's API v2: count alerts, make a silence, end it; only at configured addresses.

Source: `api/v2/openapi.yaml` of Alertmanager. Making a silence is not idempotent, so each carries a
mark in its comment by which it is found again.
"""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import msgspec
import requests
from urllib3.exceptions import HTTPError, NewConnectionError

from adapter.core.matchers import Operator
from adapter.core.trouble import AlertmanagerError, Trouble
from adapter.deadline import CuttableAdapter, Overdue, within

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapter.config.settings import SourceSettings
    from adapter.core.matchers import Matcher
    from adapter.core.silencing import Silence

TIMEOUT: Final = timedelta(seconds=5)
"""How long Alertmanager may take to answer."""

ANSWER_LIMIT: Final = 32 * 1024 * 1024
"""Bytes of an answer that are read."""

_SHOWN: Final = 300


class _Alert(msgspec.Struct):
    """Stand for an alert that is only counted."""


class _Made(msgspec.Struct):
    silence_id: str = msgspec.field(name="silenceID")


class _Status(msgspec.Struct):
    state: str = ""


class _Known(msgspec.Struct):
    id: str
    comment: str = ""
    status: _Status = msgspec.field(default_factory=_Status)


class Alertmanager:
    """Ask one Alertmanager of the configuration."""

    def __init__(self, source: SourceSettings) -> None:
        self._source = source

    def count(self, matchers: Sequence[Matcher]) -> int:
        """Return how many alerts these mute now; raises AlertmanagerError."""
        asked = [("filter", str(matcher)) for matcher in matchers]
        asked += [("silenced", "false"), ("inhibited", "true"), ("active", "true")]
        return len(self._get("alerts", asked, list[_Alert]))

    def silence(self, silence: Silence) -> str:
        """Make a silence and return its id; raises AlertmanagerError."""
        document = {
            "matchers": [_matcher(matcher) for matcher in silence.matchers],
            "startsAt": silence.starts_at.astimezone(UTC).isoformat(),
            "endsAt": silence.ends_at.astimezone(UTC).isoformat(),
            "createdBy": silence.created_by,
            "comment": silence.comment,
        }
        body = msgspec.json.encode(document)
        answer = self._ask("POST", "silences", body=body)
        made: _Made = _decoded(answer, _Made)
        return made.silence_id

    def find(self, mark: str) -> str:
        """Return the id of the silence in force with this mark in its comment, or nothing."""
        known: list[_Known] = self._get("silences", [], list[_Known])
        marked = (each for each in known if mark in each.comment)
        return next((each.id for each in marked if each.status.state != "expired"), "")

    def expire(self, silence: str) -> None:
        """End a silence; raises AlertmanagerError."""
        self._ask("DELETE", f"silence/{quote(silence, safe='')}")

    def _get(self, path: str, asked: list[tuple[str, str]], kind: Any) -> Any:  # noqa: ANN401  # as msgspec has it
        return _decoded(self._ask("GET", path, asked=asked), kind)

    def _ask(
        self,
        method: str,
        path: str,
        *,
        asked: Sequence[tuple[str, str]] = (),
        body: bytes = b"",
    ) -> bytes:
        try:
            return within(TIMEOUT.total_seconds(), lambda: self._answer(method, path, asked, body))
        except Overdue as error:
            connected = error.connected and method != "GET"
            raise AlertmanagerError(Trouble.UNSURE if connected else Trouble.UNREACHABLE) from None
        except (requests.RequestException, HTTPError, ValueError, OSError) as error:
            harmless = method == "GET" or _never_connected(error)
            raise AlertmanagerError(Trouble.UNREACHABLE if harmless else Trouble.UNSURE) from None

    def _answer(
        self, method: str, path: str, asked: Sequence[tuple[str, str]], body: bytes
    ) -> bytes:
        session = requests.Session()
        for scheme in ("https://", "http://"):
            session.mount(scheme, CuttableAdapter(max_retries=0))
        headers = {"User-Agent": "alertmanager-dingtalk", "Content-Type": "application/json"}
        if self._source.bearer_token is not None:
            headers["Authorization"] = f"Bearer {self._source.bearer_token.reveal()}"
        basic = self._source.basic
        with session.request(
            method,
            f"{self._source.url}/api/v2/{path}",
            params=list(asked),
            data=body or None,
            headers=headers,
            auth=None if basic is None else (basic.username, basic.password.reveal()),
            timeout=TIMEOUT.total_seconds(),
            allow_redirects=False,
            stream=True,
        ) as response:
            content = _read(response)
            _judge(response.status_code, content)
            return content


def _never_connected(error: Exception) -> bool:
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", cause)
    return isinstance(error, requests.ConnectTimeout) or isinstance(reason, NewConnectionError)


def _matcher(matcher: Matcher) -> dict[str, object]:
    operator = matcher.operator
    return {
        "name": matcher.name,
        "value": matcher.value,
        "isRegex": operator in {Operator.REGEX, Operator.NOT_REGEX},
        "isEqual": operator in {Operator.EQUAL, Operator.REGEX},
    }


def _read(response: requests.Response) -> bytes:
    content = b""
    for chunk in response.iter_content(64 * 1024):
        content += chunk
        if len(content) > ANSWER_LIMIT:
            raise AlertmanagerError(Trouble.FAULT, "its answer is too long")
    return content


def _judge(code: int, content: bytes) -> None:
    """Raise AlertmanagerError unless the request was carried out."""
    if 200 <= code < 300:  # noqa: PLR2004  # HTTP's own range
        return
    kinds = {401: Trouble.CREDENTIALS, 403: Trouble.CREDENTIALS, 404: Trouble.GONE}
    if 300 <= code < 400:  # noqa: PLR2004  # same
        raise AlertmanagerError(Trouble.REDIRECT)
    if code >= 500:  # noqa: PLR2004  # same
        raise AlertmanagerError(Trouble.FAULT, f"HTTP {code}")
    raise AlertmanagerError(kinds.get(code, Trouble.REFUSED), _said(content))


def _said(content: bytes) -> str:
    """Return Alertmanager's words: a JSON string, an object with a message, or anything."""
    try:
        value = msgspec.json.decode(content)
    except msgspec.DecodeError:
        return ""
    told = value.get("message") if isinstance(value, dict) else value
    return told[:_SHOWN] if isinstance(told, str) else ""


def _decoded(content: bytes, kind: Any) -> Any:  # noqa: ANN401  # as msgspec has it
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.MsgspecError:
        raise AlertmanagerError(Trouble.FAULT, "its answer is not that of API v2") from None
