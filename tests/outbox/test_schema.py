"""The schema's version: a newer program takes a database over, and an older one then refuses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapter.errors import StoreUnavailable
from adapter.outbox import Outbox, open_postgresql, open_sqlite, postgresql, sqlite, tables
from support.alerts import make_delivery
from support.clock import START
from support.outbox_contract import put

if TYPE_CHECKING:
    from pathlib import Path

    from adapter.secret import Secret


def reopen(place: tuple[Path, Secret | None]) -> Outbox:
    path, url = place
    return open_sqlite(path, START) if url is None else open_postgresql(url)


def know(version: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be a program of that version."""
    for module in (sqlite, postgresql):
        monkeypatch.setattr(module, "SCHEMA_VERSION", version)


def test_a_database_of_an_older_version_is_taken_over_for_good(
    place: tuple[Path, Secret | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    now, before = tables.SCHEMA_VERSION, tables.SCHEMA_VERSION - 1
    for version in (before, now, now):
        know(version, monkeypatch)
        outbox = reopen(place)
        put(outbox, make_delivery(key=str(outbox.waiting())))
        outbox.close()
    know(before, monkeypatch)
    said = f"has schema {now}, this program knows {before}; it was written by a newer version"
    with pytest.raises(StoreUnavailable, match=said):
        reopen(place)
    know(now, monkeypatch)
    outbox = reopen(place)
    assert outbox.waiting() == 3, "nothing is lost on the way"
    outbox.close()
