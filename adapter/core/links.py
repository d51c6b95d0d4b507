"""Links of a message: an address becomes one only if it leads to a web page."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from markupsafe import Markup

from adapter.core.alerts import Status
from adapter.core.text import escape

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from adapter.core.alerts import Alert, AlertGroup
    from adapter.core.words import Words

URL_LIMIT: Final = 2_000
"""Bytes of an address that is linked; a longer one would fill the message."""

BROWSER: Final = "dingtalk://dingtalkclient/page/link?url="

_START: Final = re.compile(
    r"https?://(?:[\w.%-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?(?=[/?#]|\Z)", re.IGNORECASE
)
_KEPT: Final = "%:/?#&=+,;$!-._~"
_REGEX_SIGN: Final = re.compile(r"\\?([\\.+*?()|\[\]{}^$])")


@dataclass(frozen=True, slots=True)
class Link:
    """Name an address that is known to be good for a link."""

    text: str
    url: str


def http_url(url: str) -> str:
    """Return `url` so encoded that it can stand in a link, or nothing if it is no web address.

    An address with a user before its host is none: that is how a host is faked.
    """
    url = url.strip()
    start = _START.match(url)
    if start is None or len(url) > URL_LIMIT:
        return ""
    host = quote(start[0], safe=":/[]%", errors="replace")
    encoded = host + quote(url[start.end() :], safe=_KEPT, errors="replace")
    return encoded if len(encoded) <= URL_LIMIT else ""


def markdown_link(url: str, text: str) -> Markup:
    """Return a link as markdown, or nothing if `url` leads nowhere."""
    address, shown = http_url(url), escape(text)
    return Markup(f"[{shown}]({address})") if address and shown else Markup()  # noqa: S704  # escaped above


def browser_url(url: str) -> str:
    """Return what makes DingTalk open a web address in the browser, not beside the chat."""
    address = http_url(url)
    return f"{BROWSER}{quote(address, safe='')}&pc_slide=false" if address else ""


def browser_link(url: str, text: str) -> Markup:
    """Return a link that opens in the browser, or nothing if `url` leads nowhere."""
    address, shown = browser_url(url), escape(text)
    return Markup(f"[{shown}]({address})") if address and shown else Markup()  # noqa: S704  # escaped above


def all_alerts_url(group: AlertGroup) -> str:
    """Return where the sender lists its alerts: Alertmanager by receiver, or Grafana's page."""
    base = group.external_url.rstrip("/")
    if any("/alerting/silence/" in alert.silence_url for alert in group.alerts[:1]):
        return http_url(f"{base}/alerting/groups")
    page = _known_alerts_page if len(base) <= URL_LIMIT else _alerts_page
    return page(base, group.receiver[:URL_LIMIT])


def _alerts_page(base: str, receiver: str) -> str:
    receiver = _REGEX_SIGN.sub(r"\\\1", receiver)  # the page reads it as a regex
    return http_url(f"{base}/#/alerts?receiver={quote(receiver, safe='', errors='replace')}")


_known_alerts_page: Final = functools.lru_cache(maxsize=64)(_alerts_page)
"""The same, remembered: thousands of groups come from few senders."""


def runbook_url(alert: Alert) -> str:
    """Return where to read what to do."""
    return alert.annotations.get("runbook_url") or alert.annotations.get("runbook", "")


def dashboard_url(alert: Alert) -> str:
    """Return where to look: Grafana's dashboard, or the annotation."""
    return alert.dashboard_url or alert.annotations.get("dashboard_url", "")


def _runbook_to_follow(alert: Alert) -> str:
    return runbook_url(alert) if alert.status is Status.FIRING else ""


def shared_links(
    alerts: Sequence[Alert], words: Words, *, but: Collection[Link] = ()
) -> tuple[Link, ...]:
    """Return where all these alerts lead alike, without the links in `but`."""
    addresses = (
        (words.runbook, _runbook_to_follow),
        (words.dashboard, dashboard_url),
        (words.panel, lambda alert: alert.panel_url),
        (words.graph, lambda alert: alert.generator_url),
    )
    found = []
    for text, address in addresses:
        first = address(alerts[0]) if alerts else ""
        if first and all(address(alert) == first for alert in alerts):
            found.append(Link(text, http_url(first)))
    return tuple(link for link in found if link.url and link not in but)
