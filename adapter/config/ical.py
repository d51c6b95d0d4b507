"""Read `ical`: the calendar that tells a schedule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from adapter.config.addresses import http_url
from adapter.config.problems import Mistake
from adapter.config.scalars import duration_within
from adapter.config.secret_values import SKIPPED, read_secret
from adapter.config.settings import IcalSettings
from adapter.secret import Secret

if TYPE_CHECKING:
    from pathlib import Path

    from adapter.config.reader import Value

_REFRESH: Final = duration_within("1m", "7d")


def read_ical(value: Value) -> IcalSettings | None:
    """Return where a calendar is; None if that is wrong."""
    with value.section("schedules.NAME.ical", "url: https://…") as section:
        refresh = section.scalar("refresh", _REFRESH, IcalSettings(path=value.base).refresh)
        given = section.only_one("url", "url_file", "file")
    if given is None:
        value.missing("url", "missing; expected the address of a calendar, or file")
        return None
    key, source = given
    if key == "file":
        path = source.read(_file, None)
        return None if path is None else IcalSettings(path=path, refresh=refresh)
    url = source.read(lambda found: read_secret(key, found, calendar_url, SKIPPED), None)
    return None if url is None else IcalSettings(url=url, path=value.base, refresh=refresh)


def calendar_url(text: str) -> Secret:
    """Read the address of a calendar; webcal:// is how programs of calendars write https://."""
    address = text.replace("webcal://", "https://", 1) if text.startswith("webcal://") else text
    http_url(address)
    return Secret(address)


def _file(value: Value) -> Path:
    name = value.text()
    if not name:
        raise Mistake("is empty; expected the name of a file")
    return value.base / name
