"""Silence link: where a person can silence alerts: in Grafana, here, or in Alertmanager's own form.

Source of the form's address: `ui/app/src/Views/SilenceForm/Parsing.elm` of Alertmanager.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import msgspec

from adapter.core.alerts import common
from adapter.core.links import http_url
from adapter.core.text import encodable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from adapter.core.alerts import Alert, AlertGroup
    from adapter.core.own_pages import OwnPages
    from adapter.core.style import Style

_DURATION: Final = re.compile(r"[0-9a-z]{1,16}")

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
"""Label names that the form can read; it knows no quotes around them."""


@dataclass(frozen=True, slots=True)
class Silencer:
    """Make addresses of silences at `base`, which does not know the labels `added` by us.

    Our own `pages` come before that, if there are any.
    """

    base: str
    added: Mapping[str, str] = field(default_factory=dict)
    pages: OwnPages | None = None

    def url(self, alerts: Sequence[Alert], duration: str = "") -> str:
        """Return where to silence these alerts and their like, or nothing.

        Alerts of several names have in common what far more alerts may have: they are not silenced
        together. Only our own pages can be told for how long.
        """
        if not alerts:
            return ""
        theirs = {alert.silence_url for alert in alerts}
        if theirs != {""}:
            return http_url(theirs.pop()) if len(theirs) == 1 else ""
        labels = common(alert.labels for alert in alerts)
        if not self.base or (len(alerts) > 1 and not labels.get("alertname")):
            return ""
        if self.pages is not None and (page := self.pages.act(alerts)):
            return f"{page}?for={duration}" if _DURATION.fullmatch(duration) else page
        matchers = ", ".join(
            f"{name}={msgspec.json.encode(encodable(value)).decode()}"
            for name, value in labels.items()
            if value and self.added.get(name) != value and _NAME.fullmatch(name)
        )
        asked = quote(f"{{{matchers}}}", safe="", errors="replace")
        return http_url(f"{self.base}/#/silences/new?filter={asked}") if matchers else ""


def silencer_of(group: AlertGroup, style: Style, pages: OwnPages | None = None) -> Silencer:
    """Return what silences the alerts of a group.

    By our own pages only at an Alertmanager that is configured: a payload names none.
    """
    origin = style.origins.get(group.source)
    base = (origin.url if origin else "") or group.external_url
    known = origin is not None and bool(origin.url)
    return Silencer(base.rstrip("/"), origin.labels if origin else {}, pages if known else None)
