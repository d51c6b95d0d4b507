"""Read `last_resort`: a webhook that is not DingTalk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapter.config.addresses import http_url
from adapter.config.secret_values import take_secret
from adapter.secret import Secret

if TYPE_CHECKING:
    from adapter.config.reader import Section, Value


def take_last_resort(root: Section) -> Secret | None:
    """Return the URL that is told of what no robot can take; None if there is none."""
    return root.take("last_resort", _read, None)


def _read(value: Value) -> Secret | None:
    with value.section("last_resort", "webhook_file: secrets/last-resort") as section:
        return take_secret(section, "webhook", _url, "the URL that gets Alertmanager's JSON")


def _url(text: str) -> Secret:
    http_url(text)
    return Secret(text)
