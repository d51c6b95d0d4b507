"""What commands know of calendars of others: as `serve` does, they ask them who is on call."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from adapter.core.roster import FAR
from adapter.core.spans import Span
from adapter.feeds import read_schedules
from adapter.logs import redaction

if TYPE_CHECKING:
    from datetime import datetime

    from adapter.loading import Loaded


def with_calendars(loaded: Loaded, now: datetime) -> Loaded:
    """Return a configuration with what its calendars tell; one that cannot be read is told."""
    settings = loaded.settings
    fed = [each for each in settings.schedules.values() if each.ical is not None]
    read = read_schedules(fed, settings.people, Span(now - FAR, now + FAR))
    for name, why in read.faults.items():
        click.echo(f"warning: schedules.{name}: {redaction(why)}; it rings nobody here", err=True)
    schedules = {
        name: replace(each, schedule=read.schedules.get(name, each.schedule))
        for name, each in settings.schedules.items()
    }
    return replace(loaded, settings=replace(settings, schedules=schedules))
