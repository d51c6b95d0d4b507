"""Get the text of a calendar: from a file, or from the URL that the configuration names.

The URL may hold a token, and an HTTP library's exceptions hold the URL: what went wrong is told in
words of our own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import requests
from urllib3.exceptions import HTTPError

from adapter.config.files import read_bytes
from adapter.config.problems import Mistake
from adapter.config.secret_values import SKIPPED
from adapter.deadline import CuttableAdapter, Overdue, within
from adapter.feeds.ical import FeedError

if TYPE_CHECKING:
    from adapter.config.settings import IcalSettings
    from adapter.secret import Secret

TIMEOUT: Final = 10.0
"""Seconds that a source may take, however slowly it answers."""

LIMIT: Final = 2 * 1024 * 1024
"""Bytes of a calendar."""

_OK: Final = 200
_HEADERS: Final = {"Accept": "text/calendar", "User-Agent": "alertmanager-dingtalk"}


def read_source(ical: IcalSettings) -> bytes:
    """Return the text of a calendar, or raise FeedError."""
    return _read_file(ical) if ical.url is None else _fetch(ical.url)


def _read_file(ical: IcalSettings) -> bytes:
    try:
        return read_bytes(ical.path, limit=LIMIT, regular=True)
    except Mistake as mistake:
        raise FeedError(f"the file {mistake.text}") from None


def _fetch(url: Secret) -> bytes:
    if url == SKIPPED:
        raise FeedError("the address of its calendar is a secret, and secrets were not looked at")
    session = requests.Session()
    session.auth = _no_netrc
    session.mount("https://", CuttableAdapter(max_retries=0))
    session.mount("http://", CuttableAdapter(max_retries=0))
    try:
        return within(TIMEOUT, lambda: _get(session, url))
    except Overdue:
        raise FeedError(f"the source took more than {TIMEOUT:.0f} s") from None
    except (requests.RequestException, HTTPError, ValueError, OSError) as error:
        raise FeedError(f"the source cannot be reached ({type(error).__name__})") from None


def _get(session: requests.Session, url: Secret) -> bytes:
    with session.get(
        url.reveal(), headers=_HEADERS, timeout=TIMEOUT, allow_redirects=False, stream=True
    ) as response:
        if response.is_redirect:
            raise FeedError(
                f"the source answers {response.status_code} and another address; write that one"
            )
        if response.status_code != _OK:
            raise FeedError(f"the source answers {response.status_code}")
        content = b""
        for chunk in response.iter_content(64 * 1024):
            content += chunk
            if len(content) > LIMIT:
                raise FeedError(f"the source sends more than {LIMIT} bytes")
        return content


def _no_netrc(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keep requests from sending credentials of ~/.netrc."""
    return request
