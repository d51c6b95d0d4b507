"""The demo's webhooks: bodies that a real Alertmanager sent, told as if that were just now."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

CAPTURED_AT: Final = datetime(2026, 11, 23, 21, 0, tzinfo=UTC)
"""When the last of them was captured."""

_INSTANT: Final = re.compile(rb'"(20\d\d-\d\d-\d\dT[0-9:.]+(?:Z|[+-]\d\d:\d\d))"')


def samples(now: datetime) -> Iterator[tuple[str, bytes]]:
    """Yield name and body of each, in the order they were sent, their times moved up to `now`."""
    shift = now - CAPTURED_AT
    entries = sorted((files("adapter.cli") / "samples").iterdir(), key=lambda entry: entry.name)
    for entry in entries:
        yield entry.name, _INSTANT.sub(lambda found: _moved(found, shift), entry.read_bytes())


def _moved(found: re.Match[bytes], shift: timedelta) -> bytes:
    instant = datetime.fromisoformat(found.group(1).decode())
    return b'"' + (instant + shift).isoformat().encode() + b'"'
